"""What left the product or could not: for administrators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, func, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.core.models import AppUser
from engines.governance.notices.kinds import Kind
from engines.governance.notices.models import Channel, DeliveryState, Notice, NoticeDelivery

PAGE_SIZE = 50


@dataclass(frozen=True)
class DeliveryRow:
    """One message to one address; `to` is the person's or the webhook's name."""

    id: str
    kind: Kind
    channel: Channel
    to: str
    state: DeliveryState
    tries: int
    error: str
    made_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class DeliveryPage:
    """Deliveries, newest first; `total` counts all that match."""

    rows: list[DeliveryRow]
    total: int
    size: int = PAGE_SIZE


@needs(Capability.USERS_MANAGE)
def deliveries(
    db: Database, actor: Actor, state: DeliveryState | None = None, page: int = 1
) -> DeliveryPage:
    """The messages in this state, or all. Their words stay with those they were written to."""
    which: list[Any] = [col(NoticeDelivery.state) == state.value] if state else []
    rows = (
        select(NoticeDelivery, Notice.kind, AppUser.name)
        .join(Notice, col(Notice.id) == col(NoticeDelivery.notice_id))
        .join(AppUser, col(AppUser.id) == col(NoticeDelivery.target), isouter=True)
        .where(*which)
        .order_by(col(NoticeDelivery.made_at).desc(), col(NoticeDelivery.id))
    )
    with db.read() as session:
        total = session.exec(select(func.count(col(NoticeDelivery.id))).where(*which)).one()
        start = (min(max(1, page), max(1, -(-total // PAGE_SIZE))) - 1) * PAGE_SIZE
        found = session.exec(rows.offset(start).limit(PAGE_SIZE)).all()
    return DeliveryPage([_row(*each) for each in found], total)


@needs(Capability.USERS_MANAGE)
def send_again(db: Database, actor: Actor, delivery_id: str, reason: str) -> None:
    """Give a delivery that was given up all its tries again.

    Raises NotFound, NotReady (it was not given up) or InvalidInput (no reason).
    """
    if not reason.strip():
        raise InvalidInput("A reason is missing.", hint="Say in a few words why.")
    failed = col(NoticeDelivery.state) == DeliveryState.FAILED.value
    change = sa.update(NoticeDelivery).where(col(NoticeDelivery.id) == delivery_id, failed)
    waiting = {"state": DeliveryState.WAITING.value, "tries": 0, "due_at": now(), "ended_at": None}
    with db.write() as session:
        row = session.get(NoticeDelivery, delivery_id)
        if row is None:
            raise NotFound("There is no such delivery.")
        if not session.connection().execute(change.values(waiting)).rowcount:
            raise NotReady("This delivery was not given up.")
        detail = {"channel": row.channel, "target": row.target, "reason": reason.strip()}
        events.record(session, actor, "notice.sent_again", f"notice:{row.notice_id}", **detail)


def _row(delivery: NoticeDelivery, kind: str, name: str | None) -> DeliveryRow:
    waits = delivery.state == DeliveryState.WAITING
    return DeliveryRow(
        id=delivery.id,
        kind=Kind(kind),
        channel=Channel(delivery.channel),
        to=name or delivery.target,
        state=DeliveryState(delivery.state),
        tries=delivery.tries,
        error=delivery.error,
        made_at=delivery.made_at,
        due_at=delivery.due_at if waits else None,
        ended_at=delivery.ended_at,
    )
