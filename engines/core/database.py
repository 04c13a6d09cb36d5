"""The database: read sessions and serialised write sessions, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session, SQLModel

from engines.core.errors import BackendUnavailable, InvalidInput

# Every constraint gets a name on both databases, so that later migrations can alter it.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.TypeDecorator[datetime]):
    """Aware UTC datetimes in and out; SQLite alone would forget the zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """To naive UTC on the way in."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """To aware UTC on the way out."""
        return value.replace(tzinfo=UTC) if value else None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh random identifier: 32 hexadecimal characters."""
    return uuid4().hex


def columns(table: type[SQLModel], *names: str) -> list[Any]:
    """These columns of a table, to be selected without making objects of its rows."""
    return [getattr(table, name) for name in names]


class Database:
    """Sessions on one database. Write sessions are serialised from their first statement."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.engine = sa.create_engine(self.url, **_options(self.url))
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @property
    def is_sqlite(self) -> bool:
        """True on the embedded backend."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that is rolled back at the end. Raises BackendUnavailable or InvalidInput."""
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session committed at the end, rolled back on any error. Raises as `read` does."""
        engine = self.engine.execution_options(immediate=True)
        with _translated(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sa.exc.DataError, UnicodeEncodeError) as error:
        raise InvalidInput(
            "A text or number cannot be stored: it holds a character or size the database refuses.",
            hint="Remove control characters and try again.",
        ) from error
    except sa.exc.OperationalError as error:
        raise BackendUnavailable(
            "The database did not answer.", hint="Try again; if it stays, tell the platform team."
        ) from error


def _options(url: sa.URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": 30, "check_same_thread": False}}
    return {"pool_pre_ping": True}


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: `begin` below chooses their kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
