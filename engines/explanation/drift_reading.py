"""Stability indices read in words: per column of the hold-out, and period by period.

The usual reading: below 0.10 stable, up to 0.25 shifted, above 0.25 unstable (Siddiqi, Credit Risk
Scorecards, Wiley 2006).
"""

import pandas as pd

from engines.explanation.drift import PERIOD
from engines.explanation.figures_drift import FAR, MOVED, drift_lines, named
from engines.explanation.read import Explanation

UNKNOWN = "–"  # nothing to read: no period, or none with enough rows


def reading(index: float) -> str:
    """The index in a word."""
    if pd.isna(index):
        return UNKNOWN
    if index > FAR:
        return "unstable"
    return "stable" if index < MOVED else "shifted"


def drift_by_column(found: Explanation) -> pd.DataFrame:
    """One line for each column and score, the largest index first.

    Columns name, psi (the whole hold-out), chance, reading, period (the largest index of a period
    that has enough rows; missing without one) and period_reading.
    """
    whole = drift_lines(found).set_index("name")[["psi", "chance"]]
    lines = named(found.drift)
    counted = lines[(lines["kind"] == PERIOD) & ~lines["small"].astype(bool)]
    largest = counted.groupby("name")["psi"].max()
    told = whole.assign(
        reading=whole["psi"].map(reading), period=largest.reindex(whole.index).astype("float64")
    )
    told["period_reading"] = told["period"].map(reading)
    return told.reset_index()


def drift_over_time(found: Explanation) -> pd.DataFrame:
    """One line for each period of the hold-out, the earliest first; empty without a time column.

    Columns period, rows, psi (the largest of the period), name (whose it is) and reading, which
    stays open where the period has too few rows.
    """
    lines = named(found.drift)
    own = lines[lines["kind"] == PERIOD]
    worst = own.loc[own.groupby("part", sort=False)["psi"].idxmax()]
    small = worst["small"].astype(bool)
    told = worst.rename(columns={"part": "period", "compared": "rows"})
    told = told.assign(reading=worst["psi"].map(reading).mask(small, UNKNOWN))
    return told[["period", "rows", "psi", "name", "reading"]].reset_index(drop=True)
