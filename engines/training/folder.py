"""A task's run folder: written under a hidden name, then renamed, so it is whole or absent."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from engines.core.files import put_in_place, write_json
from engines.core.model_card import CARD_FILE, Feature, ModelCard
from engines.core.tables import Column, ColumnType
from engines.training.folds import FoldResult
from engines.training.models import Candidate, Trial

MODEL = "model.skops"
CATEGORIES_SHOWN = 200
NUMBERS = (ColumnType.INTEGER, ColumnType.NUMERIC)


class Folder:
    """The files of one task while they are made. `seal` makes them visible at once."""

    def __init__(self, run_folder: Path, task: str) -> None:
        self.final = run_folder / task
        self.path = run_folder / f".{task}.partial"
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)

    def json(self, name: str, value: Any) -> None:
        """Write one JSON file; what JSON cannot say becomes null."""
        write_json(self.path / name, value)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Write one Parquet file."""
        frame.to_parquet(self.path / name, index=False)

    def card(self, card: ModelCard) -> None:
        """Write what the model says of itself."""
        self.json(CARD_FILE, card.as_json())

    def seal(self) -> Path:
        """Replace whatever an earlier attempt left by these files."""
        put_in_place(self.path, self.final)
        return self.final


def answers(
    index: "pd.Index[Any]", truth: NDArray[Any], result: FoldResult, classes: Sequence[Any]
) -> pd.DataFrame:
    """Predictions as a table: row (in the stored table), y_true, y_pred, p_<class>."""
    columns = {
        "row": index.to_numpy()[result.rows],
        "y_true": truth[result.rows],
        "y_pred": result.predicted,
    }
    columns |= {f"p_{name}": result.shares[:, n] for n, name in enumerate(classes)}
    return pd.DataFrame(columns)


def out_of_fold(
    index: "pd.Index[Any]",
    truth: NDArray[Any],
    results: Mapping[int, FoldResult],
    classes: Sequence[Any],
) -> pd.DataFrame:
    """The folds' answers one below the other, with the fold's number."""
    parts = [answers(index, truth, results[f], classes).assign(fold=f) for f in sorted(results)]
    return pd.concat(parts, ignore_index=True)


def features(columns: Sequence[Column], frame: pd.DataFrame) -> tuple[Feature, ...]:
    """What the model expects of each column, with an example and its range."""
    made = [(column, _feature(column, frame[column.name].dropna())) for column in columns]
    return tuple(replace(feature, marks=c.marks, pattern=c.pattern) for c, feature in made)


def _feature(column: Column, values: "pd.Series[Any]") -> Feature:
    if values.empty:
        return Feature(column.name, column.type.value)
    if column.type in NUMBERS:
        low, high = float(values.min()), float(values.max())
        middle = float(values.sort_values().iloc[len(values) // 2])
        return Feature(column.name, column.type.value, middle, (), low, high)
    usual = values.mode().iloc[0]
    if column.type == ColumnType.BOOLEAN:
        return Feature(column.name, column.type.value, bool(usual))
    if column.type == ColumnType.DATETIME:
        return Feature(column.name, column.type.value, usual.isoformat())
    known = tuple(sorted(values.unique())) if values.nunique() <= CATEGORIES_SHOWN else ()
    return Feature(column.name, column.type.value, usual, known)


def leaderboard(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The candidates as JSON objects, in the order given."""
    shown = ("algorithm", "name", "state", "score", "metrics", "folds", "parameters", "seconds")
    more = ("trials", "is_winner", "reason", "metric")
    return [{name: getattr(c, name) for name in (*shown, *more)} for c in candidates]


def trials(of: Sequence[Trial]) -> list[dict[str, Any]]:
    """The tuning trials as JSON objects."""
    shown = ("candidate_id", "number", "parameters", "score", "folds_done", "seconds")
    return [{name: getattr(trial, name) for name in shown} for trial in of]
