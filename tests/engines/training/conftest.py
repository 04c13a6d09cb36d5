"""A table, an experiment and a queue of their own for the training tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, NotFound
from engines.core.experiments import ExperimentState
from engines.core.progress import Silent
from engines.core.scheduling import JobRequest, JobState, JobStatus
from engines.core.tables import Column, ColumnType, Table
from engines.training import Surroundings

EXPERIMENT = "experiment-one"


def as_table(frame: pd.DataFrame, path: Path, anonymised: bool = False) -> Table:
    """The frame stored as Parquet, its columns typed by what they hold."""
    frame.to_parquet(path)
    columns = tuple(
        Column(n, f"C{i + 1}", _type(v), int(v.isna().sum()), int(v.nunique()))
        for i, (n, v) in enumerate(frame.items())
    )
    return Table("data-one", EXPERIMENT, path, "0" * 64, len(frame), columns, anonymised)


def _type(values: "pd.Series[Any]") -> ColumnType:
    if values.isna().all():
        return ColumnType.EMPTY
    if pd.api.types.is_bool_dtype(values):
        return ColumnType.BOOLEAN
    if pd.api.types.is_datetime64_any_dtype(values):
        return ColumnType.DATETIME
    if pd.api.types.is_integer_dtype(values):
        return ColumnType.INTEGER
    if pd.api.types.is_numeric_dtype(values):
        return ColumnType.NUMERIC
    return ColumnType.IDENTIFIER if values.nunique() == len(values) else ColumnType.CATEGORICAL


@dataclass
class OneTable:
    """Data sets that hold one table."""

    only: Table

    def table(self, actor: Actor, dataset_id: str) -> Table:
        if dataset_id != self.only.dataset_id:
            raise NotFound("There is no such data set.")
        return self.only


@dataclass
class OpenExperiments:
    """Experiments that let everybody in and remember how far they came."""

    states: list[str] = field(default_factory=list)

    def check_readable(self, actor: Actor, experiment_id: str) -> None:
        return

    def check_editable(self, actor: Actor, experiment_id: str) -> None:
        return

    def advance(self, actor: Actor, experiment_id: str, state: ExperimentState) -> None:
        self.states.append(state.value)


@dataclass
class Queue:
    """A scheduler that keeps what was submitted and says what a test wants it to say."""

    submitted: list[JobRequest] = field(default_factory=list)
    states: dict[str, JobState] = field(default_factory=dict)
    error: str = ""

    def submit(self, actor: Actor, request: JobRequest) -> None:
        self.submitted.append(request)
        self.states[request.key] = JobState.QUEUED

    def status(self, key: str) -> JobStatus:
        if key not in self.states:
            raise NotFound("There is no such job.")
        at, state = datetime.now(UTC), self.states[key]
        return JobStatus(key, "train", EXPERIMENT, state, 0, "", self.error, 1, at, None, None)

    def log(self, key: str, after: int = 0) -> list[str]:
        return []

    def cancel(self, actor: Actor, key: str, reason: str) -> None:
        self.states[key] = JobState.CANCELLED


@dataclass
class Memory:
    """A run log in memory; `away` makes it fail as a server does that is down."""

    away: bool = False
    started: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def start(self, *given: Any) -> str:
        if self.away:
            raise BackendUnavailable("The tracking server did not answer.")
        self.started.append(dict(zip(("experiment", "name", "run", "task"), given, strict=False)))
        self.started[-1]["params"] = given[5]
        return f"parent-{len(self.started)}"

    def log_candidate(
        self,
        parent: str,
        name: str,
        params: Mapping[str, Any],
        folds: Mapping[str, Sequence[float]],
        metrics: Mapping[str, float],
        trials: Sequence[Mapping[str, Any]] = (),
        key: str = "",
        state: str = "succeeded",
        reason: str = "",
    ) -> str:
        told = {"name": name, "params": params, "trials": list(trials), "state": state}
        self.candidates.append({**told, "key": key, "reason": reason})
        return f"child-{len(self.candidates)}"

    def finish(self, parent: str, folder: Path, register: bool = True) -> str:
        self.folders.append(folder)
        return f"link/{parent}"

    def end(self, parent: str) -> None:
        self.ended.append("finished")

    def abandon(self, run_id: str, state: str, reason: str) -> None:
        if self.away:
            raise BackendUnavailable("The tracking server did not answer.")
        self.ended.append(f"{state}: {reason}")


@pytest.fixture
def experiments() -> OpenExperiments:
    return OpenExperiments()


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def around(
    db: Database, experiments: OpenExperiments, memory: Memory, tmp_path: Path
) -> Callable[[Table], Surroundings]:
    """What a training job works with, on the given table."""

    def make(table: Table) -> Surroundings:
        runs = tmp_path / "runs"
        return Surroundings(db, Silent(), OneTable(table), experiments, memory, runs, "Trial", 2)

    return make


@pytest.fixture
def telco(shared_data: Path, tmp_path: Path) -> Table:
    """1,200 telco customers with their ID column."""
    frame = pd.read_csv(shared_data / "telco_churn.csv", na_values=[" "], nrows=1_200)
    return as_table(frame, tmp_path / "telco.parquet")


@pytest.fixture
def wholesale(shared_data: Path, tmp_path: Path) -> Table:
    """440 wholesale customers."""
    frame = pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig")
    return as_table(frame, tmp_path / "wholesale.parquet")
