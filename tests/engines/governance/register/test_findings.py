"""Findings: opened by reviewers, worked on by their owner, closed by somebody without a part."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engines.core.database import now
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.model_ref import ModelRef
from engines.governance import notices, register
from engines.governance.register import FindingFilter
from tests.harness.audit import acts

TOMORROW = now().date() + timedelta(days=1)


@pytest.fixture
def opened(db, models, model, validator, maker):
    return register.open_finding(
        db,
        validator,
        models,
        model,
        "Age  is missing",
        "In 3 % of rows",
        "high",
        maker.id,
        TOMORROW,
    )


def move(db, actor, finding_id, *states):
    for state in states:
        seen = register.finding(db, actor, finding_id)
        register.move_finding(db, actor, finding_id, state, "done so", seen.version)


def edit(db, actor, finding, **changes):
    values = {
        "title": finding.title, "text": finding.text, "severity_name": finding.severity,
        "owner_id": finding.owner_id, "due_on": finding.due_on, "reason": "it moved",
        "based_on": finding.version,
    }  # fmt: skip
    return register.edit_finding(db, actor, finding.id, **(values | changes))


def test_open_tells_the_owner_and_leaves_an_audit_row(db, opened, maker, model):
    assert (opened.title, opened.state, opened.model) == ("Age is missing", "open", model)
    assert opened.model_title == "Churn · Binary classification"
    found = notices.inbox(db, maker, notices.InboxFilter())
    assert [row.title for row in found.rows] == ["Finding “Age is missing” is yours"]
    assert acts(db)[-1] == "finding.opened"


def test_a_finding_goes_from_open_to_closed_and_keeps_its_steps(db, opened, maker, validator):
    move(db, maker, opened.id, "in_remediation", "resolved")
    move(db, validator, opened.id, "closed")
    done = register.finding(db, maker, opened.id)
    assert (done.state, done.closed_at is not None) == ("closed", True)
    steps = register.finding_steps(db, maker, opened.id)
    assert [(s.before, s.after) for s in reversed(steps)] == [
        ("", "open"), ("open", "in_remediation"), ("in_remediation", "resolved"),
        ("resolved", "closed"),
    ]  # fmt: skip


def test_the_owner_does_not_close_it_even_as_a_reviewer(db, opened, person, validator):
    checker = person("carl", "checker")
    edit(db, validator, opened, owner_id=checker.id)
    move(db, checker, opened.id, "in_remediation", "resolved")
    with pytest.raises(NotAllowed, match="does not close"):
        move(db, checker, opened.id, "closed")
    assert "closed" not in register.possible_moves(db, checker, opened.id)


def test_who_gave_the_finding_away_still_does_not_close_it(db, opened, person, validator, maker):
    checker = person("carl", "checker")
    edit(db, validator, opened, owner_id=checker.id)
    edit(db, checker, register.finding(db, checker, opened.id), owner_id=maker.id)
    move(db, maker, opened.id, "in_remediation", "resolved")
    with pytest.raises(NotAllowed):
        move(db, checker, opened.id, "closed")


def test_who_made_the_model_does_not_close_its_findings(
    db, models, trained_model, person, validator
):
    both = person("bo", "analyst", "checker")
    made = trained_model("run2", owner=both)
    finding = register.open_finding(
        db, validator, models, made, "Wrong target", "", "low", validator.id, TOMORROW
    )
    move(db, validator, finding.id, "in_remediation", "resolved")
    with pytest.raises(NotAllowed):
        move(db, both, finding.id, "closed")


def test_who_resolved_it_does_not_close_it(db, opened, person):
    checker = person("carl", "checker")
    move(db, checker, opened.id, "in_remediation", "resolved")
    with pytest.raises(NotAllowed):
        move(db, checker, opened.id, "closed")


def test_the_owner_without_a_reviewers_role_cannot_close(db, opened, maker):
    move(db, maker, opened.id, "in_remediation", "resolved")
    with pytest.raises(NotAllowed, match="checker, validator or auditor"):
        move(db, maker, opened.id, "closed")


def test_a_stranger_cannot_work_on_it(db, opened, person):
    stranger = person("sam", "analyst")
    with pytest.raises(NotAllowed):
        move(db, stranger, opened.id, "in_remediation")


def test_steps_cannot_be_skipped(db, opened, validator):
    with pytest.raises(NotReady, match="cannot become"):
        move(db, validator, opened.id, "closed")


def test_a_closed_finding_is_reopened_by_a_reviewer_only(db, opened, maker, validator):
    move(db, maker, opened.id, "in_remediation", "resolved")
    move(db, validator, opened.id, "closed")
    with pytest.raises(NotReady):
        edit(db, validator, register.finding(db, validator, opened.id), title="Else")
    with pytest.raises(NotAllowed):
        move(db, maker, opened.id, "open")
    move(db, validator, opened.id, "open")
    assert register.finding(db, maker, opened.id).closed_at is None


def test_two_tabs_do_not_overwrite_each_other(db, opened, validator):
    edit(db, validator, opened.model_copy(), severity_name="low")
    with pytest.raises(NotReady, match="changed this finding"):
        edit(db, validator, opened.model_copy(), severity_name="critical")
    assert register.finding(db, validator, opened.id).severity == "low"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"title": "  "}, InvalidInput),
        ({"severity_name": "huge"}, InvalidInput),
        ({"owner_id": "nobody"}, NotFound),
        ({"reason": " "}, InvalidInput),
        ({"title": "x" * 201}, InvalidInput),
    ],
)
def test_edit_that_makes_no_sense_is_refused(db, opened, validator, changes, error):
    with pytest.raises(error):
        edit(db, validator, opened, **changes)


def test_open_about_nothing_is_refused(db, models, model, validator, maker):
    rest = ("T", "", "low", maker.id, TOMORROW)
    with pytest.raises(NotFound, match="no such model"):
        register.open_finding(db, validator, models, ModelRef("none", "binary"), *rest)
    with pytest.raises(NotFound, match="no such submission"):
        register.open_finding(db, validator, models, model, *rest, submission_id="none")


def test_list_narrows_and_flags_what_is_overdue(db, models, model, validator, maker, opened):
    late = register.open_finding(
        db, validator, models, model, "Drift", "", "low", validator.id, now().date() - timedelta(1)
    )
    everything = register.findings(db, maker, FindingFilter())
    assert [row.title for row in everything.rows] == ["Age is missing", "Drift"]
    for wanted in (
        FindingFilter(overdue=True),
        FindingFilter(severities=("low",)),
        FindingFilter(text="drift"),
        FindingFilter(owner_id=validator.id),
    ):
        assert [row.id for row in register.findings(db, maker, wanted).rows] == [late.id]
    move(db, validator, late.id, "in_remediation", "resolved")
    assert register.findings(db, maker, FindingFilter(overdue=True)).total == 0
    assert register.findings(db, maker, FindingFilter(model=str(model))).total == 2
    rows = register.finding_rows(db, maker, FindingFilter(states=("resolved",)))
    assert [(row["title"], row["overdue"]) for row in rows] == [("Drift", False)]


def test_list_names_the_model_as_it_is_called_now(db, model, maker, opened):
    assert register.findings(db, maker, FindingFilter()).rows[0].model_title != "Renamed · Task"
    now_called = {model: "Renamed · Task"}
    (row,) = register.findings(db, maker, FindingFilter(text="renamed"), now_called).rows
    assert row.model_title == "Renamed · Task"
    (told,) = register.finding_rows(db, maker, FindingFilter(text="RENAMED task"), now_called)
    assert told["model_title"] == "Renamed · Task"
    assert register.finding(db, maker, opened.id).model_title == opened.model_title
    assert register.findings(db, maker, FindingFilter(text="renamed")).total == 0


@pytest.mark.parametrize("act", ["UPDATE register_finding_step SET note = 'x'",
                                 "DELETE FROM register_finding_step"])  # fmt: skip
def test_steps_are_never_changed(db, opened, act):
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), db.write() as session:
        session.execute(sa.text(act))
