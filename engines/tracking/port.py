"""The tracking port: what is remembered of every training, in MLAAS's own nouns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


class Run(Protocol):
    """A training to be recorded; every name in it is a public name."""

    @property
    def run_id(self) -> str: ...
    @property
    def experiment_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def dataset_name(self) -> str: ...
    @property
    def dataset_sha256(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def schema(self) -> Mapping[str, str]: ...
    @property
    def anonymised(self) -> bool: ...
    @property
    def seed(self) -> int: ...
    @property
    def environment(self) -> Mapping[str, str]: ...
    @property
    def correlation_id(self) -> str: ...
    @property
    def actor_name(self) -> str: ...


class Candidate(Protocol):
    """A finished candidate; `folds` holds one value per fold for each metric."""

    @property
    def task(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def folds(self) -> Mapping[str, Sequence[float]]: ...
    @property
    def seconds(self) -> float: ...
    @property
    def is_winner(self) -> bool: ...


class Trial(Protocol):
    """One set of hyperparameters that was tried for a candidate."""

    @property
    def number(self) -> int: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def score(self) -> float | None: ...
    @property
    def metric(self) -> str: ...
    @property
    def seconds(self) -> float: ...


class Model(Protocol):
    """A trained model in its task's run folder, with a few feature rows as example."""

    @property
    def task(self) -> str: ...
    @property
    def registered_name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def sample(self) -> Path: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class ModelVersion:
    """One registered version of a model; `run_id` is the MLAAS run, `aliases` name its role."""

    name: str
    version: int
    run_id: str
    task: str
    created_at: datetime
    aliases: tuple[str, ...]
    tags: dict[str, str]
    link: str


class Tracker(Protocol):
    """Remembers runs, candidates, trials, files and model versions.

    Every method but `link` raises BackendUnavailable when the tracking server fails.
    """

    def start_run(self, run: Run) -> str:
        """Open the parent run; return its id there. The same `run_id` gives the same run."""

    def candidate(self, parent_id: str, candidate: Candidate) -> str:
        """Record one candidate under the parent; return the child's id."""

    def trial(self, parent_id: str, candidate_id: str, trial: Trial) -> None:
        """Record one trial under the candidate."""

    def register(self, parent_id: str, model: Model) -> str:
        """Store a model without pickle and register it by name; return the version.

        Raises InvalidInput when the model holds a type that is not on our trusted list.
        """

    def finish(
        self, parent_id: str, state: str, metrics: Mapping[str, float], folder: Path
    ) -> None:
        """Close the parent run as succeeded, failed or cancelled, with the files in `folder`."""

    def log_report(
        self,
        experiment_id: str,
        experiment_name: str,
        files: Sequence[Path],
        tags: Mapping[str, str],
    ) -> str:
        """Keep the files of an exploration in a run of their own; return a link to it."""

    def versions(self, experiment_id: str) -> list[ModelVersion]:
        """The registered versions of an experiment's models, newest first."""

    def link(self, tracking_id: str) -> str:
        """The address people follow to a run; asks no server. Empty for an empty id."""
