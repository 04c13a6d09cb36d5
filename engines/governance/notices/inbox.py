"""The in-app inbox: each person's own notices, and nobody else's."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.governance.notices.kinds import Kind, Link
from engines.governance.notices.models import Notice, NoticeCopy

PAGE_SIZE = 20


@dataclass(frozen=True)
class InboxFilter:
    """What the inbox is narrowed to."""

    unread: bool = False
    kind: Kind | None = None
    page: int = 1


@dataclass(frozen=True)
class InboxRow:
    """One notice in somebody's inbox; `id` is of this person's copy."""

    id: str
    kind: Kind
    title: str
    text: str
    link: Link | None
    made_at: datetime
    is_read: bool


@dataclass(frozen=True)
class InboxPage:
    """Notices, newest first; `total` counts all that match."""

    rows: list[InboxRow]
    total: int
    size: int = PAGE_SIZE


@needs(Capability.INBOX_OWN)
def inbox(db: Database, actor: Actor, wanted: InboxFilter | None = None) -> InboxPage:
    """The acting person's notices."""
    wanted = wanted or InboxFilter()
    both, matching = col(NoticeCopy.notice_id) == col(Notice.id), _matching(actor, wanted)
    rows = select(NoticeCopy, Notice).where(both, *matching)
    newest = rows.order_by(col(NoticeCopy.made_at).desc(), col(NoticeCopy.id))
    with db.read() as session:
        total = session.exec(select(func.count(col(NoticeCopy.id))).where(both, *matching)).one()
        last = max(1, -(-total // PAGE_SIZE))
        page = min(max(1, wanted.page), last)
        shown = session.exec(newest.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    return InboxPage([_row(copy, notice) for copy, notice in shown], total)


@needs(Capability.INBOX_OWN)
def unread(db: Database, actor: Actor) -> int:
    """How many notices the acting person has not read; one count on an index."""
    with db.read() as session:
        return session.exec(select(func.count(col(NoticeCopy.id))).where(*_unread(actor))).one()


@needs(Capability.INBOX_OWN)
def mark_read(db: Database, actor: Actor, ids: Collection[str]) -> None:
    """Mark notices as read; ids of somebody else's change nothing."""
    with db.write() as session:
        _mark(session, now(), *_unread(actor), col(NoticeCopy.id).in_(ids))


@needs(Capability.INBOX_OWN)
def mark_unread(db: Database, actor: Actor, ids: Collection[str]) -> None:
    """Mark notices as not read; ids of somebody else's change nothing."""
    with db.write() as session:
        _mark(session, None, _own(actor), col(NoticeCopy.id).in_(ids))


@needs(Capability.INBOX_OWN)
def mark_all_read(db: Database, actor: Actor) -> int:
    """Mark everything as read; how many notices were not."""
    with db.write() as session:
        return _mark(session, now(), *_unread(actor))


def _own(actor: Actor) -> sa.ColumnElement[bool]:
    return col(NoticeCopy.user_id) == actor.id


def _unread(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return _own(actor), col(NoticeCopy.read_at).is_(None)


def _matching(actor: Actor, wanted: InboxFilter) -> list[sa.ColumnElement[bool]]:
    conditions = [*_unread(actor)] if wanted.unread else [_own(actor)]
    if wanted.kind:
        conditions.append(col(Notice.kind) == wanted.kind.value)
    return conditions


def _mark(session: Session, read_at: datetime | None, *which: Any) -> int:
    change = sa.update(NoticeCopy).where(*which).values(read_at=read_at)
    return session.connection().execute(change).rowcount


def _row(copy: NoticeCopy, notice: Notice) -> InboxRow:
    return InboxRow(
        id=copy.id,
        kind=Kind(notice.kind),
        title=notice.title,
        text=notice.text,
        link=link_of(notice),
        made_at=notice.made_at,
        is_read=copy.read_at is not None,
    )


def link_of(notice: Notice) -> Link | None:
    """Where the notice leads, if anywhere."""
    return Link(notice.page, notice.query) if notice.page else None
