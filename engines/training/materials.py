"""From a stored table and a request to what the workers of a supervised task need."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.errors import InvalidInput
from engines.core.tables import Column, Table
from engines.training.checks import ROWS_MIN, usable
from engines.training.features import Roles, cleaned, roles
from engines.training.folds import Material, naive_column
from engines.training.lags import in_order, lag_columns, lags, season, with_lags
from engines.training.pycaret_setup import Setup, prepare
from engines.training.recipes import Blueprint
from engines.training.request import TrainingRequest
from engines.training.tasks import CLASSIFICATION, Task


@dataclass(frozen=True)
class Source:
    """The table as one run sees it: under public names, with the request in the same names."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    request: TrainingRequest
    anonymised: bool


@dataclass(frozen=True)
class Lags:
    """How a time series looks back: rows per season, and the lags used as features."""

    season: int = 1
    used: tuple[int, ...] = ()


def source(table: Table, request: TrainingRequest) -> Source:
    """Read the table's usable columns and the target, renamed when the table is anonymised."""
    public = table.public_names
    kept = usable(table, request)
    names = [c.name for c in kept]
    wanted = [n for n in (request.target, request.time_column) if n and n not in names]
    frame = pd.read_parquet(table.path, columns=[*names, *wanted]).rename(columns=public)
    columns = tuple(Column(public[c.name], c.alias, c.type, c.missing, c.distinct) for c in kept)
    in_public = {
        **request.__dict__,
        "target": public.get(request.target, ""),
        "time_column": public.get(request.time_column, ""),
    }
    return Source(frame, columns, TrainingRequest(**in_public), table.anonymised)


def material(of: Source, task: Task) -> tuple[Material, Lags, list[str]]:
    """The workers' material, how a time series looks back, and notes for the analyst.

    Raises InvalidInput when too few rows have a target.
    """
    target, notes = of.request.target, _infinities(of)
    frame = of.frame[_known(of.frame[target], task)]
    back, columns = Lags(), list(of.columns)
    if task == Task.TIME_SERIES:
        frame, back = _series(frame, of.request)
        columns += lag_columns(target, list(back.used))
        notes.append(f"Past values used: {', '.join(map(str, back.used))} rows back.")
    if len(frame) < ROWS_MIN:
        raise InvalidInput(
            f"Only {len(frame)} rows have a value of “{target}”.", hint="Add labelled rows."
        )
    values = labels(frame[target], task)
    setup = prepare(pd.Series(values), task, of.request)
    features = cleaned(frame, columns).reset_index(drop=True)
    made = _assemble(features, values, setup, task, roles(columns, features), of.request)
    if task == Task.TIME_SERIES:
        made.naive_column = naive_column(target, back.season, list(back.used))
        made.naive_error = float(np.mean(np.abs(np.diff(values[setup.train]))))
    features.index = frame.index
    made.features = features
    return made, back, notes


def labels(values: "pd.Series[Any]", task: Task) -> NDArray[Any]:
    """The target as floats, or as class labels: whole numbers where it can, else text."""
    if task not in CLASSIFICATION:
        return values.to_numpy(dtype="float64")
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and bool((values == values.round()).all()):
        return values.to_numpy(dtype="int64")
    return values.map(str).to_numpy(dtype=object)


def classes(values: NDArray[Any]) -> tuple[Any, ...]:
    """The labels in scikit-learn's order, as plain Python values."""
    return tuple(np.unique(values).tolist())


def _assemble(
    features: pd.DataFrame,
    values: NDArray[Any],
    setup: Setup,
    task: Task,
    of: Roles,
    request: TrainingRequest,
) -> Material:
    return Material(
        features=features,
        target=values,
        train=setup.train,
        holdout=setup.holdout,
        folds=setup.folds,
        blueprint=Blueprint(task, of, setup.containers, request.seed),
        classes=classes(values) if task in CLASSIFICATION else (),
    )


def _known(values: "pd.Series[Any]", task: Task) -> "pd.Series[bool]":
    known = values.notna()
    if task in CLASSIFICATION:
        return known
    finite: pd.Series[bool] = np.isfinite(pd.to_numeric(values, errors="coerce"))
    return known & finite


def _series(frame: pd.DataFrame, request: TrainingRequest) -> tuple[pd.DataFrame, Lags]:
    ordered = in_order(frame, request.time_column)
    rows_a_season = season(ordered[request.time_column])
    used = lags(len(ordered), rows_a_season)
    return with_lags(ordered, request.target, used), Lags(rows_a_season, tuple(used))


def _infinities(of: Source) -> list[str]:
    numbers = of.frame.select_dtypes("number")
    counts = {name: int(np.isinf(values).sum()) for name, values in numbers.items()}
    return [
        f"{count:,} infinite values of “{name}” are treated as missing."
        for name, count in counts.items()
        if count
    ]
