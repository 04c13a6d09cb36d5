"""People for whom an OpenID Connect provider vouches, as users of ours."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, select

from engines.core import events, sessions
from engines.core.access import Role
from engines.core.addresses import is_email
from engines.core.database import Database
from engines.core.errors import NotAllowed
from engines.core.models import AppUser
from engines.core.users import NAME, SYSTEM, add, named


@dataclass(frozen=True)
class Vouched:
    """What the provider says about a person, its signature checked before."""

    issuer: str
    subject: str
    email: str  # empty unless the provider has verified it
    preferred_name: str
    full_name: str
    groups: frozenset[str]

    @property
    def key(self) -> str:
        """The one lasting name of this person: addresses and names may change hands."""
        return f"{self.issuer}|{self.subject}"


def user_of(db: Database, vouched: Vouched, roles: Mapping[str, Role]) -> AppUser:
    """The user behind a voucher: found by subject, else by verified address, else made.

    Roles follow the provider's groups at each sign-in; a change ends the sessions there were.
    Raises NotAllowed for somebody none of whose groups has a role here.
    """
    granted = {roles[group] for group in vouched.groups & roles.keys()}
    if not granted:
        raise NotAllowed(
            "Your company account has no role here.",
            hint="Ask an administrator for a group that has one.",
        )
    with db.write() as session:
        user = _known(session, vouched) or _made(session, vouched, granted)
        user.email = user.email or (vouched.email if is_email(vouched.email) else "")
        _follow(session, user, granted)
    return user


def _known(session: Session, vouched: Vouched) -> AppUser | None:
    wanted = select(AppUser).where(AppUser.subject == vouched.key)
    return session.exec(wanted).first() or _adopted(session, vouched)


def _adopted(session: Session, vouched: Vouched) -> AppUser | None:
    """A user named by this verified address who has not been tied to any provider yet."""
    user = named(session, vouched.email) if vouched.email else None
    if user is None or user.subject:
        return None
    user.subject, user.password_hash, user.must_change_password = vouched.key, None, False
    user.totp_secret, user.totp_pending, user.recovery_hashes = None, None, []
    sessions.end_all(session, user.id)
    events.record(session, SYSTEM, "user.tied_to_provider", f"user:{user.id}", name=user.name)
    return user


def _made(session: Session, vouched: Vouched, granted: set[Role]) -> AppUser:
    name = _free_name(session, vouched)
    return add(
        session, SYSTEM, name, granted, None, full_name=vouched.full_name, subject=vouched.key
    )


def _free_name(session: Session, vouched: Vouched) -> str:
    for name in (vouched.email, vouched.preferred_name):
        folded = name.strip().casefold()
        if NAME.fullmatch(folded) and named(session, folded) is None:
            return folded
    return f"user-{hashlib.sha256(vouched.key.encode()).hexdigest()[:16]}"


def _follow(session: Session, user: AppUser, granted: set[Role]) -> None:
    before, after = user.roles, sorted(role.value for role in granted)
    if before == after:
        return
    user.roles = after
    sessions.end_all(session, user.id)
    events.record(session, SYSTEM, "user.roles_set", f"user:{user.id}", before=before, after=after)
