"""The database sessions: what cannot be stored is one sentence, not a fault."""

import pytest

from engines.core import users
from engines.core.database import Database
from engines.core.errors import InvalidInput
from engines.core.models import AppUser


def test_text_that_no_database_takes_is_one_sentence(db: Database) -> None:
    with pytest.raises(InvalidInput, match="cannot be stored"), db.write() as session:
        session.add(AppUser(name="half a pair: \ud800", roles=[]))
    with db.read() as session:
        assert users.named(session, "half a pair: \ud800") is None


def test_zero_byte_is_stored_or_refused_in_words(db: Database) -> None:
    """SQLite takes it, PostgreSQL does not; neither breaks."""
    refused = ""
    try:
        with db.write() as session:
            session.add(AppUser(name="a\0b", roles=[]))
    except InvalidInput as error:
        refused = error.message
    assert ("cannot be stored" in refused) == (not db.is_sqlite)


@pytest.mark.parametrize("name", ["a\0b", "", "x" * 5000, "ann'; --", "\ud800", "é"])
def test_name_that_nobody_can_have_is_nobodys(db: Database, name: str) -> None:
    with db.read() as session:
        assert users.named(session, name) is None
