"""Time series as a table: rows in order of time, with past values of the target as columns."""

import numpy as np
import pandas as pd

from engines.core.tables import Column, ColumnType

SEASONS = {3600: 24, 86_400: 7, 7 * 86_400: 52, 30 * 86_400: 12, 91 * 86_400: 4}  # seconds: rows


def in_order(frame: pd.DataFrame, time: str) -> pd.DataFrame:
    """Rows with a moment, oldest first, index kept."""
    return frame[frame[time].notna()].sort_values(time, kind="stable")


def season(moments: "pd.Series[pd.Timestamp]") -> int:
    """Rows in one season, from the usual step between moments; 1 when no season is usual."""
    step = moments.diff().dropna().dt.total_seconds()
    step = step[step > 0]
    if step.empty:
        return 1
    usual = float(step.median())
    near = min(SEASONS, key=lambda known: abs(np.log(known / usual)))
    return SEASONS[near] if abs(np.log(near / usual)) < 0.2 else 1


def lags(rows: int, season_rows: int) -> list[int]:
    """How many rows back to look: the last three, and one season; few for short series."""
    wanted = {1, 2, 3, season_rows, season_rows + 1, 2 * season_rows}
    return sorted(lag for lag in wanted if 0 < lag <= rows // 4)


def lag_name(target: str, lag: int) -> str:
    """The name of the column that holds the target's value `lag` rows before."""
    return f"{target} lag {lag}"


def with_lags(frame: pd.DataFrame, target: str, wanted: list[int]) -> pd.DataFrame:
    """The ordered frame with a column per lag; the first rows, which have none, are dropped."""
    past = {lag_name(target, lag): frame[target].shift(lag).astype("float64") for lag in wanted}
    return frame.assign(**past).iloc[max(wanted, default=0) :]


def lag_columns(target: str, wanted: list[int]) -> list[Column]:
    """The lag columns, as features."""
    return [
        Column(lag_name(target, lag), lag_name(target, lag), ColumnType.NUMERIC, 0, 2)
        for lag in wanted
    ]
