"""The inventory: every model with its tier, owner, status, stage, review and open findings."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import NotFound
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals import then
from engines.governance.approvals.states import State
from engines.governance.approvals.then import Past
from engines.governance.register import bygone
from engines.governance.register.bygone import Entry
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
    """One model of the inventory, as of `at` or now.

    `stage` is the highest one that an approval holds for, together with every stage before it.
    """

    record: ModelRecord
    status: Status
    stage: Stage | None
    tier: str
    submission_id: str | None
    review_on: date | None
    upstream: tuple[str, ...]
    open_findings: int
    residual: str
    at: datetime | None = None

    @property
    def review_overdue(self) -> bool:
        """True when its review should have been done by then."""
        return self.review_on is not None and self.review_on < (self.at or now()).date()

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
def inventory_row(
    db: Database, actor: Actor, models: Models, model: ModelRef, at: datetime | None = None
) -> InventoryRow:
    """One model of the inventory, now or as of a moment. Raises NotFound, also before its time."""
    found = _everything(db, [models.of(actor, model)], at)
    if not found:
        raise NotFound("There was no such model then.", hint="Choose a later day.")
    return found[0]


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


@dataclass(frozen=True)
class _Known:
    """What the approvals and the register knew at the moment, by model; by experiment: archived."""

    past: Mapping[ModelRef, Past]
    entries: Mapping[ModelRef, Entry]
    findings: Mapping[ModelRef, int]
    residual: Mapping[ModelRef, str]
    archived: Mapping[str, bool]


def _everything(
    db: Database, records: Iterable[ModelRecord], at: datetime | None
) -> list[InventoryRow]:
    known_then = [r for r in records if at is None or (r.trained_at and r.trained_at <= at)]
    only = known_then[0].model if len(known_then) == 1 else None
    with db.read() as session:
        known = _known(session, at, only)
    return [_row(record, known, at) for record in known_then]


def _known(session: Session, at: datetime | None, only: ModelRef | None) -> _Known:
    moment = at or now()
    return _Known(
        then.past(session, moment, only),
        bygone.entries(session, at, only),
        bygone.open_findings(session, at, only),
        bygone.residual(session, moment, only),
        bygone.archived(session, at) if at else {},
    )


def _row(record: ModelRecord, known: _Known, at: datetime | None) -> InventoryRow:
    model = record.model
    past = known.past.get(model, then.NOTHING)
    entry = known.entries.get(model, Entry())
    archived = known.archived.get(record.experiment_id, False) if at else record.archived
    return InventoryRow(
        record=record,
        status=_status(past, archived),
        stage=past.reached,
        tier=past.tier,
        submission_id=past.newest_id,
        review_on=entry.review_on,
        upstream=entry.upstream,
        open_findings=known.findings.get(model, 0),
        residual=known.residual.get(model, ""),
        at=at,
    )


def _status(past: Past, archived: bool) -> Status:
    if past.reached:
        return OF_STAGE[past.reached]
    if archived:
        return Status.ARCHIVED
    return OF_STATE.get(past.state, Status.DEVELOPMENT) if past.state else Status.DEVELOPMENT


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
