"""The audit rows of a database, oldest first: a table without an order keeps none."""

from sqlmodel import col, select

from engines.core.database import Database
from engines.core.events import AuditEvent


def audit_events(db: Database, act: str = "") -> list[AuditEvent]:
    """All audit rows, or those of one act."""
    query = select(AuditEvent).order_by(col(AuditEvent.number))
    with db.read() as session:
        return list(session.exec(query.where(AuditEvent.act == act) if act else query))


def acts(db: Database) -> list[str]:
    """What was done."""
    return [event.act for event in audit_events(db)]
