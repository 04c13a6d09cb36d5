"""Find experiments: search, filters, paging."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import col, select

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, columns
from engines.projects.models import Experiment

PAGE_SIZE = 25


@dataclass(frozen=True)
class ExperimentFilter:
    """What to list; empty fields do not restrict. `page` counts from 1."""

    text: str = ""
    states: tuple[str, ...] = ()
    owner_id: str = ""
    archived: bool = False
    page: int = 1
    size: int = PAGE_SIZE


@dataclass(frozen=True)
class ExperimentPage:
    """One page of a listing and the number of experiments in all of it."""

    rows: list[Experiment]
    total: int


@needs(Capability.EXPERIMENT_READ)
def find(db: Database, actor: Actor, wanted: ExperimentFilter) -> ExperimentPage:
    """The experiments that match, newest change first."""
    matching = _matching(wanted)
    counting = select(sa.func.count()).select_from(matching.subquery())
    newest = matching.order_by(col(Experiment.updated_at).desc(), col(Experiment.id))
    shown = newest.offset((wanted.page - 1) * wanted.size).limit(wanted.size)
    with db.read() as session:
        return ExperimentPage(list(session.exec(shown).all()), session.exec(counting).one())


def _matching(wanted: ExperimentFilter):  # type: ignore[no-untyped-def]  # SQLModel's own generic
    archived = col(Experiment.archived_at)
    query = select(Experiment).where(
        archived.is_not(None) if wanted.archived else archived.is_(None)
    )
    if wanted.text.strip():
        words = f"%{_literal(wanted.text.strip().lower())}%"
        name, description = sa.func.lower(Experiment.name), sa.func.lower(Experiment.description)
        query = query.where(name.like(words, escape="\\") | description.like(words, escape="\\"))
    if wanted.states:
        query = query.where(col(Experiment.state).in_(wanted.states))
    if wanted.owner_id:
        query = query.where(Experiment.owner_id == wanted.owner_id)
    return query


def _literal(text: str) -> str:
    """The text with LIKE's wildcards taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True)
class Title:
    """An experiment's name and owner, and whether it lies in the archive."""

    name: str
    owner_id: str
    owner_name: str
    archived: bool


@needs(Capability.EXPERIMENT_READ)
def titles(db: Database, actor: Actor, experiment_id: str = "") -> dict[str, Title]:
    """Id to title of every experiment, archived ones too; of one when it is named."""
    query = sa.select(*columns(Experiment, "id", "name", "owner_id", "owner_name", "archived_at"))
    query = query.where(col(Experiment.id) == experiment_id) if experiment_id else query
    with db.read() as session:
        found = session.execute(query).all()
    return {
        key: Title(name, owner, said, gone is not None) for key, name, owner, said, gone in found
    }
