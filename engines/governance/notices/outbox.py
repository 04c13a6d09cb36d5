"""The outbox: which messages a notice becomes, which is tried next, how a try ended.

A committed notice is the order to send; its deliveries are written later, by whoever sends. Each
is taken by a conditional update that also moves its next try beyond the end of this one, so that a
process that dies in between leaves a delivery that is tried again, with the same id.
"""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.database import Database, now
from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError, NotAllowed
from engines.core.models import AppUser
from engines.core.notice_settings import Notices
from engines.core.users import SYSTEM
from engines.governance.notices.choices import choice_of
from engines.governance.notices.kinds import Kind
from engines.governance.notices.models import (
    Channel,
    DeliveryState,
    Notice,
    NoticeCopy,
    NoticeDelivery,
)

AT_ONCE = 50  # notices sorted in one transaction
FINAL = (InvalidInput, NotAllowed)  # trying again cannot help
LONGEST_ERROR = 500


def sort_out(db: Database, settings: Notices) -> int:
    """Write the deliveries of notices nobody has looked at yet; how many notices those were."""
    waiting = select(Notice).where(col(Notice.sorted_at).is_(None)).limit(AT_ONCE)
    with db.read() as session:  # an idle courier takes no write lock
        if session.exec(waiting).first() is None:
            return 0
    locked = waiting.order_by(col(Notice.made_at)).with_for_update(skip_locked=True)
    with db.write() as session:
        notices = session.exec(locked).all()
        for notice in notices:
            for channel, target in _deliveries(session, notice, settings):
                session.add(_waiting(notice, channel, target))
            notice.sorted_at = now()
    return len(notices)


def claim(db: Database, settings: Notices) -> NoticeDelivery | None:
    """Take the delivery that has been due longest, or None. No two couriers take the same try."""
    due = (
        select(NoticeDelivery.id)
        .where(*_due())
        .order_by(col(NoticeDelivery.due_at), col(NoticeDelivery.id))
    )
    with db.read() as session:
        chosen = session.exec(due.limit(1)).first()
    if chosen is None:
        return None
    beyond = now() + timedelta(seconds=3 * settings.seconds_per_try)
    take = sa.update(NoticeDelivery).where(col(NoticeDelivery.id) == chosen, *_due())
    with db.write() as session:
        values = {"tries": col(NoticeDelivery.tries) + 1, "due_at": beyond}
        if not session.connection().execute(take.values(values)).rowcount:
            return None
        return session.get(NoticeDelivery, chosen, populate_existing=True)


def sent(db: Database, delivery: NoticeDelivery) -> None:
    """Note that the message was taken over by its receiver."""
    values = {"state": DeliveryState.SENT.value, "error": "", "ended_at": now()}
    with db.write() as session:
        _change(session, delivery, values)


def not_sent(
    db: Database, delivery: NoticeDelivery, failure: MlaasError, settings: Notices
) -> bool:
    """Note why a try failed and when the next one is; True when there will be none."""
    reason = str(failure)[:LONGEST_ERROR]
    given_up = isinstance(failure, FINAL) or delivery.tries >= settings.tries
    with db.write() as session:
        if not given_up:
            next_try = now() + timedelta(seconds=wait(settings, delivery.tries))
            _change(session, delivery, {"error": reason, "due_at": next_try})
        else:
            _give_up(session, delivery, reason)
    return given_up


def wait(settings: Notices, tries: int) -> float:
    """Seconds before the next try: doubled after each, up to the longest."""
    doubled = settings.first_wait_seconds * 2.0 ** (tries - 1)
    return min(doubled, settings.longest_wait_seconds)


def interrupted(delivery: NoticeDelivery, settings: Notices) -> MlaasError | None:
    """Why a delivery just taken must not be tried any more, if so."""
    if delivery.tries <= settings.tries:
        return None
    return BackendUnavailable("Sending was broken off in the middle of the last try.")


def _due() -> tuple[sa.ColumnElement[bool], ...]:
    waiting = col(NoticeDelivery.state) == DeliveryState.WAITING.value
    return waiting, col(NoticeDelivery.due_at) <= now()


def _deliveries(
    session: Session, notice: Notice, settings: Notices
) -> Iterator[tuple[Channel, str]]:
    if notice.made_at < now() - timedelta(hours=settings.send_within_hours):
        return
    if settings.smtp.host:
        for person in _by_email(session, notice):
            yield Channel.EMAIL, person
    for name, hook in settings.webhooks.items():
        if not hook.kinds or notice.kind in hook.kinds:
            yield Channel.WEBHOOK, name


def _by_email(session: Session, notice: Notice) -> list[str]:
    people = select(AppUser.id).join(NoticeCopy, col(NoticeCopy.user_id) == col(AppUser.id))
    reachable = col(AppUser.email) != "", col(AppUser.disabled_at).is_(None)
    told = people.where(col(NoticeCopy.notice_id) == notice.id, *reachable)
    ids = session.exec(told.order_by(col(AppUser.id))).all()
    return [person for person in ids if Kind(notice.kind) in choice_of(session, person)]


def _waiting(notice: Notice, channel: Channel, target: str) -> NoticeDelivery:
    return NoticeDelivery(
        notice_id=notice.id,
        channel=channel.value,
        target=target,
        state=DeliveryState.WAITING.value,
    )


def _give_up(session: Session, delivery: NoticeDelivery, reason: str) -> None:
    values = {"state": DeliveryState.FAILED.value, "error": reason, "ended_at": now()}
    if _change(session, delivery, values):
        detail = {"channel": delivery.channel, "target": delivery.target, "reason": reason}
        events.record(session, SYSTEM, "notice.given_up", f"notice:{delivery.notice_id}", **detail)


def _change(session: Session, delivery: NoticeDelivery, values: dict[str, object]) -> int:
    """Only the try that is under way may say how it ended."""
    mine = col(NoticeDelivery.id) == delivery.id, col(NoticeDelivery.tries) == delivery.tries
    open_ = col(NoticeDelivery.state) == DeliveryState.WAITING.value
    change = sa.update(NoticeDelivery).where(*mine, open_).values(values)
    return session.connection().execute(change).rowcount
