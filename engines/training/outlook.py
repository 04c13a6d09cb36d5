"""What a forecasting model keeps: the history's end, how far off it was, and what comes next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core import forecasting
from engines.core.model_card import ModelCard
from engines.training.folder import MODEL, Folder
from engines.training.folds import FoldResult, Material
from engines.training.scores import Answers, score
from engines.training.series import Series
from engines.training.tasks import Task

FORECAST, SERIES = "forecast.json", "series.parquet"
LEVEL = 0.9  # of the interval
ENOUGH = 40  # out-of-fold errors for a quantile; nearby steps are added until there are so many
SEASONS_SHOWN, ROWS_SHOWN = 4, 400  # of the history before the hold-out


def write(
    into: Folder,
    made: Material,
    series: Series,
    card: ModelCard,
    held: FoldResult,
    folds: Mapping[int, FoldResult],
) -> None:
    """Write the history's end with the interval, and the series as it is drawn."""
    low, high = interval(series, made.target, list(folds.values()))
    told = {**_history(series, made), "low": low, "high": high, "level": LEVEL}
    shown = _shown(series, made, held, low, high)
    inside = (shown["value"] >= shown["low"]) & (shown["value"] <= shown["high"])
    is_held = shown["part"] == "holdout"
    facts = {
        "coverage": float(inside[is_held].mean()),
        "turns": int(series.origin(held.rows)[0].max()) + 1,
        "comparison": comparison(series, made, held),
    }
    into.json(FORECAST, {**told, **facts})
    ahead = _ahead(made, card, told, into.path / MODEL)
    into.table(SERIES, pd.concat([shown, ahead], ignore_index=True))


def interval(
    series: Series, truth: NDArray[Any], folds: list[FoldResult]
) -> tuple[list[float], list[float]]:
    """For each step, what to add to a forecast for its lower and upper bound.

    The 5 % and 95 % quantiles of the out-of-fold errors (true minus forecast) at that step and,
    until there are 40, at the nearest ones.
    """
    errors = np.concatenate([truth[fold.rows] - fold.predicted for fold in folds])
    steps = np.concatenate([series.origin(fold.rows)[1] for fold in folds])
    bounds = []
    for step in range(series.horizon):
        away = np.abs(steps - step)
        reach = np.sort(away)[min(ENOUGH, len(away)) - 1]
        near = errors[away <= reach]
        bounds.append(np.quantile(near, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low, high = np.array(bounds).T
    return [float(x) for x in low], [float(x) for x in high]


def comparison(series: Series, made: Material, held: FoldResult) -> list[dict[str, Any]]:
    """The hold-out scores of the model, of repeating the last value, and of the last season."""
    season = int(series.told["season"])
    tried = {"Model": held.predicted, "Last value": series.repeated(held.rows, 1)}
    if season > 1:
        tried["Last season"] = series.repeated(held.rows, season)
    truth, none = made.target[held.rows], np.empty((0, 0))
    return [
        {"forecast": name, **_scored(Answers(truth, found, none, (), made.naive_error))}
        for name, found in tried.items()
    ]


def _scored(answers: Answers) -> dict[str, float]:
    found = score(Task.TIME_SERIES, answers)
    return {name: found[name] for name in ("mae", "rmse", "mase") if name in found}


def _history(series: Series, made: Material) -> dict[str, Any]:
    """Moments and known values as far back as a forecast looks."""
    near = series.at > series.at[-1] - int(series.told["back"])
    values = made.target[near].astype("float64")
    return {"moments": [str(m) for m in series.when[near]], "values": values.tolist()}


def _shown(
    series: Series, made: Material, held: FoldResult, low: list[float], high: list[float]
) -> pd.DataFrame:
    """The history's last seasons and the hold-out, with its forecasts and their bounds."""
    season = int(series.told["season"])
    rows = np.concatenate([made.train[-max(SEASONS_SHOWN * season, ROWS_SHOWN) :], held.rows])
    frame = pd.DataFrame({"moment": series.when.iloc[rows], "value": made.target[rows]})
    frame["part"] = np.where(np.isin(rows, held.rows), "holdout", "history")
    turn, step = series.origin(held.rows)
    naive = series.repeated(held.rows, season)
    found = pd.DataFrame({"turn": turn, "step": step + 1, "naive": naive})
    found["prediction"] = held.predicted
    found["low"], found["high"] = found.prediction + np.array(low)[step], np.nan
    found["high"] = found.prediction + np.array(high)[step]
    found.index = pd.Index(held.rows)
    return frame.set_axis(rows).join(found).reset_index(drop=True)


def _ahead(made: Material, card: ModelCard, told: dict[str, Any], file: Path) -> pd.DataFrame:
    """The forecast from the history's end; none when it needs columns of the future."""
    plain = card.as_json()
    series = plain["facts"]["series"]
    if series["known"]:
        return pd.DataFrame()
    found = forecasting.forecast(made.model(file), plain, told, series["horizon"])
    return found.rename(columns={series["time"]: "moment"}).assign(part="ahead")
