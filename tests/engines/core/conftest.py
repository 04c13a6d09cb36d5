"""People to test identity with; their hashes are cheap, so that tests stay quick."""

from collections.abc import Callable

import bcrypt
import pytest

from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database

PASSWORD = "a long enough phrase"


@pytest.fixture
def add_person(db: Database) -> Callable[..., Actor]:
    """Add a person with the given role and `PASSWORD`, as the actor they are."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()

    def add(name: str, role: str = "analyst", must_change: bool = False) -> Actor:
        with db.write() as session:
            user = users.add(
                session, users.SYSTEM, name, [Role(role)], hashed, must_change_password=must_change
            )
            return user.actor

    return add


@pytest.fixture
def admin(add_person: Callable[..., Actor]) -> Actor:
    """An administrator who is in the database."""
    return add_person("root", "admin")
