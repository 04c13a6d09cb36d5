"""What is different from the submission before: metrics, schema, parameters, documents, items."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotFound
from engines.governance import documents
from engines.governance.approvals import content
from engines.governance.approvals.content import Change, Item, Kind
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Board


@dataclass(frozen=True)
class Differing:
    """One value then and now; None where there was or is none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class DocumentChange:
    """One section of a document whose text is another; `text` is a unified diff."""

    name: str
    text: str


@dataclass(frozen=True)
class Difference:
    """A submission against the one before it; `previous` is None for the first."""

    previous: Submission | None
    metrics: tuple[Differing, ...] = ()
    schema: tuple[Differing, ...] = ()
    parameters: tuple[Differing, ...] = ()
    documents: tuple[DocumentChange, ...] = ()
    items: tuple[Change, ...] = ()


@needs(Capability.APPROVAL_READ)
def difference(board: Board, actor: Actor, submission_id: str) -> Difference:
    """What changed since the submission before. Raises NotFound or NotAllowed."""
    with board.db.read() as session:
        row = session.get(Submission, submission_id)
        if row is None:
            raise NotFound("There is no such submission.", hint="Choose one from the list.")
        board.experiments.check_readable(actor, row.experiment_id)
        before = session.get(Submission, row.previous_id) if row.previous_id else None
        if before is None or not row.items:
            return Difference(before)
        changed = content.changes(content.of(before), content.of(row))
        return Difference(
            previous=before,
            metrics=_differing(before, row, "metrics"),
            schema=_differing(before, row, "schema"),
            parameters=_differing(before, row, "parameters"),
            documents=tuple(_documents(session, before, row)),
            items=tuple(changed),
        )


def _differing(before: Submission, after: Submission, what: str) -> tuple[Differing, ...]:
    old: Mapping[str, Any] = before.snapshot.get(what, {})
    new: Mapping[str, Any] = after.snapshot.get(what, {})
    names = sorted(old.keys() | new.keys())
    return tuple(
        Differing(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )


def _documents(session: Session, before: Submission, after: Submission) -> Iterator[DocumentChange]:
    old, new = _sections(before), _sections(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            texts = [_text(session, row, name, known.get(name)) for row, known in (
                (before, old), (after, new),
            )]  # fmt: skip
            yield DocumentChange(name, documents.difference(*texts))


def _sections(row: Submission) -> dict[str, str]:
    items: list[Item] = content.of(row)
    return {item.name: item.sha256 for item in items if item.kind == Kind.DOCUMENT}


def _text(session: Session, row: Submission, name: str, sha256: str | None) -> str:
    """The text of a section with that hash; every version is kept."""
    kind, _, section = name.partition("/")
    stored = documents.DocumentVersion
    query = select(stored.text).where(
        stored.run_id == row.run_id,
        stored.task == row.task,
        stored.kind == kind,
        stored.section == section,
        stored.sha256 == (sha256 or ""),
    )
    return session.exec(query.limit(1)).first() or ""
