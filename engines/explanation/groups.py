"""Groups of rows by one column: categories, quantile bins of numbers, periods of time."""

import numpy as np
import pandas as pd

MOST_GROUPS = 8
MANY_VALUES = 10  # a numeric column with more values than this is cut into bins
BINS = 4
PERIODS = 6
MISSING, OTHER = "(missing)", "(other)"


def by_value(values: pd.Series, bins: int = BINS) -> pd.Series:
    """A group's name for each row: category, bin of a number, or period of a date."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return by_period(values)
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and values.nunique() > MANY_VALUES:
        cut = pd.qcut(values.astype("float64"), bins, duplicates="drop")
        return _named(cut, cut.cat.categories)
    known = values.value_counts()
    text = values.astype(object).map(_word, na_action="ignore")
    if len(known) > MOST_GROUPS:
        largest = {_word(one) for one in known.index[: MOST_GROUPS - 1]}
        text[~text.isin(largest) & text.notna()] = OTHER
    return text.fillna(MISSING)


def by_period(moments: pd.Series) -> pd.Series:
    """Periods of equal row counts in the order of time, named by first and last day."""
    ranks = moments.rank(method="first")
    place: pd.Series[float] = (ranks / moments.notna().sum() * PERIODS).apply(np.ceil)
    named = pd.Series(MISSING, index=moments.index, dtype=object)
    for number in sorted(place.dropna().unique()):
        own = moments[place == number]
        named[place == number] = f"{own.min():%Y-%m-%d} to {own.max():%Y-%m-%d}"
    return named


def in_order(values: pd.Series, group: pd.Series) -> list[str]:
    """The groups' names: of numbers and dates by the lowest value, else the largest group first.

    The rest and the missing values come last.
    """
    parts = values.groupby(group)
    by_place = pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)
    places = parts.min() if by_place else -parts.size()
    ends = (OTHER, MISSING)
    known = sorted(set(group) - {*ends}, key=lambda name: (places[name], name))
    return [*known, *(name for name in ends if name in places)]


def _named(cut: pd.Series, intervals: "pd.Index[pd.Interval]") -> pd.Series:
    names = {}
    for number, interval in enumerate(intervals):
        low, high = f"{interval.left:,.6g}", f"{interval.right:,.6g}"
        first, last = number == 0, number == len(intervals) - 1
        names[interval] = f"up to {high}" if first else f"over {low}"
        if not (first or last):
            names[interval] = f"over {low} to {high}"
    return cut.astype(object).map(names).fillna(MISSING)


def _word(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
