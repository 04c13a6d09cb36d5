"""The people a new installation begins with: one administrator, and demo users when asked for."""

from collections.abc import Mapping

from sqlmodel import Session, select

from engines.core import passwords
from engines.core.access import Role
from engines.core.database import Database
from engines.core.models import AppUser
from engines.core.users import SYSTEM, add, named

ADMINISTRATOR = "admin"
DEMO_ROLES = (Role.ANALYST, Role.CHECKER, Role.VALIDATOR, Role.DEPLOYER, Role.AUDITOR)


def ensure_administrator(db: Database, environ: Mapping[str, str]) -> str | None:
    """Create the user “admin” when there is nobody yet; gives a generated password to show once.

    With MLAAS_ADMIN_PASSWORD that password is taken, nothing is given back and no change is asked
    for: whoever set the variable chose it. Raises InvalidInput when it cannot be accepted.
    """
    chosen = environ.get("MLAAS_ADMIN_PASSWORD", "")
    if _anybody(db):
        return None
    if chosen:
        passwords.check(chosen, ADMINISTRATOR)
    password = chosen or passwords.generated()
    password_hash = passwords.hashed(password)
    with db.write() as session:
        if session.exec(select(AppUser).limit(1)).first() is None:
            owed = not chosen
            add(
                session,
                SYSTEM,
                ADMINISTRATOR,
                [Role.ADMIN],
                password_hash,
                must_change_password=owed,
            )
    return None if chosen else password


def ensure_demo_users(db: Database, environ: Mapping[str, str]) -> dict[str, str]:
    """Create the demo users that are missing; gives name and password of the new ones, shown once.

    MLAAS_DEMO_PASSWORD, when set, is everybody's password; else each gets a generated one.
    """
    chosen = environ.get("MLAAS_DEMO_PASSWORD", "")
    missing = _missing(db)
    if chosen:
        for name in missing:
            passwords.check(chosen, name)
    created = {name: chosen or passwords.generated() for name in missing}
    hashes = {name: passwords.hashed(password) for name, password in created.items()}
    with db.write() as session:
        for name in created:
            _add_demo(session, name, hashes[name])
    return created


def _add_demo(session: Session, name: str, password_hash: str) -> None:
    roles = [Role(name)]
    full_name = f"Demo {name}"
    add(
        session,
        SYSTEM,
        name,
        roles,
        password_hash,
        full_name=full_name,
        must_change_password=False,
    )


def _anybody(db: Database) -> bool:
    with db.read() as session:
        return session.exec(select(AppUser.id).limit(1)).first() is not None


def _missing(db: Database) -> list[str]:
    with db.read() as session:
        return [role.value for role in DEMO_ROLES if named(session, role.value) is None]
