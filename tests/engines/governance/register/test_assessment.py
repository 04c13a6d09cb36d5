"""Risk: the stated rules, who may judge, and that nothing judged is ever changed."""

import pytest
import sqlalchemy as sa

from engines.core.errors import InvalidInput, NotAllowed
from engines.governance import register
from engines.governance.register import Risk

QUESTIONS = (*register.FACTORS, *register.CONTROLS)
REASONS = {question.key: "looked at it" for question in QUESTIONS}


def answers(factors, controls):
    found = dict(zip([q.key for q in register.FACTORS], factors.split(), strict=True))
    return found | dict(zip([q.key for q in register.CONTROLS], controls.split(), strict=True))


ALL = "effective effective effective effective"
HALF = "effective partial partial missing"
NONE = "missing missing missing missing"


@pytest.mark.parametrize(
    ("factors", "controls", "inherent", "strength", "residual"),
    [
        ("low low low", ALL, Risk.LOW, "strong", Risk.LOW),
        ("medium low low", NONE, Risk.MEDIUM, "weak", Risk.MEDIUM),
        ("medium medium medium", HALF, Risk.HIGH, "adequate", Risk.MEDIUM),
        ("high low low", HALF, Risk.HIGH, "adequate", Risk.MEDIUM),
        ("high low low", ALL, Risk.HIGH, "strong", Risk.LOW),
        ("high high high", ALL, Risk.CRITICAL, "strong", Risk.MEDIUM),
        ("high high high", NONE, Risk.CRITICAL, "weak", Risk.CRITICAL),
        ("high low low", "missing effective effective effective", Risk.HIGH, "adequate", Risk.HIGH),
    ],
)
def test_the_rules_give(factors, controls, inherent, strength, residual):
    rating = register.rate(answers(factors, controls))
    assert (rating.inherent, rating.controls, rating.residual) == (inherent, strength, residual)


@pytest.mark.parametrize("factors", ["low low low", "medium high low", "high high high"])
@pytest.mark.parametrize("other", register.CONTROLS[0].levels)
def test_a_stronger_validation_never_raises_what_is_left(factors, other):
    controls = [f"{one} {other} {other} {other}" for one in register.CONTROLS[0].levels]
    left = [list(Risk).index(register.rate(answers(factors, each)).residual) for each in controls]
    assert left == sorted(left, reverse=True)


def test_assess_is_stored_and_shown_in_the_inventory(db, models, model, validator, maker):
    made = register.assess(
        db, validator, models, model, answers("high low low", HALF), REASONS, "Watch it"
    )
    assert (made.inherent, made.controls, made.residual) == ("high", "adequate", "medium")
    register.assess(db, validator, models, model, answers("low low low", ALL), REASONS)
    found = register.assessments(db, maker, model)
    assert [a.residual for a in found] == ["low", "medium"]
    assert found[1].workings[0].startswith("Inherent: 8 of 12")
    assert register.inventory_row(db, maker, models, model).residual == "low"


def test_assess_without_a_reason_or_answer_is_refused(db, models, model, validator):
    given = answers("low low low", ALL)
    with pytest.raises(InvalidInput, match="monitoring"):
        register.assess(db, validator, models, model, given, REASONS | {"monitoring": " "})
    with pytest.raises(InvalidInput, match="Complexity"):
        register.assess(db, validator, models, model, given | {"complexity": "odd"}, REASONS)


def test_assess_by_a_maker_is_refused(db, models, trained_model, person):
    both = person("bo", "analyst", "validator")
    made = trained_model("own", owner=both)
    with pytest.raises(NotAllowed, match="You made this model"):
        register.assess(db, both, models, made, answers("low low low", ALL), REASONS)


@pytest.mark.parametrize("act", ["UPDATE register_assessment SET residual = 'low'",
                                 "DELETE FROM register_assessment"])  # fmt: skip
def test_an_assessment_is_never_changed(db, models, model, validator, act):
    register.assess(db, validator, models, model, answers("high low low", NONE), REASONS)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), db.write() as session:
        session.execute(sa.text(act))
