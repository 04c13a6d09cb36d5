"""Signing in: password, then the second factor when there is one, then a new password when owed.

Each step ends the session of the step before and opens a new one, so no token outlives its rank.
"""

from dataclasses import dataclass
from secrets import token_urlsafe

from sqlmodel import Session

from engines.core import events, passwords, sessions, throttle, totp
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import NotAllowed
from engines.core.models import AppUser, KnownBrowser
from engines.core.secrets import Secrets
from engines.core.sessions import SessionInfo, Stage
from engines.core.settings import Sessions
from engines.core.users import choose_password, find, named

NOBODY = Actor("anonymous", "anonymous", frozenset())


@dataclass(frozen=True)
class Visitor:
    """Where an attempt comes from; `known_by` is the token this browser was given earlier."""

    address: str
    browser: str
    known_by: str = ""


@dataclass(frozen=True)
class SignedIn:
    """A step that went well: token and stage of the session, and the browser's own token."""

    token: str
    stage: Stage
    known_by: str


def with_password(
    db: Database, limits: Sessions, visitor: Visitor, name: str, password: str, before: str = ""
) -> SignedIn:
    """The first step. Raises NotAllowed with one sentence for whatever is wrong, or NotReady.

    `before` is the id of the session this browser had, if any: it ends, as its cookie is replaced.

    Whether the name is unknown, the account disabled or the password wrong can be told neither
    from the words nor from the time taken.
    """
    with db.read() as session:
        user = named(session, name)
        known = _known_browser(session, user, visitor)
    counted = throttle.keys(name, visitor.address, known)
    throttle.admit(db, limits, counted)
    right = passwords.matches(password, user.password_hash if user else None)
    if user is None or user.disabled_at or not right:
        _refused(db, user, visitor, "user.sign_in_failed")
        raise NotAllowed("The user name or the password is not right.")
    stage = Stage.CODE if user.totp_secret else _after_code(user)
    # With a second factor owed, guessing codes goes on being counted: nothing is cleared yet.
    cleared = {} if stage is Stage.CODE else counted
    return _entered(db, limits, visitor, user, stage, cleared, before)


def with_code(
    db: Database, secrets: Secrets, limits: Sessions, visitor: Visitor, info: SessionInfo, code: str
) -> SignedIn:
    """The second step. Raises NotAllowed for a wrong or used code, NotReady, BackendUnavailable."""
    with db.read() as session:
        known = _known_browser(session, find(session, info.user_id), visitor)
    codes = throttle.code_keys(info.user_id, known)
    throttle.admit(db, limits, codes)
    with db.write() as session:
        user = find(session, info.user_id)
        right = totp.spend(session, secrets, user, code)
    if not right:
        _refused(db, user, visitor, "user.code_failed")
        raise NotAllowed("This code is not right, or it has been used.")
    counted = codes | throttle.keys(user.name, visitor.address, known)
    return _entered(db, limits, visitor, user, _after_code(user), counted, info.id)


def with_new_password(
    db: Database, limits: Sessions, visitor: Visitor, info: SessionInfo, new: str
) -> SignedIn:
    """The last step when a new password is owed. Raises InvalidInput for one that cannot be."""
    choose_password(db, info.actor, new)
    with db.read() as session:
        user = find(session, info.user_id)
    return _entered(db, limits, visitor, user, Stage.FULL, {}, info.id)


def vouched(db: Database, limits: Sessions, visitor: Visitor, user: AppUser) -> SignedIn:
    """Let in a person for whom the identity provider vouches. Raises NotAllowed when disabled."""
    if user.disabled_at:
        _refused(db, user, visitor, "user.sign_in_failed")
        raise NotAllowed("This account is disabled.", hint="Ask an administrator.")
    return _entered(db, limits, visitor, user, Stage.FULL, {})


def _after_code(user: AppUser) -> Stage:
    return Stage.PASSWORD if user.must_change_password else Stage.FULL


def _entered(
    db: Database,
    limits: Sessions,
    visitor: Visitor,
    user: AppUser,
    stage: Stage,
    counted: dict[str, int],
    before: str = "",
) -> SignedIn:
    known_by = visitor.known_by
    with db.write() as session:
        throttle.clear(session, counted)
        sessions.drop(session, before)
        address, browser = visitor.address, visitor.browser
        token = sessions.start(session, limits, user, stage, address, browser)
        if stage is Stage.FULL:
            throttle.forget_old(session, limits)
            known_by = _known_from_now(session, user, visitor)
            events.record(session, user.actor, "user.signed_in", f"user:{user.id}", address=address)
    return SignedIn(token, stage, known_by)


def _refused(db: Database, user: AppUser | None, visitor: Visitor, act: str) -> None:
    # The typed name is not kept: it may be a password typed into the wrong field.
    subject = f"user:{user.id}" if user else "user:unknown"
    with db.write() as session:
        events.record(session, NOBODY, act, subject, address=visitor.address)


def _known_browser(session: Session, user: AppUser | None, visitor: Visitor) -> str | None:
    hashed = sessions.token_hash(visitor.known_by)
    known = session.get(KnownBrowser, hashed) if visitor.known_by else None
    return hashed if known and user and known.user_id == user.id else None


def _known_from_now(session: Session, user: AppUser, visitor: Visitor) -> str:
    if _known_browser(session, user, visitor):
        return visitor.known_by
    token = token_urlsafe(32)
    session.add(KnownBrowser(token_hash=sessions.token_hash(token), user_id=user.id))
    return token
