"""Migrations lead to the models' tables, on SQLite and on PostgreSQL, and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.migration import metadata
from engines.core import events, migrate
from engines.core.access import Actor
from engines.core.database import Database
from tests.harness.postgres import PostgresServer

SYSTEM = Actor("system", "system", frozenset())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table."""
    if request.param == "sqlite":
        yield Database(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    db = Database(server.create())
    yield db
    db.engine.dispose()
    server.drop(db.url.render_as_string(hide_password=False))


def test_upgrade_leads_to_the_models(empty_db: Database) -> None:
    migrate.upgrade(empty_db)
    assert migrate.differences(empty_db, metadata()) == []


def test_upgrade_again_changes_nothing(empty_db: Database) -> None:
    migrate.upgrade(empty_db)
    with empty_db.write() as session:
        events.record(session, SYSTEM, "test.act", "test:1")
    migrate.upgrade(empty_db)
    with empty_db.read() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(events.AuditEvent)).scalar()


def test_downgrade_takes_everything_back(empty_db: Database) -> None:
    migrate.upgrade(empty_db)
    migrate.downgrade(empty_db, "base")
    assert sa.inspect(empty_db.engine).get_table_names() in ([], ["alembic_version"])
    migrate.upgrade(empty_db)
    assert migrate.differences(empty_db, metadata()) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET act = 'other'", "DELETE FROM audit_event"]
)
def test_audit_row_refuses_change(empty_db: Database, statement: str) -> None:
    migrate.upgrade(empty_db)
    with empty_db.write() as session:
        events.record(session, SYSTEM, "test.act", "test:1")
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        empty_db.engine.begin() as connection,
    ):
        connection.exec_driver_sql(statement)


def test_difference_is_found(empty_db: Database) -> None:
    migrate.upgrade(empty_db)
    with empty_db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE app_user" + _cascade(empty_db))
    assert migrate.differences(empty_db, metadata())


def _cascade(db: Database) -> str:
    return "" if db.is_sqlite else " CASCADE"
