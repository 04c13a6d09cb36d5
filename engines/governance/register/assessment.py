"""A model's risk: inherent from three factors, lowered by controls to what is left, by rule.

The rules are numbered (`RULES`), stored with every assessment, and stated in full in the user
guide. They follow the order that SR 26-2, SS1/23 and OSFI E-23 share: first the risk a model
carries by itself, then the controls around it, then what remains.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import InvalidInput, NotAllowed
from engines.core.model_ref import ModelRef
from engines.governance.register.models import Assessment
from engines.governance.register.port import Models

RULES = 1
LONGEST_REASON = 2_000  # characters


class Risk(StrEnum):
    """A rating, lowest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Question:
    """One thing to be judged: its levels, lowest risk (or weakest control) first."""

    key: str
    title: str
    help: str
    levels: tuple[str, ...]


LEVELS = ("low", "medium", "high")
STRENGTHS = ("missing", "partial", "effective")
FACTORS = (
    Question("materiality", "Materiality", "What a wrong answer costs, and how many it reaches.",
             LEVELS),
    Question("complexity", "Complexity", "How hard the model is to understand and to reproduce.",
             LEVELS),
    Question("data_quality", "Data weakness", "Gaps, bias, age and changes of the data.", LEVELS),
)  # fmt: skip
CONTROLS = (
    Question("validation", "Independent validation", "Somebody else tested it, and how well.",
             STRENGTHS),
    Question("documentation", "Documentation", "Purpose, limits and method are written down.",
             STRENGTHS),
    Question("monitoring", "Monitoring", "Drift and performance are watched, with limits.",
             STRENGTHS),
    Question("fallback", "Human oversight and fallback", "People can overrule it or do without.",
             STRENGTHS),
)  # fmt: skip
RATINGS = tuple(Risk)
LOWERS = {"strong": 2, "adequate": 1, "weak": 0}  # steps by which controls lower the rating


@dataclass(frozen=True)
class Rating:
    """What the rules make of the answers, with the steps that led there."""

    inherent: Risk
    controls: str  # weak, adequate or strong
    residual: Risk
    workings: tuple[str, ...]


def rate(answers: Mapping[str, str]) -> Rating:
    """Apply the rules. Raises InvalidInput for a missing or unknown answer.

    Inherent points are 2 × materiality + complexity + data weakness, each 1 to 3: 4-5 low, 6-7
    medium, 8-9 high, 10-12 critical; high materiality is never below high. Each control gives 0 to
    2 points: from 7 strong, from 4 adequate, else weak. Strong controls lower the inherent rating
    by two steps, adequate by one, weak by none; a critical model never comes below medium, and
    without independent validation nothing is lowered.
    """
    for question in (*FACTORS, *CONTROLS):
        _check(question, answers.get(question.key, ""))
    points = {f.key: f.levels.index(answers[f.key]) + 1 for f in FACTORS}
    total = 2 * points["materiality"] + points["complexity"] + points["data_quality"]
    inherent = _inherent(total, answers["materiality"] == "high")
    given = sum(c.levels.index(answers[c.key]) for c in CONTROLS)
    controls = "strong" if given >= 7 else "adequate" if given >= 4 else "weak"
    steps = 0 if answers["validation"] == "missing" else LOWERS[controls]
    residual = _lowered(inherent, steps)
    return Rating(inherent, controls, residual, _workings(total, inherent, given, controls, steps))


@needs(Capability.VALIDATION_WRITE)
def assess(
    db: Database,
    actor: Actor,
    models: Models,
    model: ModelRef,
    answers: Mapping[str, str],
    reasons: Mapping[str, str],
    summary: str = "",
) -> Assessment:
    """Store an assessment by a validator who had no part in making the model.

    Every factor and control needs a reason. Raises InvalidInput, NotAllowed or NotFound.
    """
    if actor.id in models.of(actor, model).makers:
        raise NotAllowed(
            "You made this model, so you do not judge its risk.", hint="Ask another validator."
        )
    rating = rate(answers)
    questions = [question.key for question in (*FACTORS, *CONTROLS)]
    said = {key: _checked_reason(key, reasons.get(key, "")) for key in questions}
    assessment = Assessment(
        run_id=model.run_id,
        task=model.task,
        rules=RULES,
        answers={key: answers[key] for key in questions},
        reasons=said,
        inherent=rating.inherent.value,
        controls=rating.controls,
        residual=rating.residual.value,
        summary=summary.strip()[:LONGEST_REASON],
        workings=list(rating.workings),
        person_id=actor.id,
        person_name=actor.name,
    )
    with db.write() as session:
        session.add(assessment)
        told = assessment.model_dump(include={"id", "inherent", "controls", "residual", "rules"})
        events.record(session, actor, "risk.assessed", f"model:{model}", **told)
    return assessment


@needs(Capability.INVENTORY_READ)
def assessments(db: Database, actor: Actor, model: ModelRef) -> list[Assessment]:
    """Every assessment of a model, newest first."""
    query = select(Assessment).where(Assessment.run_id == model.run_id)
    ordered = query.where(Assessment.task == model.task).order_by(col(Assessment.at).desc())
    with db.read() as session:
        return list(session.exec(ordered))


def _inherent(total: int, material: bool) -> Risk:
    place = 0 if total <= 5 else 1 if total <= 7 else 2 if total <= 9 else 3
    return RATINGS[max(place, 2) if material else place]


def _lowered(inherent: Risk, steps: int) -> Risk:
    floor = 1 if inherent is Risk.CRITICAL else 0
    return RATINGS[max(RATINGS.index(inherent) - steps, floor)]


def _workings(total: int, inherent: Risk, given: int, controls: str, steps: int) -> tuple[str, ...]:
    lowered = f"which lowers it by {steps}" if steps else "which lowers nothing"
    return (
        f"Inherent: {total} of 12 points, {inherent}.",
        f"Controls: {given} of 8 points, {controls}, {lowered}.",
    )


def _check(question: Question, answer: str) -> None:
    if answer not in question.levels:
        raise InvalidInput(
            f"“{question.title}” is not answered.",
            hint=f"Choose one of: {', '.join(question.levels)}.",
        )


def _checked_reason(key: str, reason: str) -> str:
    if not reason.strip():
        raise InvalidInput(
            f"The reason for {key.replace('_', ' ')} is missing.",
            hint="Say what you looked at, and what you found.",
        )
    return reason.strip()[:LONGEST_REASON]
