"""Read the audit trail: search, filter, page through it, take it away as a table."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import InvalidInput
from engines.core.events import AuditEvent

PAGE_SIZE = 50
EXPORT_ROWS = 100_000


@dataclass(frozen=True)
class EventFilter:
    """Which events to show; what is empty does not narrow. `since` counts, `until` does not."""

    text: str = ""
    act: str = ""
    actor_id: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EventPage:
    """One page of events, newest first, and how many there are in all."""

    events: list[AuditEvent]
    total: int


EVERYTHING = EventFilter()


@needs(Capability.AUDIT_READ)
def search_events(
    db: Database,
    actor: Actor,
    chosen: EventFilter = EVERYTHING,
    page: int = 1,
    size: int = PAGE_SIZE,
) -> EventPage:
    """One page of the events that match; a page beyond the last gives the last.

    Raises InvalidInput for dates the wrong way round.
    """
    narrowed = _narrowed(chosen)
    newest = select(AuditEvent).where(*narrowed).order_by(col(AuditEvent.number).desc())
    count = select(sa.func.count()).select_from(AuditEvent).where(*narrowed)
    with db.read() as session:
        total = session.exec(count).one()
        skipped = size * min(max(page - 1, 0), max(total - 1, 0) // size)
        return EventPage(list(session.exec(newest.offset(skipped).limit(size))), total)


@needs(Capability.AUDIT_READ)
def export_events(
    db: Database, actor: Actor, chosen: EventFilter = EVERYTHING
) -> list[dict[str, Any]]:
    """The matching events as rows of a table, newest first, at most `EXPORT_ROWS`."""
    return as_rows(search_events(db, actor, chosen, size=EXPORT_ROWS).events)


@needs(Capability.AUDIT_READ)
def acts(db: Database, actor: Actor) -> list[str]:
    """The names of all acts that occur, in alphabetical order."""
    with db.read() as session:
        return list(session.exec(select(AuditEvent.act).distinct().order_by(col(AuditEvent.act))))


@needs(Capability.AUDIT_READ)
def people(db: Database, actor: Actor) -> dict[str, str]:
    """Everybody who acted: id to name, by name."""
    names = select(AuditEvent.actor_id, sa.func.max(AuditEvent.actor_name))
    grouped = names.group_by(col(AuditEvent.actor_id))
    with db.read() as session:
        found = session.exec(grouped).all()
    return dict(sorted(found, key=lambda pair: pair[1].casefold()))


def as_rows(events: list[AuditEvent]) -> list[dict[str, Any]]:
    """The events in the order given, a dictionary each; `detail` is JSON text."""
    return [{**event.model_dump(), "detail": _text(event)} for event in events]


def _text(event: AuditEvent) -> str:
    return json.dumps(event.detail, sort_keys=True, ensure_ascii=False)


def _narrowed(chosen: EventFilter) -> list[sa.ColumnElement[bool]]:
    if chosen.since and chosen.until and chosen.since >= chosen.until:
        raise InvalidInput("The first day lies after the last.", hint="Swap the two dates.")
    exact = {
        col(AuditEvent.act): chosen.act,
        col(AuditEvent.actor_id): chosen.actor_id,
        col(AuditEvent.subject): chosen.subject,
    }
    conditions = [column == value for column, value in exact.items() if value]
    conditions += [_mentions(word) for word in chosen.text.split()]
    conditions += [col(AuditEvent.at) >= chosen.since] if chosen.since else []
    return conditions + ([col(AuditEvent.at) < chosen.until] if chosen.until else [])


def _mentions(word: str) -> sa.ColumnElement[bool]:
    """True of an event that has the word anywhere a reader would look for it."""
    texts = ("actor_name", "act", "subject", "correlation_id")
    places = [getattr(AuditEvent, name) for name in texts]
    # JSON columns hold non-ASCII letters escaped, so the word is escaped the same way.
    escaped = json.dumps(word)[1:-1]
    within = sa.cast(AuditEvent.detail, sa.Text).icontains(escaped, autoescape=True)
    return sa.or_(*(col(place).icontains(word, autoescape=True) for place in places), within)
