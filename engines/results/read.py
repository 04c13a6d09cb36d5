"""What a training left behind for one task, read from its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from engines.core.access import Actor, Capability, needs
from engines.core.model_card import CARD_FILE, ModelCard, read_card
from engines.core.runs import Runs, task_folder

UNSUPERVISED = ("clustering", "dimensionality_reduction", "anomaly")


@dataclass(frozen=True)
class TaskFiles:
    """One task's folder; every file is read when it is first asked for.

    `names` maps a public name (C1 …) to the real one, for a page that may show it.
    """

    folder: Path
    card: ModelCard
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The task's id, for example "binary"."""
        return self.card.task

    @cached_property
    def leaderboard(self) -> list[dict[str, Any]]:
        """The candidates, best first: name, score, folds per metric, seconds, state."""
        found: list[dict[str, Any]] = self._json("leaderboard.json", [])
        return found

    @cached_property
    def folds(self) -> dict[str, list[float]]:
        """The winner's score of each fold, per metric."""
        found: dict[str, list[float]] = self._json("metrics.json", {}).get("folds", {})
        return found

    @cached_property
    def holdout_scores(self) -> dict[str, float]:
        """The winner's scores on rows that had no part in choosing it."""
        found: dict[str, float] = self._json("metrics.json", {}).get("holdout", {})
        return found

    @cached_property
    def fit_scores(self) -> dict[str, float]:
        """Without a target: the winner's scores on the rows it was fitted on."""
        told = self._json("metrics.json", {})
        found: dict[str, float] = told.get("fit") or {}
        return found

    @property
    def winner(self) -> dict[str, Any]:
        """The winner's line of the leaderboard, or an empty one."""
        return next((line for line in self.leaderboard if line.get("is_winner")), {})

    @cached_property
    def importance(self) -> pd.DataFrame:
        """Columns feature, importance, std; the most important first."""
        rows = self._json("importance.json", [])
        frame = pd.DataFrame(rows, columns=["feature", "importance", "std"])
        frame["feature"] = frame["feature"].map(lambda name: self.names.get(name, name))
        return frame.sort_values("importance", ascending=False, ignore_index=True)

    @cached_property
    def holdout(self) -> pd.DataFrame:
        """Predictions on the hold-out: row, y_true, y_pred and p_<class> columns."""
        return self._frame("holdout.parquet")

    @cached_property
    def out_of_fold(self) -> pd.DataFrame:
        """The winner's out-of-fold predictions on the training part, same columns."""
        return self._frame("oof.parquet")

    @cached_property
    def assignments(self) -> pd.DataFrame:
        """Unsupervised answers per row: row, pc1, pc2 and the task's own columns."""
        return self._frame("assignments.parquet")

    @cached_property
    def series(self) -> pd.DataFrame:
        """A forecaster's series: moment, value, part (history, holdout, ahead), prediction,
        low, high, step, naive; empty for other models."""
        return self._frame("series.parquet")

    @cached_property
    def forecast(self) -> dict[str, Any]:
        """A forecaster's interval, its coverage of the hold-out, and the naive comparison."""
        found: dict[str, Any] = self._json("forecast.json", {})
        return found

    def _json(self, name: str, otherwise: Any) -> Any:
        path = self.folder / name
        return json.loads(path.read_text("utf-8")) if path.exists() else otherwise

    def _frame(self, name: str) -> pd.DataFrame:
        path = self.folder / name
        return pd.read_parquet(path) if path.exists() else pd.DataFrame()


def read_task(folder: Path, names: Mapping[str, str] | None = None) -> TaskFiles:
    """The files of a task's folder, shown under `names`. Raises NotFound without a model."""
    card, shown = read_card(folder), names or {}
    features = tuple(replace(f, name=shown.get(f.name, f.name)) for f in card.features)
    target = shown.get(card.target, card.target)
    return TaskFiles(folder, replace(card, features=features, target=target), shown)


@needs(Capability.RESULTS_READ)
def open_task(
    runs: Runs, actor: Actor, run_id: str, task: str, names: Mapping[str, str] | None = None
) -> TaskFiles:
    """One task's results, shown under `names`. Raises NotFound or NotAllowed."""
    return read_task(task_folder(runs, actor, run_id, task), names)


@needs(Capability.RESULTS_READ)
def finished_tasks(runs: Runs, actor: Actor, run_id: str) -> list[str]:
    """The tasks of a run that have a model, supervised first. Raises NotFound or NotAllowed."""
    found = [path.parent.name for path in runs.folder(actor, run_id).glob(f"*/{CARD_FILE}")]
    return sorted(found, key=lambda task: (task in UNSUPERVISED, task))
