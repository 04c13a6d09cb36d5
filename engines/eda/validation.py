"""Type inference: what the values look like, against what is on record."""

import numpy as np
import polars as pl

from engines.core.tables import ColumnType
from engines.eda.report import Top, TypeCheck
from engines.eda.source import is_numeric, parsed_dates

MOSTLY = 0.9  # share of values that must fit before a text column is called numbers or dates
EXAMPLES = 5
LONG_TEXT = 50  # mean characters from which unique strings are prose, not keys
FEWEST_KEYS = 20
DATE_CHECKED = 2_000
YES_NO = (
    {"yes", "no"}, {"y", "n"}, {"true", "false"}, {"t", "f"}, {"0", "1"}, {"on", "off"},
)  # fmt: skip
MARKS = frozenset(
    ("", "?", "-", "--", ".", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing")
)


def check_type(values: pl.Series, counts: pl.DataFrame, recorded: ColumnType) -> TypeCheck:
    """Compare the recorded type with the inferred one and count the values that do not fit.

    `counts` has columns `value` and `count`, without the missing value.
    """
    inferred = infer(values, counts)
    aim = inferred if _should_be(recorded, inferred) else recorded
    odd = misfits(counts, aim)
    number = int(odd["count"].sum())
    return TypeCheck(
        recorded=recorded,
        inferred=inferred,
        misfits=number,
        examples=[shown(value) for value in odd["value"].head(EXAMPLES).to_list()],
        finding=_finding(recorded, inferred, number),
    )


def shown(value: object) -> str:
    """A value as a short visible text; blanks are put into quotes."""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    if not text.strip():
        return repr(text)
    return text if len(text) <= 60 else text[:59] + "…"


def infer(values: pl.Series, counts: pl.DataFrame) -> ColumnType:
    """The type the values suggest, whatever is on record."""
    if counts.is_empty():
        return ColumnType.EMPTY
    dtype = values.dtype
    if dtype == pl.Boolean:
        return ColumnType.BOOLEAN
    if dtype.is_temporal():
        return ColumnType.DATETIME
    if dtype.is_integer():
        return _infer_integer(values, counts)
    if dtype.is_float():
        return _infer_float(counts["value"])
    return _infer_text(counts, values.len() - values.null_count())


def _infer_integer(values: pl.Series, counts: pl.DataFrame) -> ColumnType:
    if set(counts["value"].head(3).to_list()) <= {0, 1}:
        return ColumnType.BOOLEAN
    unique = counts.height == values.len() and counts.height > FEWEST_KEYS
    low, high = counts["value"].min(), counts["value"].max()
    if unique and int(high) - int(low) == counts.height - 1:  # type: ignore[arg-type]
        return ColumnType.IDENTIFIER
    return ColumnType.INTEGER


def _infer_float(distinct: pl.Series) -> ColumnType:
    values = distinct.to_numpy()
    finite = values[np.isfinite(values)]
    whole = bool((finite == np.floor(finite)).all()) and len(finite) > 0
    return ColumnType.INTEGER if whole else ColumnType.NUMERIC


def _infer_text(counts: pl.DataFrame, filled: int) -> ColumnType:
    texts = counts["value"].cast(pl.String, strict=False).str.strip_chars()
    if set(texts.str.to_lowercase().head(4).to_list()) in YES_NO:
        return ColumnType.BOOLEAN
    if _share(counts, ~numbers_in(texts).is_null()) >= MOSTLY:
        return ColumnType.NUMERIC
    if _looks_like_dates(texts):
        return ColumnType.DATETIME
    length = float(texts.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    if counts.height == filled and filled > FEWEST_KEYS:
        return ColumnType.TEXT if length >= LONG_TEXT else ColumnType.IDENTIFIER
    mostly_unique = counts.height > 0.5 * filled and filled > FEWEST_KEYS
    return ColumnType.TEXT if mostly_unique and length >= 20 else ColumnType.CATEGORICAL


def numbers_in(texts: pl.Series) -> pl.Series:
    """The numbers written in texts, thousands separators allowed; null where there is none."""
    plain = texts.str.replace_all(r"(\d),(\d{3})", "$1$2")
    return plain.cast(pl.Float64, strict=False)


def _share(counts: pl.DataFrame, mask: pl.Series) -> float:
    total = float(counts["count"].sum())
    return float(counts["count"].filter(mask).sum()) / total if total else 0.0


def _looks_like_dates(texts: pl.Series) -> bool:
    some = texts.head(DATE_CHECKED)
    with_digit = some.str.contains(r"^\d{1,4}[-/.]\d{1,2}")
    if some.len() < 2 or float(with_digit.mean() or 0) < MOSTLY:  # type: ignore[arg-type]
        return False
    return parsed_dates(some).null_count() <= (1 - MOSTLY) * some.len()


def misfits(counts: pl.DataFrame, kind: ColumnType) -> pl.DataFrame:
    """The distinct values, with counts, that cannot be read as the given type."""
    values = counts["value"]
    if is_numeric(kind):
        return counts.filter(_not_numbers(values, whole=kind is ColumnType.INTEGER))
    if kind is ColumnType.DATETIME and values.dtype == pl.String:
        return counts.filter(parsed_dates(values).is_null())
    return counts.clear()


def _not_numbers(values: pl.Series, whole: bool) -> pl.Series:
    if values.dtype == pl.String:
        values = numbers_in(values.str.strip_chars())
    numbers = values.cast(pl.Float64, strict=False)
    odd = numbers.is_null() | numbers.is_infinite()
    return odd | (numbers != numbers.floor()).fill_null(True) if whole else odd


def _should_be(recorded: ColumnType, inferred: ColumnType) -> bool:
    """True when values kept as text read as numbers or dates."""
    text_like = recorded in (ColumnType.CATEGORICAL, ColumnType.TEXT)  # keys may be digits
    return text_like and inferred in (ColumnType.NUMERIC, ColumnType.DATETIME)


def _finding(recorded: ColumnType, inferred: ColumnType, number: int) -> str:
    if _should_be(recorded, inferred):
        rest = f", except {number:,}" if number else ""
        return f"Kept as {recorded}, but the values read as {inferred}{rest}."
    if number:
        return f"{number:,} values do not fit the type {recorded}."
    if inferred is ColumnType.IDENTIFIER and recorded is not ColumnType.IDENTIFIER:
        return "Every value occurs once: this looks like an identifier."
    if inferred is ColumnType.EMPTY:
        return "There is no value."
    return ""


def disguised(counts: pl.DataFrame, rows: int) -> list[Top]:
    """Values that probably stand for "missing": written marks, and far-off repeated numbers."""
    if counts.is_empty():
        return []
    if counts["value"].dtype == pl.String:
        marks = counts["value"].str.strip_chars().str.to_lowercase().is_in(list(MARKS))
        found = counts.filter(marks)
    else:
        found = _far_off(counts)
    return [
        Top(value=shown(value), count=count, share=count / rows)
        for value, count in found.head(EXAMPLES).iter_rows()
    ]


def _far_off(counts: pl.DataFrame) -> pl.DataFrame:
    """A known mark at either end: repeated, and 1.5 IQR away or the only negative value."""
    if not counts["value"].dtype.is_numeric() or counts.height < 10:
        return counts.clear()
    ordered = counts.with_columns(pl.col("value").cast(pl.Float64)).sort("value")
    values, tally = ordered["value"].to_numpy(), ordered["count"].to_numpy()
    rest = np.repeat(values[1:-1], np.minimum(tally[1:-1], 1_000))
    q1, q3 = np.quantile(rest, (0.25, 0.75))
    often = tally >= max(5, 0.005 * tally.sum())
    gaps = np.zeros(len(values), dtype=bool)
    alone = values[0] < 0 <= values[1] or values[1] - values[0] > 1.5 * (q3 - q1)
    gaps[0] = alone and is_mark(values[0])
    gaps[-1] = values[-1] - values[-2] > 1.5 * (q3 - q1) and is_mark(values[-1])
    return ordered.filter(pl.Series(gaps & often))


def is_mark(value: float) -> bool:
    """True for numbers people write for "missing": -1, -9, -99, -200, 999, 9999, 99999 ..."""
    digits = f"{abs(value):.0f}"
    nines = set(digits) == {"9"} and len(digits) >= 2
    return value == np.floor(value) and (nines or value in (-1, -100, -200, -300, -500, -1000))


def variants(counts: pl.DataFrame) -> list[str]:
    """Groups of spellings that differ only in case or spaces, such as "Yes / yes"."""
    if counts.is_empty() or counts["value"].dtype != pl.String or counts.height > 20_000:
        return []
    folded = counts["value"].str.strip_chars().str.replace_all(r"\s+", " ").str.to_lowercase()
    groups = (
        pl.DataFrame({"key": folded, "value": counts["value"]})
        .group_by("key", maintain_order=True)
        .agg(pl.col("value"))
        .filter(pl.col("value").list.len() > 1)
    )
    return [" / ".join(shown(v) for v in group) for group in groups["value"].head(20).to_list()]
