"""Time series as a table: rows on a grid of moments, with past values of the target as columns."""

from typing import Any

import numpy as np
import pandas as pd

from engines.core.errors import InvalidInput
from engines.core.forecasting import lag_name, places, time_of_day
from engines.core.tables import Column, ColumnType, Table

DAY = 86_400
SEASONS = {DAY: 7, 7 * DAY: 52}  # seconds of a step: steps of a season
MONTHS = {1: (27, 32), 3: (88, 93), 6: (180, 185), 12: (364, 367)}  # months: days
ALIKE = 0.9  # share of the rows that must keep to a grid
COVERED = 0.5  # share of a grid's moments that must have a row
ONE_A_MOMENT = 0.95
SHORTEST_STEP = 60
CLOCK_TYPES = (ColumnType.INTEGER, ColumnType.CATEGORICAL, ColumnType.TEXT)


def clock_of(table: Table, frame: pd.DataFrame, time: str) -> str:
    """The column with the time of day, when the date alone repeats and both together do not."""
    dates = frame[time].dropna()
    if dates.nunique() >= ONE_A_MOMENT * len(dates) or (dates.dt.normalize() != dates).any():
        return ""
    for column in table.columns:
        if column.type in CLOCK_TYPES and 2 <= column.distinct <= 1440 and column.name != time:
            clock = time_of_day(frame[column.name])
            whole = frame[time] + clock
            in_day = clock.notna().all() and bool((clock < pd.Timedelta(days=1)).all())
            if in_day and whole.nunique() >= ONE_A_MOMENT * len(frame):
                return column.name
    return ""


def in_order(frame: pd.DataFrame, time: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows with a moment of their own, oldest first, index kept; and what was left out.

    Raises InvalidInput when a moment often has several rows.
    """
    timed = frame[frame[time].notna()].sort_values(time, kind="stable")
    single = timed.drop_duplicates(time)
    if len(single) < ONE_A_MOMENT * len(timed):
        raise InvalidInput(
            f"“{time}” has several rows for a moment; a time series has one.",
            hint="Choose another time column, or regression with a split by time.",
        )
    repeated, missing = len(timed) - len(single), len(frame) - len(timed)
    notes = [f"{repeated:,} rows that repeat a moment are left out."] if repeated else []
    notes += [f"{missing:,} rows without a moment are left out."] if missing else []
    return single, notes


def step_of(when: "pd.Series[pd.Timestamp]") -> dict[str, Any]:
    """The step between moments (distinct, in order): months, business days, seconds, or rows."""
    gaps = when.diff().dropna().dt.total_seconds()
    usual = float(gaps.median())
    found = {"unit": "rows", "size": usual, "anchor": when.iloc[0].isoformat(), "month_end": False}
    for months, (low, high) in MONTHS.items():
        if low * DAY <= usual <= high * DAY:
            ends = bool(when.dt.is_month_end.all())
            tried = {**found, "unit": "months", "size": months, "month_end": ends}
            return tried if _fits(when, tried) else found
    working = usual == DAY and len(when) > 10 and bool((when.dt.dayofweek < 5).all())
    tried = {**found, "unit": "business" if working else "seconds"}
    tried["size"] = 1 if working else float(gaps.mode().iloc[0])
    return tried if _fits(when, tried) else found


def _fits(when: "pd.Series[pd.Timestamp]", step: dict[str, Any]) -> bool:
    at = places(when, step)
    is_single = len(np.unique(at)) == len(at)
    if step["unit"] == "seconds":
        exact = (when - when.iloc[0]).dt.total_seconds() / step["size"]
        is_single &= bool((np.abs(exact - at) < 0.1).mean() >= ALIKE)
    return is_single and len(at) >= COVERED * (int(at[-1]) + 1)


def season_of(step: dict[str, Any]) -> int:
    """Steps in one season: a day of hours, a week of days, a year of weeks or months; else 1."""
    if step["unit"] == "months":
        return max(12 // int(step["size"]), 1)
    if step["unit"] == "business":
        return 5
    if step["unit"] == "rows":
        return 1
    size = step["size"]
    if SHORTEST_STEP <= size < DAY and DAY % size == 0:
        return int(DAY // size)
    return SEASONS.get(int(size), 1)


def lags(steps: int, season: int, step: dict[str, Any]) -> list[int]:
    """How many steps back to look: the last three, one and two seasons, a week; few when short."""
    wanted = {1, 2, 3, season, season + 1, 2 * season}
    if step["unit"] == "seconds" and step["size"] < DAY and season > 1:
        wanted |= {7 * season}
    return sorted(lag for lag in wanted if 0 < lag <= steps // 4)


def with_lags(
    frame: pd.DataFrame, target: str, wanted: list[int], at: Any, grid: Any
) -> pd.DataFrame:
    """The ordered frame with a column per lag, read from the grid at the rows' places `at`."""
    past = {lag_name(target, lag): grid[np.maximum(at - lag, 0)] for lag in wanted}
    made: pd.DataFrame = frame.assign(**past).loc[at >= max(wanted, default=0)]
    return made


def lag_columns(target: str, wanted: list[int]) -> list[Column]:
    """The lag columns, as features."""
    return [
        Column(lag_name(target, lag), lag_name(target, lag), ColumnType.NUMERIC, 0, 2)
        for lag in wanted
    ]
