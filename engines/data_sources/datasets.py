"""Data sets of an experiment: the current one, its history, and how one takes another's place."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, columns
from engines.core.errors import NotFound
from engines.core.experiments import Experiments, ExperimentState
from engines.core.settings import Limits
from engines.core.tables import Column, Table
from engines.data_sources.ingestion import Ingested
from engines.data_sources.models import Dataset


@dataclass(frozen=True)
class Datasets:
    """Where data sets live: the database, the store of tables and raw files, the uploads."""

    db: Database
    store_dir: Path
    experiments: Experiments
    uploads_dir: Path
    limits: Limits = field(default_factory=Limits)

    @property
    def scratch_dir(self) -> Path:
        """Where readable copies of files lie while they are looked at."""
        return self.uploads_dir / "staged"

    def raw_path(self, raw_sha256: str) -> Path:
        """Where the raw file of that hash is kept."""
        return self.store_dir / "raw" / raw_sha256

    @needs(Capability.DATA_READ)
    def table(self, actor: Actor, dataset_id: str) -> Table:
        """The stored table of one data set. Raises NotFound or NotAllowed."""
        return _as_table(self, get(self, actor, dataset_id))

    @needs(Capability.DATA_READ)
    def current(self, actor: Actor, experiment_id: str) -> Table | None:
        """The table the experiment works on now, or None before it has data."""
        dataset = current(self, actor, experiment_id)
        return _as_table(self, dataset) if dataset else None


def _as_table(datasets: Datasets, dataset: Dataset) -> Table:
    return Table(
        dataset_id=dataset.id,
        experiment_id=dataset.experiment_id,
        path=datasets.store_dir / f"{dataset.sha256}.parquet",
        sha256=dataset.sha256,
        rows=dataset.rows,
        columns=tuple(Column.from_json(column) for column in dataset.columns),
        anonymised=dataset.anonymised,
    )


@needs(Capability.DATA_READ)
def get(datasets: Datasets, actor: Actor, dataset_id: str) -> Dataset:
    """One data set of an experiment the actor may see. Raises NotFound or NotAllowed."""
    with datasets.db.read() as session:
        dataset = session.get(Dataset, dataset_id)
    if dataset is None:
        raise NotFound("There is no such data set.", hint="Open the experiment's Data page.")
    datasets.experiments.check_readable(actor, dataset.experiment_id)
    return dataset


@needs(Capability.DATA_READ)
def current(datasets: Datasets, actor: Actor, experiment_id: str) -> Dataset | None:
    """The data set in use, or None before there is one."""
    datasets.experiments.check_readable(actor, experiment_id)
    with datasets.db.read() as session:
        return _current(session, experiment_id)


@needs(Capability.DATA_READ)
def history(datasets: Datasets, actor: Actor, experiment_id: str) -> list[Dataset]:
    """Every version of the experiment's data, newest first."""
    datasets.experiments.check_readable(actor, experiment_id)
    mine = select(Dataset).where(Dataset.experiment_id == experiment_id)
    with datasets.db.read() as session:
        return list(session.exec(mine.order_by(col(Dataset.created_at).desc())).all())


@needs(Capability.DATA_WRITE)
def attach(
    datasets: Datasets,
    actor: Actor,
    experiment_id: str,
    table: Ingested,
    name: str,
    change: str = "Added",
) -> Dataset:
    """Make a stored table the experiment's data; the former version stays in its history.

    Whether names are anonymised carries over from the former version. Attaching what is already
    in use does nothing. Raises NotAllowed or NotFound.
    """
    datasets.experiments.check_editable(actor, experiment_id)
    with datasets.db.write() as session:
        former = _current(session, experiment_id)
        if former and (former.sha256, former.name) == (table.sha256, name):
            return former
        dataset = _new(actor, experiment_id, table, name, change, former)
        _supersede(session, experiment_id)
        session.add(dataset)
        session.flush()
        _record(session, actor, "dataset.attached", dataset, change=change)
    _touch_raw(datasets, former)
    datasets.experiments.advance(actor, experiment_id, ExperimentState.DATA)
    _describe(datasets, actor, dataset)
    return dataset


