"""How a series is continued: rows on a grid of moments, past values as columns, step by step.

Takes the card as plain JSON and imports only `scoring`, because the download's `predict.py` is
made of this very source. A series is told by a dict, the card's fact "series": `time` and `clock`
(column names, `clock` may be empty), `step`, `season`, `horizon` (in steps), `lags`, `known` (the
columns known ahead). A step is a dict too: `unit` (seconds, months, business, rows), `size`,
`anchor` (the first moment, ISO) and `month_end`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.scoring import SchemaFault, conform, moments, numbers

STEPS_MAX = 10_000
FEWEST_KNOWN = 0.5  # of the steps a model looks back on, in a history that is brought along


def lag_name(target: str, lag: int) -> str:
    """The name of the column that holds the target's value `lag` steps before."""
    return f"{target} lag {lag}"


def moments_of(frame: pd.DataFrame, series: dict[str, Any]) -> pd.Series:
    """The rows' moments, without time zone; date and clock put together where there are two."""
    found = moments(frame[series["time"]], series["time"], series.get("pattern", ""))
    if found.dt.tz is not None:
        found = found.dt.tz_convert("UTC").dt.tz_localize(None)
    if series.get("clock"):
        found = found.dt.normalize() + time_of_day(frame[series["clock"]])
    return found


