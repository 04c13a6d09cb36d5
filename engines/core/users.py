"""Users: who there is, what they are, and what administrators may do to them.

Whatever changes what a person is or knows ends that person's sessions in the same transaction.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from engines.core import events, passwords, sessions, throttle
from engines.core.access import Actor, Capability, Role, needs
from engines.core.addresses import is_email
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotAllowed, NotFound
from engines.core.models import AppUser, KnownBrowser
from engines.core.settings import Sessions

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
SYSTEM = Actor("system", "system", frozenset())


@dataclass(frozen=True)
class UserRow:
    """A person as the administrators see them."""

    id: str
    name: str
    full_name: str
    email: str
    roles: frozenset[Role]
    disabled: bool
    must_change_password: bool
    second_factor: bool
    local: bool  # False: signs in at the OpenID provider and has no password here
    created_at: datetime


@needs(Capability.USERS_MANAGE)
def list_users(db: Database, actor: Actor) -> list[UserRow]:
    """Everybody, by name."""
    with db.read() as session:
        return [_row(user) for user in session.exec(select(AppUser).order_by(AppUser.name))]


@needs(Capability.USERS_MANAGE)
def create_user(
    db: Database, actor: Actor, name: str, roles: Collection[Role], full_name: str = ""
) -> str:
    """Add a person; gives the password for the first sign-in, which must then be changed.

    Raises InvalidInput for a name that is taken or cannot be used, or when no role is given.
    """
    password = passwords.generated()
    password_hash = passwords.hashed(password)  # slow on purpose, so not inside the transaction
    with db.write() as session:
        add(session, actor, name, roles, password_hash, full_name=full_name)
    return password


@needs(Capability.USERS_MANAGE)
def set_roles(
    db: Database, actor: Actor, user_id: str, roles: Collection[Role], reason: str
) -> None:
    """Replace a person's roles and end their sessions. Raises NotAllowed for the last admin."""
    with _changing(db, actor, user_id) as (session, user):
        before, user.roles = user.roles, _checked_roles(roles)
        _keep_an_administrator(session)
        _changed(session, actor, user, "user.roles_set", reason, before=before, after=user.roles)


@needs(Capability.USERS_MANAGE)
def disable(db: Database, actor: Actor, user_id: str, reason: str) -> None:
    """Keep a person out, from the next click on. Raises NotAllowed for the last admin."""
    with _changing(db, actor, user_id) as (session, user):
        user.disabled_at = now()
        _keep_an_administrator(session)
        _changed(session, actor, user, "user.disabled", reason)


@needs(Capability.USERS_MANAGE)
def enable(db: Database, actor: Actor, user_id: str, reason: str) -> None:
    """Let a person in again, with the password they had."""
    with _changing(db, actor, user_id) as (session, user):
        user.disabled_at = None
        _changed(session, actor, user, "user.enabled", reason)


@needs(Capability.USERS_MANAGE)
def reset_password(db: Database, actor: Actor, user_id: str, reason: str) -> str:
    """Give a person a new password for one sign-in, and end their sessions."""
    password = passwords.generated()
    password_hash = passwords.hashed(password)
    with _changing(db, actor, user_id) as (session, user):
        _check_local(user)
        user.password_hash, user.must_change_password = password_hash, True
        _forget_browsers(session, user)
        _changed(session, actor, user, "user.password_reset", reason)
    return password


@needs(Capability.USERS_MANAGE)
def remove_second_factor(db: Database, actor: Actor, user_id: str, reason: str) -> None:
    """Let a person who lost their authenticator sign in with the password alone."""
    with _changing(db, actor, user_id) as (session, user):
        user.totp_secret, user.totp_pending, user.recovery_hashes = None, None, []
        _changed(session, actor, user, "user.second_factor_removed", reason)


@needs(Capability.USERS_MANAGE)
def set_email(db: Database, actor: Actor, user_id: str, address: str) -> None:
    """Say where a person's e-mail goes; an empty address means nowhere.

    Raises InvalidInput for what is no address, NotFound for an unknown person.
    """
    wanted = address.strip()
    if wanted and not is_email(wanted):
        raise InvalidInput(
            "This is no e-mail address that can be used.", hint="Write it as name@example.org."
        )
    with db.write() as session:
        user = find(session, user_id)
        before, user.email = user.email, wanted
        events.record(
            session, actor, "user.email_set", f"user:{user.id}", before=before, after=wanted
        )


