"""The audit chain, walked from its first row: is every row whole, and bound to the one before?"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.events import FIRST, AuditEvent, digest

BATCH = 1_000


@dataclass(frozen=True)
class Break:
    """The first row that does not hold, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class ChainReport:
    """What the walk found: rows that hold, the hash of the last of them, and the first break."""

    rows: int
    head: str
    broken: Break | None = None

    @property
    def is_whole(self) -> bool:
        """True when no row is broken."""
        return self.broken is None


@needs(Capability.AUDIT_READ)
def verify_chain(db: Database, actor: Actor, known_head: str = "") -> ChainReport:
    """Walk the whole chain; see `walk`."""
    return walk(db, known_head)


def walk(db: Database, known_head: str = "") -> ChainReport:
    """Recompute every row's SHA-256 and compare it with what the row and its follower carry.

    Rows cut off at the end leave a chain that is whole by itself: pass the hash printed by an
    earlier walk as `known_head`, and its absence counts as a break.
    """
    with db.read() as session:
        report, known = _walk(session, known_head)
    if report.broken or known:
        return report
    reason = f"the row with the known hash {known_head[:12]}… is gone"
    return ChainReport(report.rows, report.head, Break(report.rows + 1, reason))


def _walk(session: Session, known_head: str) -> tuple[ChainReport, bool]:
    rows, head, known = 0, FIRST, known_head in ("", FIRST)
    ordered = select(AuditEvent).order_by(col(AuditEvent.number))
    for event in session.exec(ordered, execution_options={"yield_per": BATCH}):
        reason = _fault(event, head)
        if reason:
            return ChainReport(rows, head, Break(event.number or 0, reason)), known
        rows, head = rows + 1, event.hash
        known = known or head == known_head
        session.expunge(event)
    return ChainReport(rows, head), known


def _fault(event: AuditEvent, head: str) -> str:
    if event.previous_hash != head:
        return "it does not carry the hash of the row before: a row was removed, added or moved"
    if digest(event) != event.hash:
        return "its content does not match its hash: the row was changed"
    return ""
