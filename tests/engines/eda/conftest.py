"""Real data sets as stored tables, and the ports an exploration needs, on this test's folder."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, NotAllowed
from engines.core.experiments import ExperimentState
from engines.core.tables import Column, ColumnType, Table
from engines.eda import Study
from engines.orchestration import LocalScheduler

ToTable = Callable[..., Table]


def column_type(values: "pd.Series[object]") -> ColumnType:
    """The type a careful person would give the column at first sight."""
    if values.isna().all():
        return ColumnType.EMPTY
    if pd.api.types.is_bool_dtype(values):
        return ColumnType.BOOLEAN
    if pd.api.types.is_integer_dtype(values):
        return ColumnType.INTEGER
    if pd.api.types.is_float_dtype(values):
        return ColumnType.NUMERIC
    if pd.api.types.is_datetime64_any_dtype(values):
        return ColumnType.DATETIME
    return ColumnType.CATEGORICAL


@pytest.fixture
def to_table(tmp_path: Path) -> ToTable:
    """Store a frame and describe it: `to_table(frame, anonymised=False, name=type, ...)`."""

    def store(frame: pd.DataFrame, anonymised: bool = False, **types: ColumnType) -> Table:
        path = tmp_path / f"table-{len(list(tmp_path.glob('table-*')))}.parquet"
        frame.to_parquet(path)
        columns = tuple(
            Column(
                name=name,
                alias=f"C{position}",
                type=types.get(name, column_type(frame[name])),
                missing=int(frame[name].isna().sum()),
                distinct=int(frame[name].map(repr).nunique()),
            )
            for position, name in enumerate(frame.columns, 1)
        )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Table("dataset", "experiment", path, digest, len(frame), columns, anonymised)

    return store


@pytest.fixture
def telco(shared_data: Path) -> pd.DataFrame:
    """7,043 customers, 21 columns; TotalCharges is text with 11 blanks."""
    return pd.read_csv(shared_data / "telco_churn.csv")


@pytest.fixture
def ames(shared_data: Path) -> pd.DataFrame:
    """1,460 houses, 81 columns, many missing cells."""
    return pd.read_csv(shared_data / "ames_house_prices.csv")


@pytest.fixture
def wholesale(shared_data: Path) -> pd.DataFrame:
    """440 customers, 8 columns of whole numbers."""
    return pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig")


@pytest.fixture
def air_quality(shared_data: Path) -> pd.DataFrame:
    """9,357 hours, 15 columns, -200 marks missing."""
    return pd.read_csv(shared_data / "air_quality_dirty.csv", encoding="utf-8-sig")


@dataclass
class OneTable:
    """The data engine of these tests: every experiment works on one given table."""

    given: Table | None

    def table(self, actor: Actor, dataset_id: str) -> Table:
        assert self.given is not None
        return self.given

    def current(self, actor: Actor, experiment_id: str) -> Table | None:
        return self.given


@dataclass
class OwnedBy:
    """The projects engine of these tests: the analyst owns every experiment."""

    owner_id: str
    states: list[str] = field(default_factory=list)

    def check_readable(self, actor: Actor, experiment_id: str) -> None:
        return

    def check_editable(self, actor: Actor, experiment_id: str) -> None:
        if actor.id != self.owner_id:
            raise NotAllowed("This experiment belongs to somebody else.")

    def advance(self, actor: Actor, experiment_id: str, state: ExperimentState) -> None:
        self.states.append(state.value)


@dataclass
class Shelf:
    """A tracker that keeps the files it is given, or is away."""

    away: bool = False
    kept: list[dict[str, bytes]] = field(default_factory=list)
    tags: list[Mapping[str, str]] = field(default_factory=list)

    def log_report(
        self,
        experiment_id: str,
        experiment_name: str,
        files: Sequence[Path],
        tags: Mapping[str, str],
    ) -> str:
        if self.away:
            raise BackendUnavailable("The tracking server did not answer.", hint="Start it.")
        self.kept.append({file.name: file.read_bytes() for file in files})
        self.tags.append(tags)
        return f"http://tracker/{experiment_id}/{len(self.kept)}"


@pytest.fixture
def study(db: Database, analyst: Actor, tmp_path: Path) -> Study:
    """Where explorations of these tests work; give it a table with `on`."""
    return Study(
        db=db,
        experiments=OwnedBy(analyst.id),
        tables=OneTable(None),
        scheduler=LocalScheduler(db),
        log=Shelf(),
        folder=tmp_path / "reports",
        inline_cells=2_000_000,
    )


@pytest.fixture
def on(study: Study) -> Callable[..., Study]:
    """The study on a table, with other limits or ports when given."""

    def placed(table: Table, **changes: object) -> Study:
        return replace(study, tables=OneTable(table), **changes)  # type: ignore[arg-type]

    return placed