def time_of_day(values: pd.Series) -> pd.Series:
    """Hours (0 to 23) or texts like 18:00:00 as time since midnight, missing where neither."""
    hours = pd.to_numeric(values, errors="coerce")
    if hours.notna().sum() >= values.notna().sum() > 0:
        return pd.to_timedelta(hours, unit="h")
    parts = values.astype("string").str.extract(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$")
    texts = parts.fillna({2: "0"}).astype("float64")
    return pd.to_timedelta(texts[0] * 3600 + texts[1] * 60 + texts[2], unit="s")


def places(when: pd.Series, step: dict[str, Any]) -> NDArray[np.int64]:
    """Each moment's number on the grid, 0 for the anchor; the row's number without a grid."""
    anchor, size = pd.Timestamp(step["anchor"]), step["size"]
    if step["unit"] == "rows":
        return np.arange(len(when))
    if step["unit"] == "months":
        months = (when.dt.year - anchor.year) * 12 + when.dt.month - anchor.month
        return np.asarray(np.rint(months / size), dtype="int64")
    if step["unit"] == "business":
        days = when.to_numpy().astype("datetime64[D]")
        return np.asarray(np.busday_count(anchor.to_datetime64().astype("datetime64[D]"), days))
    seconds = (when - anchor).dt.total_seconds()
    return np.asarray(np.rint(seconds / size), dtype="int64")


def next_moments(last: pd.Timestamp, step: dict[str, Any], count: int) -> pd.DatetimeIndex:
    """The `count` moments after the last one, at the series' own step."""
    ahead = np.arange(1, count + 1)
    if step["unit"] == "months":
        found = [last + pd.DateOffset(months=int(n) * step["size"]) for n in ahead]
        ends = pd.offsets.MonthEnd(0)
        return pd.DatetimeIndex([one + ends if step["month_end"] else one for one in found])
    if step["unit"] == "business":
        return pd.DatetimeIndex([last + pd.offsets.BDay(int(n)) for n in ahead])
    return pd.DatetimeIndex([last + pd.Timedelta(seconds=step["size"] * int(n)) for n in ahead])


def filled(values: NDArray[np.float64], season: int) -> NDArray[np.float64]:
    """Gaps closed from the past only: by the value one season before, else by the last one.

    Gaps at the very start take the first known value.
    """
    whole = values.copy()
    for place in np.flatnonzero(np.isnan(whole)):
        back = season if place >= season and not np.isnan(whole[place - season]) else 1
        if place >= back:
            whole[place] = whole[place - back]
    known = whole[~np.isnan(whole)]
    return np.where(np.isnan(whole), known[0], whole) if len(known) else whole


def continued(
    ask: Callable[[int, dict[int, NDArray[np.float64]]], NDArray[np.float64]],
    past: NDArray[np.float64],
    steps: int,
    lags: list[int],
    season: int,
) -> NDArray[np.float64]:
    """Forecast (origins, steps) recursively from `past` (origins, steps back), newest last.

    `ask` gets the step (from 0) and the past value of each origin per lag, and answers one value
    per origin. Answers stand in for what is not known yet; where there is none (NaN), the value
    one season before does. No value after an origin is used.
    """
    first = past.shape[1]
    path = np.concatenate([past, np.full((len(past), steps), np.nan)], axis=1)
    for step in range(steps):
        here = first + step
        answers = ask(step, {lag: path[:, here - lag] for lag in lags})
        before = path[:, here - season] if season <= here else path[:, here - 1]
        path[:, here] = np.where(np.isnan(answers), before, answers)
    return np.asarray(path[:, first:])


def forecast(
    model: Any,
    card: dict[str, Any],
    stored: dict[str, Any],
    steps: int,
    future: pd.DataFrame | None = None,
    fresh: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The next `steps` values: the moment, `step`, `prediction`, `low` and `high`, a row each.

    `stored` is the model's own end of the history with its interval; `fresh` are newer rows of
    moment and target; `future` are rows of the columns known ahead. Raises SchemaFault.
    """
    series, target = card["facts"]["series"], card["target"]
    if not 1 <= steps <= STEPS_MAX:
        raise SchemaFault(f"{steps} steps are outside the range of 1 to {STEPS_MAX:,}.")
    last, past = history_end(series, target, stored, fresh)
    ahead = next_moments(last, series["step"], steps)
    rows = known_rows(card, ahead, future)

    def ask(step: int, back: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
        row = rows.iloc[[step]].assign(**{lag_name(target, n): v for n, v in back.items()})
        return np.asarray(model.predict(row), dtype="float64")

    found = continued(ask, past[None, :], steps, series["lags"], series["season"])[0]
    reach = pd.DataFrame({"low": stored["low"], "high": stored["high"]}, dtype="float64")
    reach = reach.reindex(range(steps)).add(found, axis=0)
    told = {series["time"]: ahead, "step": np.arange(1, steps + 1), "prediction": found}
    return pd.concat([pd.DataFrame(told), reach], axis=1)


def known_rows(
    card: dict[str, Any], ahead: pd.DatetimeIndex, future: pd.DataFrame | None
) -> pd.DataFrame:
    """One row of the model's columns per moment ahead, the past values still empty."""
    series, features = card["facts"]["series"], card["features"]
    names = [feature["name"] for feature in features]
    rows = pd.DataFrame(index=range(len(ahead)))
    if series["known"]:
        rows = future_rows(series, ahead, future)
    rows[series["time"]] = ahead
    past = {name: np.nan for name in names if name not in rows and name not in series["known"]}
    return conform(rows.assign(**past), features)


def future_rows(
    series: dict[str, Any], ahead: pd.DatetimeIndex, future: pd.DataFrame | None
) -> pd.DataFrame:
    """The rows of the columns known ahead: by their moments where they have them, else in order."""
    named = ", ".join(f"“{name}”" for name in series["known"])
    if future is None:
        raise SchemaFault(f"The future values of {named} are needed, a row for each step.")
    timed = {series["time"], *filter(None, [series.get("clock")])} <= set(future.columns)
    if not timed:
        if len(future) < len(ahead):
            raise SchemaFault(f"{len(ahead)} steps need as many future rows, not {len(future)}.")
        return future.head(len(ahead)).reset_index(drop=True)
    by_moment = future.assign(**{series["time"]: moments_of(future, series)})
    by_moment = by_moment.drop_duplicates(series["time"]).set_index(series["time"])
    missing = [moment for moment in ahead if moment not in by_moment.index]
    if missing:
        raise SchemaFault(f"There is no future row for {missing[0].isoformat(sep=' ')}.")
    return by_moment.loc[ahead].reset_index(drop=True)


def history_end(
    series: dict[str, Any], target: str, stored: dict[str, Any], fresh: pd.DataFrame | None
) -> tuple[pd.Timestamp, NDArray[np.float64]]:
    """The last moment known, and the values up to it that the model looks back on, newest last."""
    when = pd.Series(pd.to_datetime(stored["moments"]))
    known = pd.DataFrame({"when": when, "value": stored["values"]}, dtype=None)
    back = len(known)
    if fresh is not None:
        known = pd.concat([known, fresh_rows(series, target, fresh)])
        known = known.drop_duplicates("when", keep="last").sort_values("when", ignore_index=True)
    at = places(known["when"], series["step"])
    grid = np.full(back, np.nan)
    near = at > at[-1] - back
    grid[at[near] - at[-1] + back - 1] = known["value"].to_numpy(dtype="float64")[near]
    if np.isnan(grid).mean() > 1 - FEWEST_KNOWN:
        raise SchemaFault(
            f"The model looks back {back} steps; of these the history has only "
            f"{int((~np.isnan(grid)).sum())}."
        )
    return known["when"].iloc[-1], filled(grid, series["season"])


def fresh_rows(series: dict[str, Any], target: str, fresh: pd.DataFrame) -> pd.DataFrame:
    """Moment and value of the rows that have both. Raises SchemaFault."""
    for name in filter(None, (series["time"], series.get("clock"), target)):
        if name not in fresh.columns:
            raise SchemaFault(f"The history has no column “{name}”.")
    values = numbers(fresh[target].replace("", np.nan), target)
    made = pd.DataFrame({"when": moments_of(fresh, series), "value": values}).dropna()
    if made.empty:
        raise SchemaFault(f"The history has no row with a moment and a value of “{target}”.")
    return made
