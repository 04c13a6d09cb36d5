"""The tracking port: what is remembered of every training, in MLAAS's own nouns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engines.core.tables import Table


@dataclass(frozen=True)
class ModelVersion:
    """One registered version of a model. `aliases` name its role, `run_id` is the MLAAS run."""

    name: str
    version: int
    run_id: str
    task: str
    algorithm: str
    created_at: datetime
    aliases: tuple[str, ...]
    tags: dict[str, str]
    link: str


class Tracker(Protocol):
    """Remembers runs, candidates, trials, files and model versions."""

    def start(
        self,
        experiment_id: str,
        experiment_name: str,
        run_id: str,
        task: str,
        table: Table,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> str:
        """Open the parent run of one task of one training; return its id in the tracker.

        The data set is recorded under its public names. Raises BackendUnavailable.
        """

    def log_candidate(
        self,
        parent: str,
        name: str,
        params: Mapping[str, Any],
        folds: Mapping[str, Sequence[float]],
        metrics: Mapping[str, float],
        trials: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Record a finished candidate under its parent; fold values become steps.

        Each trial is {"params": {...}, "metrics": {...}} and becomes a run below the candidate.
        Raises BackendUnavailable.
        """

    def finish(self, parent: str, folder: Path, register: bool = True) -> str:
        """Upload the task's run folder, register its model, close the run; return a link to it.

        Raises BackendUnavailable or InvalidInput (the model holds a type that is not trusted).
        """

    def abandon(self, run_id: str, state: str, reason: str) -> None:
        """Close whatever is still open of a MLAAS run as "failed" or "cancelled"."""

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

    def link(self, run_id: str, task: str) -> str:
        """The address of a run in the tracker's own pages, or an empty string."""
