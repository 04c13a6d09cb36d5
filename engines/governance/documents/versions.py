"""Sections as they were saved: the newest, the older ones, and what changed between two."""

import difflib
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.model_ref import ModelRef
from engines.governance.documents.desk import Desk
from engines.governance.documents.models import DocumentVersion
from engines.governance.documents.standing import Gap, Section, gaps, told
from engines.governance.documents.templates import Templates


@needs(Capability.RESULTS_READ)
def read(desk: Desk, actor: Actor, model: ModelRef) -> list[Section]:
    """The newest version of every stored section. Raises NotFound or NotAllowed."""
    desk.origins.experiment_of(actor, model.run_id)
    return current(desk.db, model)


@needs(Capability.RESULTS_READ)
def history(desk: Desk, actor: Actor, model: ModelRef, kind: str, section: str) -> list[Section]:
    """Every version of one section, newest first. Raises NotFound or NotAllowed."""
    desk.origins.experiment_of(actor, model.run_id)
    mine = _of(model).where(DocumentVersion.kind == kind, DocumentVersion.section == section)
    with desk.db.read() as session:
        return [
            told(row) for row in session.exec(mine.order_by(col(DocumentVersion.version).desc()))
        ]


def current(db: Database, model: ModelRef) -> list[Section]:
    """The newest version of every stored section, by kind and section; the caller has checked."""
    with db.read() as session:
        return current_in(session, model)


def current_in(session: Session, model: ModelRef) -> list[Section]:
    """As `current`, inside the caller's transaction."""
    rows = session.exec(_of(model).order_by(col(DocumentVersion.version))).all()
    newest = {(row.kind, row.section): row for row in rows}
    return [told(newest[place]) for place in sorted(newest)]


def hashes(db: Database, model: ModelRef) -> dict[str, str]:
    """SHA-256 of every section's newest text by “kind/section”; what an approval covers."""
    with db.read() as session:
        return hashes_in(session, model)


def hashes_in(session: Session, model: ModelRef) -> dict[str, str]:
    """As `hashes`, inside the caller's transaction."""
    return {f"{s.kind}/{s.section}": s.sha256 for s in current_in(session, model)}


def missing(
    db: Database, templates: Templates, model: ModelRef, wanted: Mapping[str, Sequence[str]]
) -> list[Gap]:
    """What a policy asks for, {kind: section keys}, and the model does not have; the caller has
    checked. Raises NotFound for a kind or section that the templates do not have."""
    return gaps(templates, current(db, model), wanted)


def difference(old: str, new: str) -> str:
    """What changed from one text to another, as a unified diff; empty when nothing did."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="")
    return "\n".join(lines)


def _of(model: ModelRef) -> SelectOfScalar[DocumentVersion]:
    mine = select(DocumentVersion).where(DocumentVersion.run_id == model.run_id)
    return mine.where(DocumentVersion.task == model.task)
