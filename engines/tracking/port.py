"""The tracking port: what is remembered of every training, in MLAAS's own nouns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engines.core.tables import Table


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

    A training is one parent run, whatever number of tasks it holds. Every method but `link`
    raises BackendUnavailable when the tracking server fails.
    """

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
        """Open a task of a training and give its handle; a second task joins the first's run.

        The data set is recorded with its hash and its schema under public names; names in
        `params` must be public already.
        """

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
        """Record a candidate below the training; fold values become steps.

        `state` is succeeded, failed, stopped (given up), or running for one that is still tuned:
        that one stays open and shows its trials only. What carries a `key` is recorded once,
        however often it is told. Each trial is {"params", "metrics"} and may have "key", "number",
        "state" and "reason"; it becomes a run below the candidate.
        """

    def finish(self, parent: str, folder: Path, register: bool = True) -> str:
        """Keep a task's folder and register its model by name, once; return a link to the run.

        Raises InvalidInput when the model holds a type that is not on our trusted list.
        """

    def end(self, parent: str) -> None:
        """Close the training's run as finished."""

    def abandon(self, run_id: str, state: str, reason: str) -> None:
        """Close whatever is still open of a training as "failed" or "cancelled"."""

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

    def link(self, parent: str) -> str:
        """The address people follow to a run; asks no server. Empty for an empty handle."""
