"""Sessions: hashed tokens in the database, idle and absolute time-out, gone when they should be."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, delete, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.errors import NotFound
from engines.core.models import AppUser, UserSession
from engines.core.settings import Sessions


class Stage(StrEnum):
    """How far a sign-in has come; only a full one opens the application."""

    CODE = "code"  # the password was right, the second factor is owed
    PASSWORD = "password"  # noqa: S105  a new password must be chosen first
    FULL = "full"


UNFINISHED_MINUTES = 10
LONGEST_BROWSER_NAME = 200


@dataclass(frozen=True)
class SessionInfo:
    """A live session as the gate sees it."""

    id: str
    user_id: str
    stage: Stage
    actor: Actor

    @property
    def must_change_password(self) -> bool:
        """True while the only thing this session may do is choose a new password."""
        return self.stage is Stage.PASSWORD


@dataclass(frozen=True)
class SessionRow:
    """A session as its owner and the administrators see it; times in UTC."""

    id: str
    user_name: str
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def token_hash(token: str) -> str:
    """SHA-256 (hex): tokens are 256 random bits, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def start(
    session: Session, limits: Sessions, user: AppUser, stage: Stage, address: str, browser: str
) -> str:
    """Open a session inside the caller's transaction and give its token, shown to nobody else."""
    session.exec(delete(UserSession).where(col(UserSession.expires_at) < now()))
    token = secrets.token_urlsafe(32)
    full = timedelta(hours=limits.absolute_hours)
    life = full if stage is Stage.FULL else timedelta(minutes=UNFINISHED_MINUTES)
    session.add(
        UserSession(
            token_hash=token_hash(token),
            user_id=user.id,
            stage=stage,
            address=address,
            browser=browser[:LONGEST_BROWSER_NAME],
            expires_at=now() + life,
        )
    )
    return token


def resolve(
    db: Database, limits: Sessions, token: str | None, *, touch: bool = True
) -> SessionInfo | None:
    """The live session behind a cookie, or None. `touch=False` does not count as activity."""
    if not token:
        return None
    with db.read() as session:
        found = _live(session, limits, token_hash(token))
    if found is None:
        return None
    row, user = found
    if touch and now() - row.seen_at > _touch_every(limits):
        _touch(db, row.id)
    return SessionInfo(row.id, user.id, Stage(row.stage), user.actor)


def end(db: Database, token: str | None) -> None:
    """Sign out: the session behind this token is gone, and its cookie is worth nothing."""
    if not token:
        return
    with db.write() as session:
        row = _by_hash(session, token_hash(token))
        user = session.get(AppUser, row.user_id) if row else None
        if row and user:
            session.delete(row)
            events.record(session, user.actor, "user.signed_out", f"user:{user.id}")


def drop(session: Session, session_id: str) -> None:
    """Remove one session inside the caller's transaction, if it is there."""
    session.exec(delete(UserSession).where(col(UserSession.id) == session_id))


def end_all(session: Session, user_id: str, spare: str = "") -> int:
    """End every session of a person but the one with id `spare`; how many ended."""
    mine = col(UserSession.user_id) == user_id
    gone = session.exec(delete(UserSession).where(mine, col(UserSession.id) != spare))
    return gone.rowcount


@needs(Capability.USERS_MANAGE)
def list_sessions(db: Database, actor: Actor) -> list[SessionRow]:
    """Everybody's sessions, the most recently used first."""
    return _rows(db)


@needs(Capability.USERS_MANAGE)
def revoke(db: Database, actor: Actor, session_id: str, reason: str) -> None:
    """End somebody's session; it stops at that person's next click. Raises NotFound."""
    with db.write() as session:
        row = session.get(UserSession, session_id)
        _remove(session, actor, row, reason)


@needs(Capability.ACCOUNT_OWN)
def own_sessions(db: Database, actor: Actor) -> list[SessionRow]:
    """The acting person's sessions, the most recently used first."""
    return _rows(db, actor.id)


@needs(Capability.ACCOUNT_OWN)
def end_own(db: Database, actor: Actor, session_id: str) -> None:
    """End one of the acting person's sessions. Raises NotFound, also for somebody else's."""
    with db.write() as session:
        row = session.get(UserSession, session_id)
        _remove(session, actor, row if row and row.user_id == actor.id else None, "by its owner")


def _remove(session: Session, actor: Actor, row: UserSession | None, reason: str) -> None:
    if row is None:
        raise NotFound("This session has already ended.")
    session.delete(row)
    events.record(session, actor, "session.revoked", f"user:{row.user_id}", reason=reason)


def _by_hash(session: Session, hashed: str) -> UserSession | None:
    return session.exec(select(UserSession).where(UserSession.token_hash == hashed)).first()


def _live(session: Session, limits: Sessions, hashed: str) -> tuple[UserSession, AppUser] | None:
    row = _by_hash(session, hashed)
    user = session.get(AppUser, row.user_id) if row else None
    if row is None or user is None or user.disabled_at:
        return None
    idle_until = row.seen_at + timedelta(minutes=limits.idle_minutes)
    return (row, user) if now() < min(row.expires_at, idle_until) else None


def _touch_every(limits: Sessions) -> timedelta:
    # Not at each click: a write a minute is enough to tell an idle hour.
    return min(timedelta(minutes=1), timedelta(minutes=limits.idle_minutes) / 10)


def _touch(db: Database, session_id: str) -> None:
    with db.write() as session:
        row = session.get(UserSession, session_id)
        if row:
            row.seen_at = now()


def _rows(db: Database, user_id: str = "") -> list[SessionRow]:
    wanted = (
        select(UserSession, AppUser)
        .join(AppUser, col(AppUser.id) == col(UserSession.user_id))
        .where(UserSession.stage == Stage.FULL, col(UserSession.expires_at) > now())
        .order_by(col(UserSession.seen_at).desc())
    )
    if user_id:
        wanted = wanted.where(UserSession.user_id == user_id)
    with db.read() as session:
        return [_row(row, user) for row, user in session.exec(wanted)]


def _row(row: UserSession, user: AppUser) -> SessionRow:
    times = (row.created_at, row.seen_at, row.expires_at)
    return SessionRow(row.id, user.name, row.address, row.browser, *times)
