"""Requests that cannot train get one clear sentence; columns that cannot help, a note."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engines.core.errors import InvalidInput
from engines.core.tables import Table
from engines.training import Mode, Split, Task, TrainingRequest, guess_task
from engines.training.checks import check, usable

from .conftest import EXPERIMENT, as_table

Tabled = Callable[..., Table]


@pytest.fixture
def tabled(tmp_path: Path) -> Tabled:
    """A table of the given columns and 40 rows, `x` and `y` among them."""

    def make(**columns: Any) -> Table:
        usual = {"x": [n % 9 for n in range(40)], "y": ["a", "b"] * 20}
        frame = pd.DataFrame({**usual, **columns})
        return as_table(frame, tmp_path / "t.parquet")

    return make


def _check(table: Table, **asked: Any) -> list[str]:
    request = TrainingRequest(EXPERIMENT, "data-one", **{"tasks": (Task.BINARY,), **asked})
    return check(table, pd.read_parquet(table.path), request)


@pytest.mark.parametrize(
    ("target", "task", "sentence"),
    [
        (["a"] * 40, Task.BINARY, "one value only"),
        (["a"] * 39 + ["b"], Task.BINARY, "too few rows: “b” \\(1\\)"),
        (["a", "b", "c", "d"] * 10, Task.BINARY, "has 4 classes; binary needs two"),
        (["a", "b"] * 20, Task.REGRESSION, "is not a number"),
        ([1.0] + [np.nan] * 39, Task.REGRESSION, "has 1 values"),
        ([np.nan] * 40, Task.REGRESSION, "has 0 values"),
    ],
)
def test_target_that_cannot_be_learnt_is_refused(
    tabled: Tabled, target: list[Any], task: Task, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        _check(tabled(y=target), target="y", tasks=(task,))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"tasks": ()}, "No task is chosen"),
        ({}, "No target is chosen"),
        ({"target": "nowhere"}, "no column “nowhere”"),
        ({"target": "y", "tasks": (Task.BINARY, Task.REGRESSION)}, "One target has one task"),
        ({"target": "y", "holdout_share": 0.9}, "outside the range"),
        ({"target": "y", "folds": 1}, "1 folds"),
        ({"target": "y", "mode": Mode.BEST, "budget_seconds": 1.0}, "A budget of 1 s"),
        ({"target": "y", "metric": "rmse"}, "judged by “rmse”"),
        ({"target": "y", "left_out": ("x",)}, "No column is left"),
        ({"target": "x", "tasks": (Task.TIME_SERIES,)}, "needs a time column"),
    ],
)
def test_request_that_makes_no_sense_is_refused(
    tabled: Tabled, asked: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        _check(tabled(), **asked)


def test_one_column_table_is_refused(tmp_path: Path) -> None:
    table = as_table(pd.DataFrame({"y": ["a", "b"] * 20}), tmp_path / "t.parquet")
    with pytest.raises(InvalidInput, match="No column is left to learn from"):
        _check(table, target="y")


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2, 1] * 3, "y": ["a", "b", "a"] * 3})
    with pytest.raises(InvalidInput, match="has 9 rows"):
        _check(as_table(frame, tmp_path / "t.parquet"), target="y")


def test_columns_that_cannot_help_are_left_out_with_a_note(tabled: Tabled) -> None:
    table = tabled(
        key=[f"id-{n}" for n in range(40)],
        empty=[None] * 40,
        constant=[7] * 40,
        gone=[1, 2] * 20,
        y=["a", "b", None, "a"] * 10,
    )
    notes = _check(table, target="y", left_out=("gone",))
    assert [note.split(":")[-1].strip() for note in notes] == [
        "it identifies rows and says nothing about new ones.",
        "all its values are missing.",
        "it has one value only.",
        "it was excluded by hand.",
        "10 rows without a value in “y” are left out.",
    ]
    request = TrainingRequest(EXPERIMENT, "d", (Task.BINARY,), "y", left_out=("gone",))
    assert [c.name for c in usable(table, request)] == ["x"]


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (["a", "b"] * 30, Task.BINARY),
        ([0, 1] * 30, Task.BINARY),
        (["a", "b", "c"] * 20, Task.MULTICLASS),
        ([1, 2, 3] * 20, Task.MULTICLASS),
        ([n * 1.5 for n in range(60)], Task.REGRESSION),
        (list(range(60)), Task.REGRESSION),
    ],
)
def test_task_is_guessed_from_the_target(tmp_path: Path, target: list[Any], task: Task) -> None:
    frame = pd.DataFrame({"x": [n % 9 for n in range(60)], "y": target})
    assert guess_task(as_table(frame, tmp_path / "t.parquet"), frame, "y") == task


def test_numbers_over_time_are_guessed_a_time_series(tmp_path: Path) -> None:
    moments = pd.date_range("2024-01-01", periods=60, freq="D")
    frame = pd.DataFrame({"when": moments, "y": [n * 1.5 for n in range(60)]})
    table = as_table(frame, tmp_path / "t.parquet")
    assert guess_task(table, frame, "y") == Task.TIME_SERIES
    assert guess_task(table, frame, "") == Task.CLUSTERING


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"lightgbm": {"num_leafs": 31}}, "“lightgbm” has no hyperparameter “num_leafs”"),
        ({"lightgbm": {"num_leaves": 31.5}}, "must be a whole number from 2 to 4096, not “31.5”"),
        ({"lightgbm": {"learning_rate": "fast"}}, "must be a number from 0.0001 to 1, not “fast”"),
        ({"lr": {"class_weight": "equal"}}, "must be “balanced”, not “equal”"),
        ({"kmeans": {"n_clusters": 3}}, "“kmeans” takes no starting values for this task"),
        ({"gbr": {"max_depth": 3}}, "“gbr” takes no starting values for this task"),
    ],
)
def test_starting_values_that_do_not_fit_are_refused(
    tabled: Tabled, values: dict[str, dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        _check(tabled(), target="y", starting_values=values)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"split": Split.TIME}, "A split by time needs a time column"),
        ({"split": Split.TIME, "time_column": "x"}, "“x” is not a date"),
        ({"known_ahead": ("nowhere",)}, "no column “nowhere”"),
    ],
)
def test_split_by_time_without_a_date_is_refused(
    tabled: Tabled, asked: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        _check(tabled(), target="y", **asked)


def test_request_of_before_the_new_choices_is_read() -> None:
    request = TrainingRequest(EXPERIMENT, "d", (Task.BINARY,), "y", split=Split.TIME)
    told = request.as_json()
    assert TrainingRequest.from_json(told) == request
    for name in ("split", "horizon", "known_ahead", "starting_values"):
        del told[name]
    assert TrainingRequest.from_json(told).split == Split.RANDOM
