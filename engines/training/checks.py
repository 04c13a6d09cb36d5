"""What must hold before a run starts, in sentences, and the columns a run leaves out."""

from typing import Any

import pandas as pd

from engines.core.errors import InvalidInput
from engines.core.tables import Column, ColumnType, Table
from engines.training.parameters import check_starting_values
from engines.training.request import (
    BUDGET_MAX,
    BUDGET_MIN,
    FOLDS_MAX,
    FOLDS_MIN,
    HOLDOUT_MAX,
    HOLDOUT_MIN,
    HORIZON_MAX,
    Mode,
    Split,
    TrainingRequest,
)
from engines.training.tasks import CLASSIFICATION, METRICS, SUPERVISED, TITLES, Task

ROWS_MIN = 20
CLASSES_MAX = 200


def check(table: Table, frame: pd.DataFrame, request: TrainingRequest) -> list[str]:
    """Refuse a request that cannot train; return notes on what will be left out or changed.

    `frame` needs only the target and time columns of the table. Raises InvalidInput.
    """
    _check_request(request)
    supervised = [task for task in request.tasks if task in SUPERVISED]
    if len(supervised) > 1:
        raise InvalidInput("One target has one task.", hint="Choose one supervised task.")
    _check_known(table, request)
    if supervised:
        check_starting_values(supervised[0], request.starting_values)
    notes = left_out_notes(table, request)
    if not usable(table, request):
        raise InvalidInput(
            "No column is left to learn from.",
            hint="Include more columns; identifiers, constants and empty columns do not count.",
        )
    if table.rows < ROWS_MIN:
        raise InvalidInput(
            f"The table has {table.rows} rows; training needs at least {ROWS_MIN}.",
            hint="Add rows to the data.",
        )
    if supervised:
        notes += _check_target(frame, request, supervised[0])
    return notes


def usable(table: Table, request: TrainingRequest) -> list[Column]:
    """The columns a model may learn from."""
    return [c for c in table.columns if c.name != request.target and not _reason(c, table, request)]


def left_out_notes(table: Table, request: TrainingRequest) -> list[str]:
    """One sentence per column that is not used, with its reason."""
    features = [c for c in table.columns if c.name != request.target]
    reasons = [(c.name, _reason(c, table, request)) for c in features]
    return [f"“{name}” is left out: {reason}." for name, reason in reasons if reason]


def _reason(column: Column, table: Table, request: TrainingRequest) -> str:
    if column.name in request.left_out:
        return "it was excluded by hand"
    if column.type == ColumnType.EMPTY or column.missing >= table.rows:
        return "all its values are missing"
    if column.type == ColumnType.IDENTIFIER:
        return "it identifies rows and says nothing about new ones"
    if column.distinct <= 1 and column.missing == 0:
        return "it has one value only"
    if column.type == ColumnType.TEXT and column.distinct > 0.9 * table.rows:
        return "it is free text, different in nearly every row"
    return ""


def _check_request(request: TrainingRequest) -> None:
    if not request.tasks:
        raise InvalidInput("No task is chosen.", hint="Tick at least one task.")
    if not HOLDOUT_MIN <= request.holdout_share <= HOLDOUT_MAX:
        raise InvalidInput(
            f"A held-out share of {request.holdout_share:g} is outside the range.",
            hint=f"Choose between {HOLDOUT_MIN:.0%} and {HOLDOUT_MAX:.0%}.",
        )
    if not FOLDS_MIN <= request.folds <= FOLDS_MAX:
        raise InvalidInput(
            f"{request.folds} folds are outside the range.",
            hint=f"Choose between {FOLDS_MIN} and {FOLDS_MAX}.",
        )
    if request.mode == Mode.BEST and not BUDGET_MIN <= request.budget_seconds <= BUDGET_MAX:
        raise InvalidInput(
            f"A budget of {request.budget_seconds:g} s is outside the range.",
            hint=f"Choose between {BUDGET_MIN:g} s and {BUDGET_MAX / 3600:g} h.",
        )


def _check_known(table: Table, request: TrainingRequest) -> None:
    names = {column.name for column in table.columns}
    supervised = any(task in SUPERVISED for task in request.tasks)
    if supervised and not request.target:
        raise InvalidInput("No target is chosen.", hint="Choose the column to predict.")
    asked = (request.target, request.time_column, *request.left_out, *request.known_ahead)
    for name in asked:
        if name and name not in names:
            raise InvalidInput(f"The table has no column “{name}”.", hint="Choose one it has.")
    _check_time(table, request)
    known = {metric.id for task in request.tasks for metric in METRICS[task]}
    if request.metric and request.metric not in known:
        raise InvalidInput(f"No task here is judged by “{request.metric}”.", hint="Choose again.")


def _check_time(table: Table, request: TrainingRequest) -> None:
    is_series = Task.TIME_SERIES in request.tasks
    if not is_series and request.split == Split.RANDOM:
        return
    what = "A time series" if is_series else "A split by time"
    if not request.time_column:
        raise InvalidInput(f"{what} needs a time column.", hint="Choose the time column.")
    if table.column(request.time_column).type != ColumnType.DATETIME:
        raise InvalidInput(
            f"“{request.time_column}” is not a date, and {what.lower()} needs one.",
            hint="Choose a date column, or correct its type on the Data page.",
        )
    if not 0 <= request.horizon <= HORIZON_MAX:
        raise InvalidInput(
            f"A horizon of {request.horizon} steps is outside the range.",
            hint=f"Choose at most {HORIZON_MAX:,}; 0 takes one season.",
        )


def _check_target(frame: pd.DataFrame, request: TrainingRequest, task: Task) -> list[str]:
    values = frame[request.target]
    kept = values.dropna()
    missing = len(values) - len(kept)
    if len(kept) < ROWS_MIN:
        raise InvalidInput(
            f"The target “{request.target}” has {len(kept)} values; {ROWS_MIN} are needed.",
            hint="Choose another target, or add labelled rows.",
        )
    if kept.nunique() == 1:
        raise InvalidInput(
            f"The target “{request.target}” has one value only, so there is nothing to learn.",
            hint="Choose another target.",
        )
    check_kind = _check_classes if task in CLASSIFICATION else _check_numbers
    check_kind(kept, request, task)
    left_out = f"{missing:,} rows without a value in “{request.target}” are left out."
    return [left_out] if missing else []


def _check_classes(values: "pd.Series[Any]", request: TrainingRequest, task: Task) -> None:
    counts = values.value_counts()
    if task == Task.BINARY and len(counts) != 2:
        raise InvalidInput(
            f"The target “{request.target}” has {len(counts)} classes; binary needs two.",
            hint="Choose multiclass, or another target.",
        )
    if len(counts) > CLASSES_MAX:
        raise InvalidInput(
            f"The target “{request.target}” has {len(counts):,} classes.",
            hint=f"Choose regression, or a target with at most {CLASSES_MAX} classes.",
        )
    if counts.iloc[-1] < 2 * 2:
        few = ", ".join(f"“{name}” ({count})" for name, count in counts[counts < 4][:5].items())
        raise InvalidInput(
            f"Some classes of “{request.target}” have too few rows: {few}.",
            hint="Each class needs four rows to be in every part; merge or remove rare classes.",
        )


def _check_numbers(values: "pd.Series[Any]", request: TrainingRequest, task: Task) -> None:
    if not pd.api.types.is_numeric_dtype(values):
        raise InvalidInput(
            f"The target “{request.target}” is not a number, which {TITLES[task].lower()} needs.",
            hint="Choose classification, or correct the column's type on the Data page.",
        )
