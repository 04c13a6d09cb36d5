"""Where models stood at a moment, by the record alone: submitted, decided, ended by then.

What a state was is read from its moments, never from what became of the submission since. Whether
files were still what was approved is not in the record: the gate looks at them at each use.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from engines.core.database import columns
from engines.core.events import AuditEvent
from engines.core.gate import STAGES, Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals import rating
from engines.governance.approvals.models import Submission
from engines.governance.approvals.states import DECIDED, State

ENDINGS = ("approval.revoked", "approval.void", "approval.expired")
WORDS = {
    Stage.TRAINING: "training",
    Stage.PUBLISHED: "the artifact repository",
    Stage.UAT: "UAT",
    Stage.PROD: "production",
}
ASKED = (
    "id", "run_id", "task", "stage", "state", "tier", "tier_position", "raised_to", "reason",
    "policy_name", "policy_version", "submitted_at", "decided_at", "ended_at", "expires_at",
)  # fmt: skip


@dataclass(frozen=True)
class StageThen:
    """One stage: the approval given last by then, and why it did not hold; "" when it did."""

    stage: Stage
    submission_id: str | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """True when an approval of this stage held; the stages before it are not looked at."""
        return self.submission_id is not None and not self.reason


@dataclass(frozen=True)
class Past:
    """One model then: every stage in order, how its newest submission stood, its tier.

    A draft counts where nothing was submitted; a tier raised by hand counts at once.
    """

    stages: tuple[StageThen, ...]
    newest_id: str | None = None
    state: State | None = None
    tier: str = ""

    @property
    def reached(self) -> Stage | None:
        """The highest stage that held together with all before it; None when none did."""
        reached = None
        for each in self.stages:
            if not each.holds:
                break
            reached = each.stage
        return reached

    def at(self, stage: Stage) -> StageThen:
        """One of the stages."""
        return self.stages[STAGES.index(stage)]

    def holds(self, stage: Stage) -> bool:
        """True when the model might be used for it."""
        return self.reached is not None and STAGES.index(stage) <= STAGES.index(self.reached)


NOTHING = Past(tuple(StageThen(stage) for stage in STAGES))


def past(session: Session, at: datetime, model: ModelRef | None = None) -> dict[ModelRef, Past]:
    """Every model that had a submission by then, or the one asked for."""
    submitted: dict[ModelRef, list[Any]] = {}
    for row in session.execute(_submitted(at, model)):
        submitted.setdefault(ModelRef(row.run_id, row.task), []).append(row)
    own = None if model is None else [row.id for row in submitted.get(model, [])]
    ends = endings(session, own)
    lifted = rating.lifted(session, at, model)
    return {
        each: _past(session, rows, ends, lifted.get(each), at) for each, rows in submitted.items()
    }


def endings(session: Session, ids: Collection[str] | None = None) -> dict[str, Any]:
    """Submission id → the audit row (act, at, detail) that ended its approval; of all or of some.

    The submission's table alone is not believed.
    """
    a = AuditEvent
    query = sa.select(*columns(a, "subject", "act", "at", "detail")).where(col(a.act).in_(ENDINGS))
    if ids is not None:
        query = query.where(col(a.subject).in_([f"submission:{one}" for one in ids]))
    rows = session.execute(query.order_by(col(a.number).desc()))
    return {row.subject.removeprefix("submission:"): row for row in rows}  # the first one stays


def over(row: Any, ending: Any | None, at: datetime, is_past: bool = True) -> str:
    """Why the approval of this submission did not hold at a moment; "" when it did.

    Unless the moment is a past one that was asked for, what ended before a clock was set back is
    over.
    """
    stage = WORDS[Stage(row.stage)]
    ended = _ended(row, ending)
    expires = row.expires_at
    if expires is not None and expires <= at and (ended is None or expires <= ended):
        return f"Its approval for {stage} expired on {expires:%Y-%m-%d}."
    if ended is not None and (ended <= at or not is_past):
        act = ending.act.removeprefix("approval.") if ending is not None else row.state
        return f"Its approval for {stage} is {act}: {_why(row, ending)}"
    if ended is None and row.state != State.APPROVED:
        return f"Its approval for {stage} is {row.state}."
    return ""


def _submitted(at: datetime, model: ModelRef | None) -> Any:
    s = Submission
    when = sa.func.coalesce(s.submitted_at, s.created_at)
    query = sa.select(*columns(s, *ASKED)).where(when <= at).order_by(when)
    if model is not None:
        query = query.where(col(s.run_id) == model.run_id, col(s.task) == model.task)
    return query


def _past(
    session: Session, rows: list[Any], ends: Mapping[str, Any], lifted: Any | None, at: datetime
) -> Past:
    stages = []
    for stage in STAGES:
        row = _decisive((each for each in rows if each.stage == stage), at)
        if row is None:
            stages.append(StageThen(stage))
            continue
        reason = over(row, ends.get(row.id), at)
        reason = reason or (rating.too_high(session, row, lifted) if lifted else "")
        stages.append(StageThen(stage, row.id, reason))
    newest = next((row for row in reversed(rows) if row.submitted_at), rows[-1])  # drafts say least
    is_raised = lifted is not None and rating.too_high(session, newest, lifted)
    tier = lifted.tier if lifted is not None and is_raised else newest.tier
    return Past(tuple(stages), newest.id, _state(newest, ends.get(newest.id), at), tier)


def _decisive(rows: Iterable[Any], at: datetime) -> Any | None:
    """The one whose approval was given last by then."""
    given = [
        row for row in rows if row.state in DECIDED and row.decided_at and row.decided_at <= at
    ]
    return max(given, key=lambda row: row.decided_at, default=None)


def _state(row: Any, ending: Any | None, at: datetime) -> State:
    """The submission's state then."""
    if row.decided_at is None or row.decided_at > at:
        waited = row.submitted_at is not None and row.submitted_at <= at
        return State.SUBMITTED if waited else State.DRAFT
    if row.state not in DECIDED:
        return State(row.state)
    ended = _ended(row, ending)
    if ended is not None and ended <= at:
        return State(ending.act.removeprefix("approval.")) if ending else State(row.state)
    expired = row.expires_at is not None and row.expires_at <= at
    return State.EXPIRED if expired else State.APPROVED


def _ended(row: Any, ending: Any | None) -> datetime | None:
    """When the approval was ended, the earlier of what the table and the trail say."""
    told = [row.ended_at, ending.at if ending is not None else None]
    return min((each for each in told if each is not None), default=None)


def _why(row: Any, ending: Any | None) -> str:
    told = ending.detail.get("reason") if ending is not None else ""
    return f"{str(told or row.reason or 'no reason was given').rstrip('.')}."
