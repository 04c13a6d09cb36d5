"""Columns as numbers, for the quick probes only; nothing trained here is kept."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from engines.core.tables import ColumnType, Table

LEVELS = 15  # categories kept by name; the rest are counted together
BINS = 16
LARGEST = 1e30  # the trees count in 32 bits
CONTINUOUS = frozenset({ColumnType.INTEGER, ColumnType.NUMERIC, ColumnType.DATETIME})

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Encoded:
    """A frame as numbers: `values` rows x features, `codes` the same cut into at most 17 levels."""

    names: tuple[str, ...]
    continuous: npt.NDArray[np.bool_]
    values: Floats
    codes: Codes


def encode(frame: pd.DataFrame, table: Table, names: tuple[str, ...]) -> Encoded:
    """The named columns as numbers; missing values become the median, or a level of their own."""
    kinds = {column.name: column.type in CONTINUOUS for column in table.columns}
    values, codes = [], []
    for name in names:
        pair = _continuous(frame[name]) if kinds[name] else _categorical(frame[name])
        values.append(pair[0])
        codes.append(pair[1])
    shape = (len(frame), len(names))
    return Encoded(
        names=names,
        continuous=np.array([kinds[name] for name in names], dtype=bool),
        values=np.column_stack(values) if values else np.empty(shape),
        codes=np.column_stack(codes) if codes else np.empty(shape, dtype=np.int64),
    )


def numbers(column: pd.Series) -> Floats:
    """A column as floats up to 1e30; dates in seconds, infinities and what is no number NaN."""
    if pd.api.types.is_datetime64_any_dtype(column):
        seconds = column.astype("int64").to_numpy(dtype=float) / 1e9
        return np.where(column.isna(), np.nan, seconds)
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(found), np.clip(found, -LARGEST, LARGEST), np.nan)


def cut(values: Floats) -> Codes:
    """Values as quantile bins 0..15, missing ones as bin 16."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), BINS, dtype=np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(np.isnan(values), BINS, np.searchsorted(edges, values, side="right"))


def levels(column: pd.Series) -> Codes:
    """Categories as codes by frequency, 0 the most frequent; the rare share 15, missing is 16."""
    text = column.astype("object").where(column.notna(), None)
    ranks = {value: rank for rank, value in enumerate(text.value_counts().index[:LEVELS])}
    found = text.map(ranks).fillna(LEVELS).to_numpy(dtype=np.int64)
    return np.where(column.isna(), LEVELS + 1, found)


def _continuous(column: pd.Series) -> tuple[Floats, Codes]:
    values = numbers(column)
    middle = np.nanmedian(values) if np.isfinite(values).any() else 0.0
    return np.where(np.isnan(values), middle, values), cut(values)


def _categorical(column: pd.Series) -> tuple[Floats, Codes]:
    codes = levels(column)
    return codes.astype(float), codes
