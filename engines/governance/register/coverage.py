"""Policy coverage: which models of the inventory meet each requirement of a policy version."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.model_ref import ModelRef
from engines.governance.approvals.models import Submission
from engines.governance.policies import Policy, PolicyVersion
from engines.governance.register.port import ModelRecord, Models
from engines.governance.register.report import WORDS, rows_of, votes_of

NEVER = "never_submitted"
STANDS: Mapping[str, str] = {
    **{state.value: words for state, words in WORDS.items()},
    NEVER: "never submitted",
}
UNKNOWN = "Nothing is known: this model was never submitted for approval."


@dataclass(frozen=True)
class CoverageRow:
    """One requirement for one model. `stands` is a key of STANDS."""

    model: ModelRef
    title: str
    owner: str
    requirement: str
    theme: str
    stands: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class CoverageFilter:
    """Which rows to list; what is empty does not narrow."""

    text: str = ""
    requirement: str = ""
    stands: tuple[str, ...] = ()
    page: int = 1
    size: int = 25


@dataclass(frozen=True)
class Coverage:
    """One page of rows, how many match, and how many models stand how, by requirement."""

    rows: list[CoverageRow]
    total: int
    models: int
    counts: Mapping[str, Counter[str]]


@needs(Capability.APPROVAL_READ)
def policy_coverage(
    db: Database, actor: Actor, models: Models, version: PolicyVersion, wanted: CoverageFilter
) -> Coverage:
    """Every model that is not archived, by its newest submission; counts are of all of them."""
    everything = _everything(db, models.all(actor), version.policy)
    found = [row for row in everything if _matches(row, wanted)]
    last = max(len(found) - 1, 0) // wanted.size
    skipped = wanted.size * min(max(wanted.page - 1, 0), last)
    counts: dict[str, Counter[str]] = {r.id: Counter() for r in version.policy.requirements}
    for row in everything:
        counts[row.requirement][row.stands] += 1
    covered = len({row.model for row in everything})
    return Coverage(found[skipped : skipped + wanted.size], len(found), covered, counts)


@needs(Capability.APPROVAL_READ)
def coverage_table(
    db: Database, actor: Actor, models: Models, version: PolicyVersion, wanted: CoverageFilter
) -> list[dict[str, Any]]:
    """All matching rows as a table."""
    named = f"{version.name} {version.version}"
    return [
        {
            "policy": named, "model": str(row.model), "title": row.title, "owner": row.owner,
            "requirement": row.requirement, "theme": row.theme, "status": STANDS[row.stands],
            "evidence": " ".join(row.evidence),
        }
        for row in _everything(db, models.all(actor), version.policy)
        if _matches(row, wanted)
    ]  # fmt: skip


def _everything(db: Database, records: Iterable[ModelRecord], policy: Policy) -> list[CoverageRow]:
    with db.read() as session:
        newest, votes = _newest(session), votes_of(session, None)
    found: list[CoverageRow] = []
    for record in records:
        submission = newest.get(record.model)
        if record.archived:
            continue
        if submission is None:
            found += (_row(record, r.id, r.theme, NEVER, (UNKNOWN,)) for r in policy.requirements)
        else:
            told = rows_of(policy, submission, votes)
            found += (_row(record, r.requirement, r.theme, r.state, r.evidence) for r in told)
    return found


def _row(
    record: ModelRecord, requirement: str, theme: str, stands: str, evidence: tuple[str, ...]
) -> CoverageRow:
    return CoverageRow(
        record.model, record.title, record.owner, requirement, theme, str(stands), evidence
    )


def _newest(session: Session) -> dict[ModelRef, Submission]:
    query = select(Submission).where(col(Submission.submitted_at).is_not(None))
    return {row.model: row for row in session.exec(query.order_by(col(Submission.submitted_at)))}


def _matches(row: CoverageRow, wanted: CoverageFilter) -> bool:
    said = f"{row.title} {row.owner} {row.model} {row.theme}".casefold()
    return (
        all(word in said for word in wanted.text.casefold().split())
        and wanted.requirement in ("", row.requirement)
        and (not wanted.stands or row.stands in wanted.stands)
    )
