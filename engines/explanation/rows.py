"""The rows a model is explained on, under the model's own names, in the form it was fitted on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engines.core import drawn, scoring
from engines.core.errors import InvalidInput
from engines.core.forecasting import filled, lag_name, moments_of, places
from engines.core.model_card import ModelCard
from engines.core.tables import Table

HOLDOUT, FOLDS = "holdout.parquet", "oof.parquet"
BACKGROUND_ROWS = 200
SEED = 11


@dataclass(frozen=True)
class Rows:
    """Conforming rows of the hold-out and of training, a sample of the others, every raw column.

    `held`, `trained` and `background` are indexed by the row's number in the stored table; `raw` is
    the whole table under the model's names; `answers` is the stored hold-out and `folds` the stored
    out-of-fold answers; `trained`, `answers` and `folds` are empty without a target.
    """

    held: pd.DataFrame
    trained: pd.DataFrame
    background: pd.DataFrame
    raw: pd.DataFrame
    answers: pd.DataFrame
    folds: pd.DataFrame


def rows_of(card: ModelCard, table: Table, folder: Path) -> Rows:
    """Read the table and the stored hold-out. Raises InvalidInput when they do not fit."""
    raw = _trained_with(card, table)
    raw = raw.rename(columns=table.public_names) if card.anonymised else raw
    answers = _stored(folder / HOLDOUT)
    series = card.facts.get("series")
    wide = with_past(card, raw) if series else raw
    try:
        ready = scoring.conform(wide, card.as_json()["features"])
    except scoring.SchemaFault as fault:
        raise InvalidInput(str(fault), hint="The data set no longer fits the model.") from fault
    held = ready.loc[answers["row"]] if len(answers) else _some(ready, len(ready))
    rest = ready.drop(index=held.index) if len(answers) else ready
    trained = rest[_trained_on(card, raw.loc[rest.index])] if len(answers) else rest.head(0)
    background = _some(rest, BACKGROUND_ROWS)
    return Rows(held, trained, background, raw, answers, _stored(folder / FOLDS))


def _trained_with(card: ModelCard, table: Table) -> pd.DataFrame:
    """The table, or what training had drawn of it."""
    told = card.facts.get("drawn")
    if not told:
        return pd.read_parquet(table.path)
    return drawn.read(table.path, drawn.draw(table.rows, told["rows"], told["seed"]))


def with_past(card: ModelCard, raw: pd.DataFrame) -> pd.DataFrame:
    """The rows of a series with its past values as columns, as when the model was fitted."""
    series, target = card.facts["series"], card.target
    timed = raw.assign(**{series["time"]: moments_of(raw, series)})
    known = timed[timed[series["time"]].notna() & pd.to_numeric(timed[target]).notna()]
    ordered = known.sort_values(series["time"], kind="stable").drop_duplicates(series["time"])
    at = places(ordered[series["time"]], series["step"])
    grid = np.full(int(at[-1]) + 1, np.nan)
    grid[at] = ordered[target].to_numpy(dtype="float64")
    grid = filled(grid, series["season"])
    past = {lag_name(target, lag): grid[np.maximum(at - lag, 0)] for lag in series["lags"]}
    found: pd.DataFrame = ordered.assign(**past).loc[at >= max(series["lags"], default=0)]
    return found


def _stored(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file) if file.exists() else pd.DataFrame()


def _trained_on(card: ModelCard, rest: pd.DataFrame) -> "pd.Series[bool]":
    """True for rows that training could use: with a target and, when split by time, a moment."""
    known: pd.Series[bool] = rest[card.target].notna()
    if not card.classes:
        known &= np.isfinite(pd.to_numeric(rest[card.target], errors="coerce"))
    time = card.facts.get("time_column")
    return known & rest[time].notna() if time else known


def _some(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    return rows.sample(min(count, len(rows)), random_state=SEED)
