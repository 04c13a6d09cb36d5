"""Columns of a stored table, read a block at a time so that memory holds a few, never all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from engines.core.errors import InvalidInput
from engines.core.tables import ColumnType, Table

CELLS_AT_ONCE = 8_000_000
COLUMNS_AT_ONCE = 64
NUMERIC = (ColumnType.INTEGER, ColumnType.NUMERIC)
CATEGORY = (ColumnType.BOOLEAN, ColumnType.CATEGORICAL)

Rows = npt.NDArray[np.int64]


def columns(table: Table) -> Iterator[tuple[int, pl.Series]]:
    """Position and values of every column, in order.

    Polars reads a name such as `^a.*$` as a pattern, so a series is called by its position.
    Raises InvalidInput when the file cannot be read.
    """
    width = max(1, min(COLUMNS_AT_ONCE, CELLS_AT_ONCE // max(table.rows, 1)))
    for start in range(0, len(table.columns), width):
        block = _read(table.path, list(range(start, min(start + width, len(table.columns)))))
        for offset in range(block.width):
            yield start + offset, readable(block.to_series(offset).alias(f"c{start + offset}"))


def _read(path: Path, positions: list[int]) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=positions)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InvalidInput(
            "The stored table cannot be read.", hint="Upload the data again."
        ) from error


def readable(series: pl.Series) -> pl.Series:
    """Nested and binary values as text, decimals and durations as numbers; others untouched."""
    dtype = series.dtype
    if dtype.is_nested() or dtype == pl.Binary or dtype == pl.Object:
        texts = [None if value is None else _text(value) for value in series.to_list()]
        return pl.Series(series.name, texts, dtype=pl.String)
    if dtype == pl.Duration:
        return series.dt.total_seconds(fractional=True)
    if dtype.is_decimal():
        return series.cast(pl.Float64)
    if dtype == pl.Null or dtype == pl.Time or dtype in (pl.Categorical, pl.Enum):
        return series.cast(pl.String)
    return without_nan(series)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value)


def without_nan(series: pl.Series) -> pl.Series:
    """Not-a-number means missing, as it does for pandas."""
    return series.fill_nan(None) if series.dtype.is_float() else series


def as_type(series: pl.Series, kind: ColumnType) -> pl.Series:
    """The values as their recorded type has them; those that do not fit become missing."""
    if kind in NUMERIC:
        return without_nan(_as_number(series))
    if kind is ColumnType.DATETIME:
        return _as_date(series)
    return series.cast(pl.String, strict=False)


def _as_number(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        return series.str.strip_chars().cast(pl.Float64, strict=False)
    if series.dtype.is_temporal():
        return _as_date(series).dt.epoch("s").cast(pl.Float64)
    return series.cast(pl.Float64, strict=False)


def _as_date(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        return parsed_dates(series)
    if series.dtype.is_temporal():
        naive = series.cast(pl.Datetime("us"), strict=False)
        return naive.dt.replace_time_zone(None)
    return pl.Series(series.name, [None] * len(series), dtype=pl.Datetime("us"))


def parsed_dates(texts: pl.Series) -> pl.Series:
    """ISO, day-first and month-first texts as naive timestamps; null where none fits."""
    best = pl.Series(texts.name, [None] * len(texts), dtype=pl.Datetime("us"))
    stripped = texts.str.strip_chars()
    for pattern in DATE_PATTERNS:
        parsed = stripped.str.to_datetime(pattern, strict=False, time_unit="us")
        if parsed.null_count() < best.null_count():
            best = parsed
    return best


DATE_PATTERNS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d",
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y-%m",
)  # fmt: skip


def is_numeric(kind: ColumnType) -> bool:
    """True for columns that arithmetic makes sense on."""
    return kind in NUMERIC


def is_category(kind: ColumnType) -> bool:
    """True for columns that hold one of a set of values."""
    return kind in CATEGORY
