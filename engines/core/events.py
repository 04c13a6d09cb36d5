"""The audit trail: append-only rows, each carrying the hash of the one before it."""

import hashlib
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import JSON, Column, Field, Session, SQLModel, select

from engines.core.access import Actor
from engines.core.correlation import correlation_id
from engines.core.database import UtcDateTime, now

FIRST = "0" * 64
CHAIN_LOCK = 0x4D4C4141  # any constant: the PostgreSQL advisory lock that serialises the chain
APPEND_ONLY = "the audit trail is append-only"


class AuditEvent(SQLModel, table=True):
    """One act: who did what to which subject, when, and the hash that binds it to its past."""

    __tablename__ = "audit_event"

    number: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str
    actor_name: str
    act: str = Field(index=True)
    subject: str = Field(index=True)
    detail: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    correlation_id: str
    previous_hash: str = Field(unique=True)
    hash: str = Field(unique=True)


def digest(event: AuditEvent) -> str:
    """SHA-256 (hex) over the event's content and the hash before it."""
    content = event.model_dump(exclude={"number", "hash"})
    content["at"] = event.at.isoformat()
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def record(session: Session, actor: Actor, act: str, subject: str, **detail: Any) -> AuditEvent:
    """Append one event inside the caller's transaction, so that both stand or fall."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(CHAIN_LOCK)))
    event = AuditEvent(
        at=now(),
        actor_id=actor.id,
        actor_name=actor.name,
        act=act,
        subject=subject,
        detail=json.loads(json.dumps(detail, default=str)),
        correlation_id=correlation_id(),
        previous_hash=head(session),
        hash="",
    )
    event.hash = digest(event)
    session.add(event)
    session.flush()
    return event


def head(session: Session) -> str:
    """The hash of the newest event."""
    newest = select(AuditEvent.hash).order_by(sa.desc(sa.column("number"))).limit(1)
    return session.exec(newest).first() or FIRST


def _refuse(operation: str) -> tuple[str, str]:
    """The trigger that refuses `operation` on the audit table, for SQLite and PostgreSQL."""
    name = f"audit_event_no_{operation.lower()}"
    lite = (
        f"CREATE TRIGGER {name} BEFORE {operation} ON audit_event "
        f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"
    )
    level = "STATEMENT" if operation == "TRUNCATE" else "ROW"
    post = (
        f"CREATE TRIGGER {name} BEFORE {operation} ON audit_event "
        f"FOR EACH {level} EXECUTE FUNCTION audit_event_refuse()"
    )
    return lite, post


POSTGRES_FUNCTION = (
    "CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END $$"
)


def append_only_statements(dialect: str) -> list[str]:
    """DDL that makes the audit table append-only on the given dialect."""
    if dialect == "sqlite":
        return [_refuse("UPDATE")[0], _refuse("DELETE")[0]]
    triggers = [_refuse(operation)[1] for operation in ("UPDATE", "DELETE", "TRUNCATE")]
    return [POSTGRES_FUNCTION, *triggers]
