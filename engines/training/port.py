"""What training needs of its neighbours: data sets, and a memory of runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from engines.core.access import Actor
from engines.core.tables import Table


class Datasets(Protocol):
    """Access to stored tables."""

    def table(self, actor: Actor, dataset_id: str) -> Table:
        """The stored table. Raises NotFound or NotAllowed."""


class RunLog(Protocol):
    """Where runs are remembered; a part of the tracking port, in the same words."""

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
        """Open the parent run of one task; return its id there. Raises BackendUnavailable."""

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
        """Record a candidate, and its trials, under the parent; once for each key."""

    def finish(self, parent: str, folder: Path, register: bool = True) -> str:
        """Store the task's folder and register its model, once; return a link."""

    def end(self, parent: str) -> None:
        """Close the run as finished."""

    def abandon(self, run_id: str, state: str, reason: str) -> None:
        """Close whatever is still open of a run as "failed" or "cancelled"."""