@needs(Capability.ACCOUNT_OWN)
def change_own_password(
    db: Database, limits: Sessions, actor: Actor, current: str, new: str, spare: str = ""
) -> None:
    """Replace the acting person's password and end their sessions but the one with id `spare`.

    Raises InvalidInput when the current password is wrong or the new one cannot be accepted, and
    NotReady after too many wrong ones.
    """
    counted = throttle.own_key(actor.id)
    throttle.admit(db, limits, counted)
    with db.read() as session:
        known = find(session, actor.id).password_hash
    if not passwords.matches(current, known):
        raise InvalidInput("The current password is not right.")
    with db.write() as session:
        throttle.clear(session, counted)
    choose_password(db, actor, new, spare)


@needs(Capability.ACCOUNT_OWN)
def choose_password(db: Database, actor: Actor, new: str, spare: str = "") -> None:
    """Set a new password for somebody who has just proved who they are. Raises InvalidInput."""
    passwords.check(new, actor.name)
    with db.read() as session:
        if passwords.matches(new, find(session, actor.id).password_hash):
            raise InvalidInput("The new password is the old one.")
    password_hash = passwords.hashed(new)
    with db.write() as session:
        user = find(session, actor.id)
        _check_local(user)
        user.password_hash, user.must_change_password = password_hash, False
        _forget_browsers(session, user)
        sessions.end_all(session, user.id, spare)
        events.record(session, actor, "user.password_changed", f"user:{user.id}")


def add(
    session: Session,
    actor: Actor,
    name: str,
    roles: Collection[Role],
    password_hash: str | None,
    *,
    full_name: str = "",
    must_change_password: bool = True,
    subject: str | None = None,
) -> AppUser:
    """Write a new person inside the caller's transaction. Raises InvalidInput."""
    user = AppUser(
        name=_checked_name(name),
        full_name=full_name.strip()[:200],
        roles=_checked_roles(roles),
        password_hash=password_hash,
        must_change_password=must_change_password and password_hash is not None,
        subject=subject,
    )
    try:
        session.add(user)
        session.flush()
    except IntegrityError as error:
        raise InvalidInput(f"There is already a user called “{user.name}”.") from error
    events.record(
        session, actor, "user.created", f"user:{user.id}", name=user.name, roles=user.roles
    )
    return user


def find(session: Session, user_id: str) -> AppUser:
    """The person with this id. Raises NotFound."""
    user = session.get(AppUser, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def named(session: Session, name: str) -> AppUser | None:
    """The person of this name, however it is capitalised."""
    folded = name.strip().casefold()
    if not NAME.fullmatch(folded):  # PostgreSQL refuses to be asked for some of what can be typed
        return None
    return session.exec(select(AppUser).where(AppUser.name == folded)).first()


@contextmanager
def _changing(db: Database, actor: Actor, user_id: str) -> Iterator[tuple[Session, AppUser]]:
    with db.write() as session:
        # All rows are locked: on PostgreSQL two administrators could else remove each other.
        session.exec(select(AppUser).order_by(AppUser.id).with_for_update()).all()
        yield session, find(session, user_id)


def _changed(
    session: Session, actor: Actor, user: AppUser, act: str, reason: str, **detail: object
) -> None:
    if not reason.strip():
        raise InvalidInput("A reason is needed.", hint="Say in a few words why.")
    sessions.end_all(session, user.id)
    events.record(
        session, actor, act, f"user:{user.id}", name=user.name, reason=reason.strip(), **detail
    )


def _keep_an_administrator(session: Session) -> None:
    session.flush()
    enabled = session.exec(select(AppUser.roles).where(col(AppUser.disabled_at).is_(None)))
    if not any(Role.ADMIN in roles for roles in enabled):
        raise NotAllowed(
            "This is the last administrator.", hint="Make somebody else administrator first."
        )


def _forget_browsers(session: Session, user: AppUser) -> None:
    for browser in session.exec(select(KnownBrowser).where(KnownBrowser.user_id == user.id)):
        session.delete(browser)


def _check_local(user: AppUser) -> None:
    if user.subject:
        raise InvalidInput(
            "This person signs in at the identity provider and has no password here."
        )


def _checked_name(name: str) -> str:
    folded = name.strip().casefold()
    if not NAME.fullmatch(folded):
        raise InvalidInput(
            "This user name cannot be used.",
            hint="2 to 64 letters a-z, digits, and . _ @ + - after the first.",
        )
    return folded


def _checked_roles(roles: Collection[Role]) -> list[str]:
    if not roles:
        raise InvalidInput("A user needs at least one role.", hint="To keep somebody out, disable.")
    return sorted(Role(role).value for role in roles)


def _row(user: AppUser) -> UserRow:
    return UserRow(
        id=user.id,
        name=user.name,
        full_name=user.full_name,
        email=user.email,
        roles=user.actor.roles,
        disabled=user.disabled_at is not None,
        must_change_password=user.must_change_password,
        second_factor=user.totp_secret is not None,
        local=user.subject is None,
        created_at=user.created_at,
    )
