"""Brings the database to the present shape: Alembic, driven from code, on SQLite and PostgreSQL."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlmodel.sql.sqltypes import AutoString

from engines.core.database import Database, UtcDateTime

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(db: Database, to: str = "head") -> None:
    """Apply every migration not yet applied, all of them or none."""
    with _connection(db) as connection:
        command.upgrade(_config(connection), to)


def downgrade(db: Database, to: str) -> None:
    """Take migrations back down to revision `to` ("base" takes back all)."""
    with _connection(db) as connection:
        command.downgrade(_config(connection), to)


def revise(db: Database, metadata: sa.MetaData, message: str) -> None:
    """Write a new revision file that leads from the database's shape to the models'."""
    with _connection(db) as connection:
        config = _config(connection)
        config.attributes["metadata"] = metadata
        command.revision(config, message=message, autogenerate=True, rev_id=_next_number())


def differences(db: Database, metadata: sa.MetaData) -> list[Any]:
    """What separates the migrated database from the models; empty when they are equal."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=comparison_options())
        return list(compare_metadata(context, metadata))


def comparison_options() -> dict[str, Any]:
    """How tables are compared and written, the same for revisions and for the check."""
    return {"compare_type": True, "render_as_batch": True, "render_item": _plain_type}


def _plain_type(kind: str, value: Any, _context: Any) -> str | bool:
    """Write our own column types as SQLAlchemy's, so that old revisions never import our code."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime()"
    if kind == "type" and isinstance(value, AutoString):
        return f"sa.String(length={value.length})" if value.length else "sa.String()"
    return False


def _connection(db: Database) -> Any:
    return db.engine.execution_options(immediate=True).begin()


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _next_number() -> str:
    return f"{len(list((SCRIPTS / 'versions').glob('*.py'))) + 1:04d}"
