"""The inventory: every model with its tier, owner, status, stage, review and open findings."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, columns, now
from engines.core.gate import STAGES, Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals.models import Submission
from engines.governance.approvals.states import DECIDED, State
from engines.governance.register.finding_states import FindingState
from engines.governance.register.models import Assessment, Finding, InventoryEntry
from engines.governance.register.port import ModelRecord, Models

PAGE_SIZE = 25


class Status(StrEnum):
    """Where a model stands, from its approvals and its experiment."""

    IN_PRODUCTION = "in_production"
    IN_UAT = "in_uat"
    PUBLISHED = "published"
    APPROVED = "approved"
    WAITING = "waiting"
    RETURNED = "returned"
    REFUSED = "refused"
    ENDED = "ended"
    DEVELOPMENT = "development"
    ARCHIVED = "archived"


OF_STAGE = {
    Stage.TRAINING: Status.APPROVED,
    Stage.PUBLISHED: Status.PUBLISHED,
    Stage.UAT: Status.IN_UAT,
    Stage.PROD: Status.IN_PRODUCTION,
}
OF_STATE = {
    State.SUBMITTED: Status.WAITING,
    State.RETURNED: Status.RETURNED,
    State.REJECTED: Status.REFUSED,
    State.EXPIRED: Status.ENDED,
    State.REVOKED: Status.ENDED,
    State.VOID: Status.ENDED,
    State.APPROVED: Status.ENDED,
}


@dataclass(frozen=True)
class InventoryRow:
    """One model of the inventory. `stage` is the highest one an approval holds for."""

    record: ModelRecord
    status: Status
    stage: Stage | None
    tier: str
    submission_id: str | None
    review_on: date | None
    upstream: tuple[str, ...]
    open_findings: int
    residual: str

    @property
    def review_overdue(self) -> bool:
        """True when its review should have been done."""
        return self.review_on is not None and self.review_on < now().date()

    @property
    def review_missing(self) -> bool:
        """True when it may be used and nobody set a day for its review."""
        return self.review_on is None and self.stage is not None


@dataclass(frozen=True)
class InventoryFilter:
    """Which models to list; what is empty does not narrow. `at` shows them as of that moment."""

    text: str = ""
    statuses: tuple[str, ...] = ()
    tier: str = ""
    owner_id: str = ""
    review: str = ""  # "overdue" or "missing"
    model: str = ""
    at: datetime | None = None
    page: int = 1
    size: int = PAGE_SIZE


@dataclass(frozen=True)
class InventoryPage:
    """One page of models, how many match, how many each status has, and the tiers there are."""

    rows: list[InventoryRow]
    total: int
    statuses: Mapping[str, int]
    tiers: list[str]


@needs(Capability.INVENTORY_READ)
def inventory(db: Database, actor: Actor, models: Models, wanted: InventoryFilter) -> InventoryPage:
    """The models that match, newest first; counts are of all models, whatever is asked for."""
    everything = _everything(db, models.all(actor), wanted.at)
    found = [row for row in everything if _matches(row, wanted)]
    skipped = wanted.size * min(max(wanted.page - 1, 0), max(len(found) - 1, 0) // wanted.size)
    return InventoryPage(
        found[skipped : skipped + wanted.size],
        len(found),
        Counter(row.status.value for row in everything),
        sorted({row.tier for row in everything} - {""}),
    )


@needs(Capability.INVENTORY_READ)
def inventory_row(db: Database, actor: Actor, models: Models, model: ModelRef) -> InventoryRow:
    """One model of the inventory. Raises NotFound."""
    return _everything(db, [models.of(actor, model)], None)[0]


@needs(Capability.INVENTORY_READ)
def inventory_table(
    db: Database, actor: Actor, models: Models, wanted: InventoryFilter
) -> list[dict[str, Any]]:
    """All matching models as rows of a table."""
    everything = _everything(db, models.all(actor), wanted.at)
    return [as_row(row) for row in everything if _matches(row, wanted)]


def as_row(row: InventoryRow) -> dict[str, Any]:
    """A model as a row of a table."""
    record = row.record
    return {
        "model": str(record.model), "experiment": record.experiment, "task": record.model.task,
        "owner": record.owner, "status": row.status.value, "stage": row.stage or "",
        "tier": row.tier, "algorithm": record.algorithm, "metric": record.metric,
        "score": record.score, "data": record.data, "data_sha256": record.data_sha256,
        "rows": record.rows, "upstream": ", ".join(row.upstream), "trained_at": record.trained_at,
        "next_review": row.review_on, "review_overdue": row.review_overdue,
        "open_findings": row.open_findings, "residual_risk": row.residual,
    }  # fmt: skip


Key = tuple[str, str]


@dataclass(frozen=True)
class _Known:
    """What the register and the approvals know, by run and task."""

    submissions: Mapping[Key, list[Any]]
    entries: Mapping[Key, Any]
    findings: Mapping[Key, int]
    residual: Mapping[Key, str]


def _everything(
    db: Database, records: Iterable[ModelRecord], at: datetime | None
) -> list[InventoryRow]:
    moment = at or now()
    known_then = [r for r in records if at is None or (r.trained_at and r.trained_at <= at)]
    only = known_then[0].model if len(known_then) == 1 else None
    with db.read() as session:
        known = _known(session, moment, only)
    return [_row(record, known, moment, at is not None) for record in known_then]


def _known(session: Session, moment: datetime, only: ModelRef | None) -> _Known:
    key = ("run_id", "task")
    s, f, e, a = Submission, Finding, InventoryEntry, Assessment
    asked = ("id", "stage", "state", "tier", "decided_at", "ended_at", "expires_at")
    when = sa.func.coalesce(s.submitted_at, s.created_at)
    of_models = sa.select(*columns(s, *key, *asked)).where(when <= moment).order_by(when)
    listed: dict[Key, list[Any]] = {}
    for row in session.execute(_of(of_models, s, only)):
        listed.setdefault((row.run_id, row.task), []).append(row)
    settled = col(f.state) == FindingState.CLOSED.value
    counted = sa.select(*columns(f, *key), sa.func.count().label("n")).where(~settled)
    open_now = session.execute(_of(counted, f, only).group_by(*columns(f, *key)))
    entries = session.execute(_of(sa.select(*columns(e, *key, "review_on", "upstream")), e, only))
    judged = sa.select(*columns(a, *key, "residual")).where(col(a.at) <= moment)
    residual = session.execute(_of(judged, a, only).order_by(a.at))
    return _Known(
        listed,
        {(row.run_id, row.task): row for row in entries},
        {(row.run_id, row.task): row.n for row in open_now},
        {(row.run_id, row.task): row.residual for row in residual},
    )


def _of(query: Any, table: Any, only: ModelRef | None) -> Any:
    return query.where(table.run_id == only.run_id, table.task == only.task) if only else query


def _row(record: ModelRecord, known: _Known, moment: datetime, past: bool) -> InventoryRow:
    key = (record.model.run_id, record.model.task)
    listed = known.submissions.get(key, [])
    entry = known.entries.get(key)
    holding = [Stage(row.stage) for row in listed if _holds(row, moment)]
    stage = max(holding, key=STAGES.index) if holding else None
    newest = listed[-1] if listed else None
    return InventoryRow(
        record=record,
        status=_status(record, stage, newest, past),
        stage=stage,
        tier=newest.tier if newest else "",
        submission_id=newest.id if newest else None,
        review_on=entry.review_on if entry else None,
        upstream=tuple(entry.upstream) if entry else (),
        open_findings=known.findings.get(key, 0),
        residual=known.residual.get(key, ""),
    )


def _holds(row: Any, moment: datetime) -> bool:
    """True when the submission's approval was in force at that moment."""
    decided = row.state in DECIDED and row.decided_at is not None and row.decided_at <= moment
    ended = row.ended_at is not None and row.ended_at <= moment
    return decided and not ended and (row.expires_at is None or row.expires_at > moment)


def _status(record: ModelRecord, stage: Stage | None, newest: Any, past: bool) -> Status:
    if stage:
        return OF_STAGE[stage]
    if record.archived and not past:
        return Status.ARCHIVED
    if newest is None or (past and newest.state not in DECIDED):
        return Status.DEVELOPMENT  # states before a decision are not kept by date
    return OF_STATE.get(State(newest.state), Status.DEVELOPMENT)


def _matches(row: InventoryRow, wanted: InventoryFilter) -> bool:
    record = row.record
    places = (record.experiment, record.owner, record.algorithm, record.data, str(record.model))
    said = " ".join(places).casefold()
    return (
        all(word in said for word in wanted.text.casefold().split())
        and (not wanted.statuses or row.status in wanted.statuses)
        and wanted.tier in ("", row.tier)
        and wanted.owner_id in ("", record.owner_id)
        and wanted.model in ("", str(record.model))
        and (wanted.review != "overdue" or row.review_overdue)
        and (wanted.review != "missing" or row.review_missing)
    )
