"""Find findings: filters, paging, and all of them as a table."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.governance.register.finding_states import WORKED_ON, FindingState, Severity
from engines.governance.register.models import Finding

PAGE_SIZE = 25
EXPORT_ROWS = 100_000


@dataclass(frozen=True)
class FindingFilter:
    """Which findings to list; what is empty does not narrow. `page` counts from 1."""

    text: str = ""
    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    owner_id: str = ""
    model: str = ""
    overdue: bool = False
    page: int = 1
    size: int = PAGE_SIZE


@dataclass(frozen=True)
class FindingPage:
    """One page of findings and how many there are in all."""

    rows: list[Finding]
    total: int


def is_overdue(finding: Finding, today: date | None = None) -> bool:
    """True when its day has passed and it is still worked on."""
    late = finding.due_on < (today or now().date())
    return late and FindingState(finding.state) in WORKED_ON


@needs(Capability.INVENTORY_READ)
def findings(db: Database, actor: Actor, wanted: FindingFilter) -> FindingPage:
    """The findings that match: what is worked on first, then by severity and day."""
    narrowed = _narrowed(wanted)
    count = select(sa.func.count()).select_from(Finding).where(*narrowed)
    ordered = select(Finding).where(*narrowed).order_by(*_order())
    with db.read() as session:
        total = session.exec(count).one()
        skipped = wanted.size * min(max(wanted.page - 1, 0), max(total - 1, 0) // wanted.size)
        return FindingPage(list(session.exec(ordered.offset(skipped).limit(wanted.size))), total)


@needs(Capability.INVENTORY_READ)
def finding_rows(db: Database, actor: Actor, wanted: FindingFilter) -> list[dict[str, Any]]:
    """All matching findings as rows of a table, at most `EXPORT_ROWS`."""
    narrowed = select(Finding).where(*_narrowed(wanted)).order_by(*_order()).limit(EXPORT_ROWS)
    with db.read() as session:
        return [{**f.model_dump(), "overdue": is_overdue(f)} for f in session.exec(narrowed)]


def _narrowed(wanted: FindingFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [_mentions(word) for word in wanted.text.split()]
    if wanted.states:
        conditions.append(col(Finding.state).in_(wanted.states))
    if wanted.severities:
        conditions.append(col(Finding.severity).in_(wanted.severities))
    if wanted.owner_id:
        conditions.append(col(Finding.owner_id) == wanted.owner_id)
    if wanted.model:
        run_id, _, task = wanted.model.partition("/")
        conditions += [col(Finding.run_id) == run_id, col(Finding.task) == task]
    return [*conditions, *overdue_conditions()] if wanted.overdue else conditions


def overdue_conditions() -> list[sa.ColumnElement[bool]]:
    """True of the findings that are overdue."""
    late = col(Finding.due_on) < now().date()
    return [late, col(Finding.state).in_([state.value for state in WORKED_ON])]


def _mentions(word: str) -> sa.ColumnElement[bool]:
    places = (Finding.title, Finding.text, Finding.model_title, Finding.owner_name)
    return sa.or_(*(col(place).icontains(word, autoescape=True) for place in places))


def _order() -> list[Any]:
    state = {name.value: place for place, name in enumerate(FindingState)}
    weight = {name.value: place for place, name in enumerate(Severity)}
    return [
        sa.case(state, value=col(Finding.state), else_=9) == state[FindingState.CLOSED],
        sa.case(weight, value=col(Finding.severity), else_=9),
        col(Finding.due_on),
        col(Finding.id),
    ]
