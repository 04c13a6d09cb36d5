"""From a stored table and a request to what the workers of a supervised task need."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core import drawn
from engines.core.errors import InvalidInput
from engines.core.forecasting import filled, moments_of, places
from engines.core.tables import Column, Table
from engines.training.checks import ROWS_MIN, usable
from engines.training.features import Roles, cleaned, roles
from engines.training.folds import Material
from engines.training.lags import (
    clock_of,
    in_order,
    lag_columns,
    lags,
    season_of,
    step_of,
    with_lags,
)
from engines.training.pycaret_setup import Setup, prepare
from engines.training.recipes import Blueprint
from engines.training.request import Split, TrainingRequest
from engines.training.series import Series, horizon_of
from engines.training.tasks import CLASSIFICATION, Task
from engines.training.time_split import by_time


@dataclass(frozen=True)
class Source:
    """The table as one run sees it: under public names, with the request in the same names."""

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    request: TrainingRequest
    anonymised: bool
    clock: str = ""  # of a time series: the column with the time of day
    facts: dict[str, Any] = field(default_factory=dict)  # "drawn": how many rows, which seed


@dataclass(frozen=True)
class Lags:
    """How a time series looks back: rows per season, and the lags used as features."""

    season: int = 1
    used: tuple[int, ...] = ()


def source(table: Table, request: TrainingRequest, most_cells: int = 0) -> Source:
    """Read the table's usable columns and the target, renamed when the table is anonymised.

    Of a table with more than `most_cells` cells, 0 for no limit, rows are drawn; a time series
    needs all of them.
    """
    public = table.public_names
    clock, kept = "", usable(table, request)
    if Task.TIME_SERIES in request.tasks:
        frame = pd.read_parquet(table.path)
        clock = clock_of(table, frame, request.time_column)
    names = [c.name for c in kept]
    wanted = [n for n in (request.target, request.time_column, clock) if n and n not in names]
    limit = 0 if Task.TIME_SERIES in request.tasks else most_cells
    frame, facts = _rows(table, [*names, *wanted], limit, request.seed)
    columns = tuple(replace(c, name=public[c.name]) for c in kept)
    in_public = replace(
        request,
        target=public.get(request.target, ""),
        time_column=public.get(request.time_column, ""),
        known_ahead=tuple(public[name] for name in request.known_ahead),
    )
    frame = frame.rename(columns=public)
    return Source(frame, columns, in_public, table.anonymised, public.get(clock, ""), facts)


def _rows(
    table: Table, columns: list[str], most_cells: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    most = most_cells // max(1, len(columns))
    if not 0 < most < table.rows:
        return pd.read_parquet(table.path, columns=columns), {}
    frame = drawn.read(table.path, drawn.draw(table.rows, most, seed), columns)
    return frame, {"drawn": {"rows": most, "seed": seed}}


def material(of: Source, task: Task) -> tuple[Material, Lags, list[str]]:
    """The workers' material, how a time series looks back, and notes for the analyst.

    Raises InvalidInput when too few rows have a target.
    """
    target, notes = of.request.target, _infinities(of)
    frame = of.frame[_known(of.frame[target], task)]
    columns, series = list(of.columns), None
    if task == Task.TIME_SERIES:
        frame, columns, series, more = _series(of, frame)
        notes += more
    elif of.request.split == Split.TIME:
        frame, more = _by_moment(frame, of.request.time_column)
        notes += more
    if len(frame) < ROWS_MIN:
        raise InvalidInput(
            f"Only {len(frame)} rows have a value of “{target}”.", hint="Add labelled rows."
        )
    values = labels(frame[target], task)
    setup = _dealt(of.request, task, frame, values, series)
    features = cleaned(frame, columns).reset_index(drop=True)
    made = _assemble(features, values, setup, task, roles(columns, features), of.request)
    if series:
        made.series, made.naive_error = series, series.naive_error(setup.train)
    features.index = frame.index
    made.features = features
    return made, _looks_back(series), notes


def _dealt(
    request: TrainingRequest,
    task: Task,
    frame: pd.DataFrame,
    values: NDArray[Any],
    series: Series | None,
) -> Setup:
    """Hold-out, folds and learners."""
    setup = prepare(pd.Series(values), task, request)
    if series is None and request.split == Split.RANDOM:
        return setup
    when = series.when if series else frame[request.time_column]
    known = classes(values) if task in CLASSIFICATION else ()
    share, folds = request.holdout_share, request.folds
    rows = series.horizon if series else 0
    return by_time(setup, when, values, share, folds, known, rows)


def _by_moment(frame: pd.DataFrame, time: str) -> tuple[pd.DataFrame, list[str]]:
    ordered = frame[frame[time].notna()].sort_values(time, kind="stable")
    missing = len(frame) - len(ordered)
    notes = [f"Split by “{time}”: the newest rows are held out, and folds follow in time."]
    notes += [f"{missing:,} rows without a moment are left out."] if missing else []
    return ordered, notes


def _looks_back(series: Series | None) -> Lags:
    return Lags(series.told["season"], tuple(series.told["lags"])) if series else Lags()


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


def _series(
    of: Source, frame: pd.DataFrame
) -> tuple[pd.DataFrame, list[Column], Series, list[str]]:
    """The rows in order with past values, the columns to use, the series, and notes."""
    request = of.request
    told: dict[str, Any] = {"time": request.time_column, "clock": of.clock}
    told["pattern"] = {c.name: c.pattern for c in of.columns}.get(request.time_column, "")
    timed = frame.assign(**{request.time_column: moments_of(frame, told)})
    ordered, notes = in_order(timed, request.time_column)
    if len(ordered) < ROWS_MIN:
        raise InvalidInput(
            f"Only {len(ordered)} rows have a moment and a value of “{request.target}”."
        )
    when = ordered[request.time_column]
    step = step_of(when)
    rows_a_season, at = season_of(step), places(when, step)
    used = lags(int(at[-1]) + 1, rows_a_season, step)
    grid = np.full(int(at[-1]) + 1, np.nan)
    grid[at] = ordered[request.target].to_numpy(dtype="float64")
    grid = filled(grid, rows_a_season)
    frame = with_lags(ordered, request.target, used, at, grid)
    known = [n for n in request.known_ahead if n in {c.name for c in of.columns}]
    held = max(int(len(frame) * request.holdout_share), 1)
    told |= {"step": step, "season": rows_a_season, "lags": used, "known": known}
    told |= {"back": max([*used, 1]) + rows_a_season}
    told |= {"horizon": horizon_of(request.horizon, rows_a_season, held)}
    kept = [c for c in of.columns if c.name in {request.time_column, *known}]
    columns = [*kept, *lag_columns(request.target, used)]
    at_rows, when = at[at >= max(used, default=0)], frame[request.time_column]
    series = Series(told, request.target, grid, at_rows, when.reset_index(drop=True))
    return frame, columns, series, [*notes, *_series_notes(of, series)]


def _infinities(of: Source) -> list[str]:
    numbers = of.frame.select_dtypes("number")
    counts = {name: int(np.isinf(values).sum()) for name, values in numbers.items()}
    return [
        f"{count:,} infinite values of “{name}” are treated as missing."
        for name, count in counts.items()
        if count
    ]


def _series_notes(of: Source, series: Series) -> list[str]:
    told, step = series.told, series.told["step"]
    unit = {"rows": "rows, since the moments keep to no step", "seconds": "steps"}
    steps = unit.get(step["unit"], "steps")
    used = {told["time"], told["clock"], *told["known"]}
    left = [column.name for column in of.columns if column.name not in used]
    notes = [
        f"Forecast and scored {series.horizon} steps ahead; past values used: "
        f"{', '.join(map(str, told['lags']))} {steps} back."
    ]
    if told["clock"]:
        notes.append(f"Moments are put together from “{told['time']}” and “{told['clock']}”.")
    if left:
        names = ", ".join(f"“{name}”" for name in left[:5])
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        notes.append(f"Not known ahead, and so not used: {names}{more}.")
    return notes
