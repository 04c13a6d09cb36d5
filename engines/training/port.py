"""What training needs of its neighbours: data sets, and a log of runs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from engines.core.access import Actor
from engines.core.tables import Table


class Datasets(Protocol):
    """Access to stored tables."""

    def table(self, actor: Actor, dataset_id: str) -> Table:
        """The stored table. Raises NotFound or NotAllowed."""


@dataclass(frozen=True)
class RunRecord:
    """The parent run: what was asked, on which data, in which environment.

    Names in `parameters` and `schema` are public names (C1..CN when anonymised).
    """

    run_id: str
    experiment_id: str
    name: str
    parameters: dict[str, Any]
    dataset_name: str
    dataset_sha256: str
    rows: int
    schema: dict[str, str]  # public column name to type
    anonymised: bool
    seed: int
    environment: dict[str, str]  # library versions, lock sha256, git commit, python
    correlation_id: str
    actor_name: str


@dataclass(frozen=True)
class CandidateRecord:
    """A child run: one candidate of one task, finished."""

    task: str
    algorithm: str
    name: str
    state: str
    parameters: dict[str, Any]
    metrics: dict[str, float]
    folds: dict[str, list[float]]
    seconds: float
    is_winner: bool = False


@dataclass(frozen=True)
class TrialRecord:
    """A grandchild run: one tuning trial."""

    number: int
    parameters: dict[str, Any]
    score: float | None
    metric: str
    seconds: float


@dataclass(frozen=True)
class ModelRecord:
    """A trained model: `folder` is the task's run folder with model.skops and its companions.

    `sample` is a Parquet file of a few feature rows (input example; with the model it gives the
    signature); it holds public names only.
    """

    task: str
    registered_name: str
    folder: Path
    sample: Path
    metrics: dict[str, float]  # hold-out
    tags: dict[str, str] = field(default_factory=dict)


class RunLog(Protocol):
    """Where runs are recorded. Every method raises BackendUnavailable when the server fails."""

    def start_run(self, run: RunRecord) -> str:
        """Open the parent run; returns its id there. The same `run_id` gives the same run."""

    def candidate(self, parent_id: str, candidate: CandidateRecord) -> str:
        """Record one candidate under the parent; returns the child's id."""

    def trial(self, parent_id: str, candidate_id: str, trial: TrialRecord) -> None:
        """Record one trial under the candidate."""

    def register(self, parent_id: str, model: ModelRecord) -> str:
        """Store the winner's model and files, register it by name; returns the version."""

    def finish(self, parent_id: str, state: str, metrics: dict[str, float], folder: Path) -> None:
        """Close the parent run as succeeded, failed or cancelled, with the files in `folder`."""
