"""Figures of the dashboard, counted by the database: fast with thousands of submissions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlmodel import Session, col

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, columns, now
from engines.governance.approvals.models import GateDecision, Submission, Vote
from engines.governance.approvals.states import DECIDED, Decision, State
from engines.governance.register.finding_list import overdue_conditions
from engines.governance.register.models import Finding, InventoryEntry

AGES = (("up to 2 days", 2), ("3 to 5 days", 5), ("6 to 10 days", 10), ("over 10 days", None))
REASONS = 10  # the most frequent ones
UNANSWERED = "no reason given"
ENDED_BY_CHECKERS = (State.REJECTED.value, State.RETURNED.value)
ANSWERED = (*ENDED_BY_CHECKERS, *(state.value for state in DECIDED))


class Seconds(GenericFunction[float]):
    """Seconds between two moments, on either database."""

    type = sa.Float()
    inherit_cache = True
    name = "mlaas_seconds"


@compiles(Seconds, "sqlite")
def _sqlite_seconds(element: Any, compiler: Any, **kw: Any) -> str:
    first, last = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({last}) - julianday({first})) * 86400.0)"


@compiles(Seconds, "postgresql")
def _postgresql_seconds(element: Any, compiler: Any, **kw: Any) -> str:
    first, last = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"EXTRACT(EPOCH FROM ({last} - {first}))"


@dataclass(frozen=True)
class CycleTime:
    """Days from submission to answer in one month (year, month), nearest-rank percentiles."""

    month: str
    answered: int
    median: float
    p90: float


@dataclass(frozen=True)
class Overview:
    """What the dashboard shows. Cycle times, reasons and refusals are since `since`."""

    since: datetime
    waiting: Mapping[tuple[str, str], int]  # (role, age) -> submissions
    waiting_total: int
    late: int  # waiting beyond the day the policy sets
    states: Mapping[str, int]
    cycle: Sequence[CycleTime]
    overall: CycleTime
    reasons: Sequence[tuple[str, str, int]]  # state, reason, how often
    refusals: Sequence[tuple[str, str, int]]  # purpose, reason, how often
    refused_total: int
    allowed_total: int
    reviews_overdue: int
    findings_overdue: Mapping[str, int]  # severity -> findings
    findings_open: Mapping[str, int]


@needs(Capability.APPROVAL_READ)
def overview(db: Database, actor: Actor, days: int = 365) -> Overview:
    """The figures of the last `days` days, and what waits or is overdue now."""
    moment = now()
    since = moment - timedelta(days=days)
    with db.read() as session:
        waiting, total, late = _waiting(session, moment)
        answered, per_month = _cycle(session, since)
        allowed = _gate_counts(session, since)
        worked_on, overdue = _findings(session)
        return Overview(
            since, waiting, total, late, _states(session), per_month, answered,
            _reasons(session, since), _refusals(session, since),
            allowed[False], allowed[True], _reviews(session, moment), overdue, worked_on,
        )  # fmt: skip


def as_rows(found: Overview) -> list[dict[str, Any]]:
    """Every figure as a row: what, of what, how much."""
    rows: list[tuple[str, str, float]] = [
        *(("waiting", f"{role}, {age}", n) for (role, age), n in found.waiting.items()),
        ("waiting beyond the policy's time", "", found.late),
        *(("submissions", state, n) for state, n in found.states.items()),
        *(("answered", each.month, each.answered) for each in found.cycle),
        *(("days to an answer, median", each.month, each.median) for each in found.cycle),
        *(("days to an answer, 90th percentile", each.month, each.p90) for each in found.cycle),
        *((state, reason, n) for state, reason, n in found.reasons),
        *((f"refused: {purpose}", reason, n) for purpose, reason, n in found.refusals),
        ("reviews overdue", "", found.reviews_overdue),
        *(("findings open", severity, n) for severity, n in found.findings_open.items()),
        *(("findings overdue", severity, n) for severity, n in found.findings_overdue.items()),
    ]
    return [{"figure": figure, "of": of, "value": value} for figure, of, value in rows]


def _waiting(session: Session, moment: datetime) -> tuple[dict[tuple[str, str], int], int, int]:
    """What waits for each role, by age: the roles of the lowest level with votes missing."""
    s, v = Submission, Vote
    open_now = sa.select(*columns(s, "id", "submitted_at", "answer_by", "requirements"))
    rows = session.execute(open_now.where(col(s.state) == State.SUBMITTED.value)).all()
    fills = sa.func.coalesce(v.in_place_of, v.role).label("fills")
    own = columns(v, "submission_id", "level")
    yes = sa.select(*own, fills, sa.func.count().label("n"))
    yes = yes.join(s, col(s.id) == col(v.submission_id))
    yes = yes.where(col(s.state) == State.SUBMITTED.value)
    yes = yes.where(col(v.decision) == Decision.APPROVE.value)
    yes = yes.group_by(*own, fills)
    given = {(r.submission_id, r.level, r.fills): r.n for r in session.execute(yes)}
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        age = _age(moment - (row.submitted_at or moment))
        found.update((role, age) for role in _asked_now(row, given))
    late = sum(row.answer_by is not None and row.answer_by < moment for row in rows)
    return dict(found), len(rows), late


def _asked_now(row: Any, given: Mapping[tuple[str, int, str], int]) -> set[str]:
    asked: Counter[tuple[int, str]] = Counter()
    for each in row.requirements.get("approvals", ()):
        asked[each["level"], each["role"]] += each["count"]
    missing = {slot for slot, n in asked.items() if given.get((row.id, *slot), 0) < n}
    lowest = min((level for level, _ in missing), default=0)
    return {role for level, role in missing if level == lowest}


def _age(waited: timedelta) -> str:
    return next(name for name, days in AGES if days is None or waited <= timedelta(days=days))


def _states(session: Session) -> dict[str, int]:
    counted = sa.select(*columns(Submission, "state"), sa.func.count()).group_by(Submission.state)
    return {row[0]: row[1] for row in session.execute(counted)}


def _cycle(session: Session, since: datetime) -> tuple[CycleTime, list[CycleTime]]:
    """Nearest-rank percentiles in SQL: the row whose rank is the share of the count, rounded up."""
    s, decided = Submission, col(Submission.decided_at)
    took = Seconds(s.submitted_at, s.decided_at).label("took")
    month = (sa.extract("year", decided) * 100 + sa.extract("month", decided)).label("m")
    answered = sa.select(took, month).where(
        col(s.state).in_(ANSWERED),
        col(s.submitted_at).is_not(None),
        col(s.decided_at) >= since,
    )
    inner = answered.subquery()
    each = _ranked(session, inner, inner.c.m)
    every = _ranked(session, inner, sa.literal(0))
    none = CycleTime("all", 0, 0.0, 0.0)
    return (every[0] if every else none), each


def _ranked(session: Session, inner: Any, month: Any) -> list[CycleTime]:
    rank = sa.func.row_number().over(partition_by=month, order_by=inner.c.took)
    size = sa.func.count().over(partition_by=month)
    ranks = sa.select(
        sa.cast(month, sa.Integer).label("m"),
        inner.c.took,
        rank.label("rank"),
        size.label("n"),
    ).subquery()
    at = [
        sa.func.max(sa.case((ranks.c.rank == (ranks.c.n * share + 99) // 100, ranks.c.took)))
        for share in (50, 90)
    ]
    query = sa.select(ranks.c.m, sa.func.max(ranks.c.n), *at).group_by(ranks.c.m)
    return [
        CycleTime(_month(m), n, half / 86_400, most / 86_400)
        for m, n, half, most in session.execute(query.order_by(ranks.c.m))
    ]


def _month(number: int) -> str:
    return f"{number // 100:04d}-{number % 100:02d}" if number else "all"


def _reasons(session: Session, since: datetime) -> list[tuple[str, str, int]]:
    s = Submission
    query = sa.select(*columns(s, "state", "reason"), sa.func.count().label("n"))
    query = query.where(col(s.state).in_(ENDED_BY_CHECKERS), col(s.decided_at) >= since)
    query = query.group_by(*columns(s, "state", "reason"))
    query = query.order_by(sa.desc("n"), *columns(s, "state", "reason")).limit(REASONS)
    return [(row.state, row.reason or UNANSWERED, row.n) for row in session.execute(query)]


def _refusals(session: Session, since: datetime) -> list[tuple[str, str, int]]:
    g = GateDecision
    query = sa.select(*columns(g, "purpose", "reason"), sa.func.count().label("n"))
    query = query.where(col(g.allowed).is_(False), col(g.at) >= since)
    query = query.group_by(*columns(g, "purpose", "reason"))
    query = query.order_by(sa.desc("n"), *columns(g, "purpose", "reason")).limit(REASONS)
    return [(row.purpose, row.reason, row.n) for row in session.execute(query)]


def _gate_counts(session: Session, since: datetime) -> dict[bool, int]:
    g = GateDecision
    counted = sa.select(*columns(g, "allowed"), sa.func.count()).where(col(g.at) >= since)
    return {False: 0, True: 0} | {
        bool(allowed): n for allowed, n in session.execute(counted.group_by(col(g.allowed)))
    }


def _reviews(session: Session, moment: datetime) -> int:
    late = col(InventoryEntry.review_on) < moment.date()
    query = sa.select(sa.func.count()).select_from(InventoryEntry).where(late)
    return int(session.execute(query).scalar_one())


def _findings(session: Session) -> tuple[dict[str, int], dict[str, int]]:
    f = Finding
    counted = sa.select(*columns(f, "severity"), sa.func.count()).group_by(f.severity)
    still = counted.where(col(f.state) != "closed")
    late = counted.where(*overdue_conditions())
    return (
        {row[0]: row[1] for row in session.execute(still)},
        {row[0]: row[1] for row in session.execute(late)},
    )