@needs(Capability.DATA_WRITE)
def restore(datasets: Datasets, actor: Actor, dataset_id: str) -> Dataset:
    """Bring a former version back into use; nothing is deleted, so this is itself undoable."""
    dataset = get(datasets, actor, dataset_id)
    datasets.experiments.check_editable(actor, dataset.experiment_id)
    with datasets.db.write() as session:
        former = _current(session, dataset.experiment_id)
        _supersede(session, dataset.experiment_id)
        dataset.superseded = False
        dataset = session.merge(dataset)
        _record(session, actor, "dataset.restored", dataset)
    _touch_raw(datasets, former)
    _describe(datasets, actor, dataset)
    return dataset


@needs(Capability.DATA_WRITE)
def set_anonymised(datasets: Datasets, actor: Actor, dataset_id: str, anonymised: bool) -> Dataset:
    """Choose whether names leave the platform as C1..CN. The page always shows the real ones."""
    dataset = get(datasets, actor, dataset_id)
    datasets.experiments.check_editable(actor, dataset.experiment_id)
    with datasets.db.write() as session:
        dataset.anonymised = anonymised
        dataset = session.merge(dataset)
        _record(session, actor, "dataset.anonymised", dataset, anonymised=anonymised)
    return dataset


def _describe(datasets: Datasets, actor: Actor, dataset: Dataset) -> None:
    columns = [Column.from_json(column) for column in dataset.columns]
    datasets.experiments.describe(actor, dataset.experiment_id, columns)


def raw_bytes(datasets: Datasets, session: Session, actor: Actor) -> int:
    """Bytes of the raw files kept for the actor's data sets, each file counted once."""
    sizes = select(Dataset.raw_sha256, sa.func.max(Dataset.bytes)).where(
        Dataset.created_by == actor.id
    )
    found = session.exec(sizes.group_by(Dataset.raw_sha256)).all()
    return sum(size for raw, size in found if datasets.raw_path(raw).exists())


def _touch_raw(datasets: Datasets, former: Dataset | None) -> None:
    """Note on the raw file when it was last in use; its time to be kept begins anew."""
    if former:
        with suppress(FileNotFoundError):
            os.utime(datasets.raw_path(former.raw_sha256))


def _current(session: Session, experiment_id: str) -> Dataset | None:
    mine = select(Dataset).where(
        Dataset.experiment_id == experiment_id, col(Dataset.superseded).is_(False)
    )
    return session.exec(mine.order_by(col(Dataset.created_at).desc())).first()


def _supersede(session: Session, experiment_id: str) -> None:
    mine = sa.update(Dataset).where(col(Dataset.experiment_id) == experiment_id)
    session.execute(mine.values(superseded=True))


def _new(
    actor: Actor,
    experiment_id: str,
    table: Ingested,
    name: str,
    change: str,
    former: Dataset | None,
) -> Dataset:
    return Dataset(
        experiment_id=experiment_id,
        name=name,
        sha256=table.sha256,
        raw_sha256=table.raw_sha256,
        rows=table.rows,
        columns=[column.as_json() for column in table.columns],
        options=table.options.model_dump(mode="json"),
        notes=list(table.notes),
        change=change,
        anonymised=bool(former and former.anonymised),
        bytes=table.raw_bytes,
        created_by=actor.id,
        created_by_name=actor.name,
    )


def _record(session: Session, actor: Actor, act: str, dataset: Dataset, **detail: object) -> None:
    events.record(
        session,
        actor,
        act,
        f"experiment:{dataset.experiment_id}",
        dataset=dataset.id,
        sha256=dataset.sha256,
        raw_sha256=dataset.raw_sha256,
        rows=dataset.rows,
        columns=len(dataset.columns),
        **detail,
    )


@needs(Capability.INVENTORY_READ)
def names(db: Database, actor: Actor, dataset_id: str = "") -> dict[str, tuple[str, int]]:
    """Id to name and number of rows of every data set; of one when it is named."""
    query = sa.select(*columns(Dataset, "id", "name", "rows"))
    query = query.where(col(Dataset.id) == dataset_id) if dataset_id else query
    with db.read() as session:
        return {row.id: (row.name, row.rows) for row in session.execute(query)}
