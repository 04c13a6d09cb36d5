"""What the register knew of models at an earlier moment, from rows and audit events of then."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from engines.core.database import columns
from engines.core.events import AuditEvent
from engines.core.model_ref import ModelRef
from engines.governance.register.finding_states import FindingState
from engines.governance.register.models import Assessment, Finding, FindingStep, InventoryEntry

ARCHIVING = {"experiment.archived": True, "experiment.restored": False}


@dataclass(frozen=True)
class Entry:
    """What people said of a model: when it is reviewed next, whose answers it takes in."""

    review_on: date | None = None
    upstream: tuple[str, ...] = ()


def entries(
    session: Session, at: datetime | None, only: ModelRef | None = None
) -> Mapping[ModelRef, Entry]:
    """Reviews and upstream models, of now or as the trail has them by then."""
    if at is None:
        e = InventoryEntry
        query = _of(sa.select(*columns(e, "run_id", "task", "review_on", "upstream")), e, only)
        found = session.execute(query)
        return {_ref(row): Entry(row.review_on, tuple(row.upstream)) for row in found}
    told: dict[ModelRef, Entry] = {}
    subject = f"model:{only}" if only else ""
    for event in _events(session, ("review.set", "upstream.set"), at, subject):
        model, after = ModelRef.parse(event.subject.removeprefix("model:")), event.detail["after"]
        before = told.get(model, Entry())
        if event.act == "review.set":
            told[model] = Entry(date.fromisoformat(after), before.upstream)
        else:
            told[model] = Entry(before.review_on, tuple(after))
    return told


def open_findings(
    session: Session, at: datetime | None, only: ModelRef | None = None
) -> Mapping[ModelRef, int]:
    """How many findings are not closed, now or by the steps until then."""
    f, key = Finding, ("run_id", "task")
    if at is None:
        counted = sa.select(*columns(f, *key), sa.func.count().label("n"))
        open_now = _of(counted.where(col(f.state) != FindingState.CLOSED.value), f, only)
        return {_ref(row): row.n for row in session.execute(open_now.group_by(*columns(f, *key)))}
    s = FindingStep
    steps = sa.select(*columns(f, "id", *key), col(s.after)).join(s, col(s.finding_id) == col(f.id))
    steps = _of(steps.where(col(s.at) <= at), f, only).order_by(col(s.number))
    last = {row.id: row for row in session.execute(steps)}
    return Counter(_ref(row) for row in last.values() if row.after != FindingState.CLOSED)


def residual(
    session: Session, at: datetime, only: ModelRef | None = None
) -> Mapping[ModelRef, str]:
    """The residual risk by the newest assessment of then."""
    a = Assessment
    judged = sa.select(*columns(a, "run_id", "task", "residual")).where(col(a.at) <= at)
    return {_ref(row): row.residual for row in session.execute(_of(judged, a, only).order_by(a.at))}


def archived(session: Session, at: datetime) -> Mapping[str, bool]:
    """Experiment id → whether it was archived then, of those that ever were."""
    found = _events(session, tuple(ARCHIVING), at)
    return {row.subject.removeprefix("experiment:"): ARCHIVING[row.act] for row in found}


def _events(session: Session, acts: tuple[str, ...], at: datetime, subject: str = "") -> Any:
    """Audit rows of these acts until then, the oldest first."""
    a = AuditEvent
    query = sa.select(*columns(a, "act", "subject", "detail"))
    query = query.where(col(a.act).in_(acts), col(a.at) <= at).order_by(col(a.number))
    return session.execute(query.where(col(a.subject) == subject) if subject else query)


def _of(query: Any, table: Any, only: ModelRef | None) -> Any:
    return query.where(table.run_id == only.run_id, table.task == only.task) if only else query


def _ref(row: Any) -> ModelRef:
    return ModelRef(row.run_id, row.task)
