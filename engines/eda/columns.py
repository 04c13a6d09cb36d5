"""One column, described in one pass over its values."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engines.core.tables import Column, ColumnType
from engines.eda import statistics, validation
from engines.eda.outliers import Flags, count_outliers
from engines.eda.report import ColumnReport, TypeCheck
from engines.eda.source import as_type, is_category, is_numeric


@dataclass(frozen=True)
class Described:
    """A column's report, its values as its type has them, and the rows beyond its fences."""

    report: ColumnReport
    values: pl.Series
    flags: Flags | None


def describe(column: Column, values: pl.Series) -> Described:
    """Everything the report says about one column; `values` holds the rows analysed."""
    counts = statistics.value_counts(values)
    check = validation.check_type(values, counts, column.type)
    typed = as_type(values, column.type)
    common = _common(column, values, counts, check)
    if counts.is_empty():
        return Described(ColumnReport(**common), typed, None)
    if is_numeric(column.type):
        return _numbers(common, typed, counts)
    if column.type is ColumnType.DATETIME:
        return _dates(common, typed)
    return _categories(common, values, typed, counts)


def _common(
    column: Column, values: pl.Series, counts: pl.DataFrame, check: TypeCheck
) -> dict[str, object]:
    return {
        "name": column.name,
        "type": column.type,
        "rows": values.len(),
        "missing": values.null_count(),
        "distinct": counts.height,
        "check": check,
        "top": statistics.top_values(counts),
        "disguised": validation.disguised(counts, values.len()),
        "variants": validation.variants(counts) if is_category(column.type) else [],
    }


def _numbers(common: dict[str, object], typed: pl.Series, counts: pl.DataFrame) -> Described:
    numbers = typed.to_numpy().astype(np.float64)
    present = numbers[~np.isnan(numbers)]
    outliers, flags = count_outliers(numbers)
    bits, share = statistics.entropy(counts) if counts.height <= 50 else (None, None)
    report = ColumnReport(
        **common,
        entropy=bits,
        entropy_share=share,
        numbers=statistics.summary(present),
        histogram=statistics.histogram(present),
        box=statistics.box(present),
        outliers=outliers,
    )
    return Described(report, typed, flags)


def _dates(common: dict[str, object], typed: pl.Series) -> Described:
    moments = typed.drop_nulls().dt.epoch("s").cast(pl.Float64).to_numpy()
    report = ColumnReport(
        **common,
        dates=statistics.date_summary(typed),
        histogram=statistics.histogram(moments),
    )
    return Described(report, typed, None)


def _categories(
    common: dict[str, object], values: pl.Series, typed: pl.Series, counts: pl.DataFrame
) -> Described:
    bits, share = statistics.entropy(counts)
    keyed = common["type"] in (ColumnType.IDENTIFIER, ColumnType.TEXT)
    report = ColumnReport(
        **common,
        entropy=bits,
        entropy_share=share,
        texts=statistics.text_summary(values),
        histogram=None if keyed else statistics.bars(counts),
    )
    return Described(report, typed, None)
