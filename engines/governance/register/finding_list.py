"""Find findings: filters, paging, and all of them as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.model_ref import ModelRef
from engines.governance.register.finding_states import WORKED_ON, FindingState, Severity
from engines.governance.register.models import Finding

PAGE_SIZE = 25
EXPORT_ROWS = 100_000
MOST_LISTED = 500
Titles = Mapping[ModelRef, str]


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
def findings(
    db: Database, actor: Actor, wanted: FindingFilter, titles: Titles | None = None
) -> FindingPage:
    """The findings that match: what is worked on first, then by severity and day.

    `titles` are what the models are called now; without one, a model keeps the name it had when
    the finding was opened.
    """
    named = titles or {}
    narrowed = _narrowed(wanted, named)
    count = select(sa.func.count()).select_from(Finding).where(*narrowed)
    ordered = select(Finding).where(*narrowed).order_by(*_order())
    with db.read() as session:
        total = session.exec(count).one()
        skipped = wanted.size * min(max(wanted.page - 1, 0), max(total - 1, 0) // wanted.size)
        rows = list(session.exec(ordered.offset(skipped).limit(wanted.size)))
    return FindingPage([_renamed(row, named) for row in rows], total)


@needs(Capability.INVENTORY_READ)
def finding_rows(
    db: Database, actor: Actor, wanted: FindingFilter, titles: Titles | None = None
) -> list[dict[str, Any]]:
    """All matching findings as rows of a table, at most `EXPORT_ROWS`; `titles` as above."""
    named = titles or {}
    narrowed = select(Finding).where(*_narrowed(wanted, named))
    with db.read() as session:
        rows = list(session.exec(narrowed.order_by(*_order()).limit(EXPORT_ROWS)))
    return [{**_renamed(f, named).model_dump(), "overdue": is_overdue(f)} for f in rows]


def _renamed(row: Finding, titles: Titles) -> Finding:
    """The finding with its model's name of now; read only, nothing is stored."""
    title = titles.get(row.model, row.model_title)
    return Finding(**{**row.model_dump(), "model_title": title})


def _narrowed(wanted: FindingFilter, titles: Titles) -> list[sa.ColumnElement[bool]]:
    words = wanted.text.split()
    conditions: list[sa.ColumnElement[bool]] = [_mentions(word, titles) for word in words]
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


def _mentions(word: str, titles: Titles) -> sa.ColumnElement[bool]:
    places = (Finding.title, Finding.text, Finding.model_title, Finding.owner_name)
    named = [(m.run_id, m.task) for m, title in titles.items() if word.lower() in title.lower()]
    model = sa.tuple_(col(Finding.run_id), col(Finding.task))
    parts = (named[start : start + MOST_LISTED] for start in range(0, len(named), MOST_LISTED))
    found = [col(place).icontains(word, autoescape=True) for place in places]
    return sa.or_(*found, *(model.in_(part) for part in parts))


def _order() -> list[Any]:
    state = {name.value: place for place, name in enumerate(FindingState)}
    weight = {name.value: place for place, name in enumerate(Severity)}
    return [
        sa.case(state, value=col(Finding.state), else_=9) == state[FindingState.CLOSED],
        sa.case(weight, value=col(Finding.severity), else_=9),
        col(Finding.due_on),
        col(Finding.id),
    ]
