"""Databases for the tests, on the backend of this run; tests/conftest.py takes them over."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from engines.core.database import Database
from engines.core.events import append_only_statements
from tests.harness.postgres import PostgresServer, postgres_server

BACKENDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--database`: the backend the suite runs on."""
    parser.addoption(
        "--database", choices=BACKENDS, default=BACKENDS[0], help="run the suite on it"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL keep the tests that touch the database; the others would say the same again."""
    if config.getoption("--database") == "sqlite":
        return
    kept = [item for item in items if "database_url" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this run; fails when it is not installed."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("migrated") / "mlaas.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_name(postgres: PostgresServer) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    url = postgres.create()
    _migrate(url)
    return str(sa.make_url(url).database)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database of this test's own."""
    if request.config.getoption("--database") == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "mlaas.db")
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create(template=request.getfixturevalue("migrated_name"))
    yield url
    server.drop(url)


def _migrate(url: str) -> None:
    db = Database(url)
    SQLModel.metadata.create_all(db.engine)
    with db.engine.begin() as connection:
        for statement in append_only_statements(db.url.get_backend_name()):
            connection.exec_driver_sql(statement)
    db.engine.dispose()
