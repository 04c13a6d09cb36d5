"""Which date format a column is written in."""

# ruff: noqa: S608 -- every name and value in the SQL is quoted by sql.name and sql.text

import re
from collections.abc import Sequence

import duckdb

from engines.data_sources.options import ISO
from engines.data_sources.sql import text

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DAYS_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d.%m.%y")
_MONTHS_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
_NAMED = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y", "%d%b%Y")
_PLAIN = ("%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%Y/%m", "%Y%m%d", "%Y-%m-%dT%H:%M:%S")
_LOOKS = re.compile(r"(?=.*\d)[\w\s.,:/+-]{6,35}")
_COMPACT = re.compile(r"\d{8}")
_NAMED_DATE = re.compile(r"date|datum|dat$|day|_dt|dt_|^dt$|fecha|jour|giorno", re.IGNORECASE)
CHECKED = 5_000  # distinct values tried per format


def looks_like_date(value: str) -> bool:
    """A cheap test before the formats are tried."""
    has_marks = any(mark in value for mark in "-/.: ")
    return bool(_LOOKS.fullmatch(value)) and (has_marks or bool(_COMPACT.fullmatch(value)))


def formats() -> tuple[str, ...]:
    """Every format that is tried, the standard one first."""
    days = (*_MONTHS_FIRST, *_DAYS_FIRST, *_NAMED, "%Y/%m/%d")
    return (ISO, *(day + clock for day in days for clock in _CLOCKS), *_PLAIN)


def parse(source: str, pattern: str, strict: bool) -> str:
    """SQL that turns text into a timestamp; `strict` fails on a bad value, else it is null."""
    if pattern in (ISO, ""):
        return f"{'' if strict else 'TRY_'}CAST({source} AS TIMESTAMP)"
    return f"{'' if strict else 'try_'}strptime({source}, {text(pattern)})"


def detect_format(
    connection: duckdb.DuckDBPyConnection, values: Sequence[str], name: str, day_first: bool
) -> tuple[str, bool]:
    """The format all values fit, or an empty text; and whether day and month may be swapped."""
    sample = list(values[:CHECKED])
    if not all(looks_like_date(value) for value in sample[:20]):
        return "", False
    fits = _fitting(connection, sample)
    if not fits or (_COMPACT.fullmatch(sample[0]) and not _NAMED_DATE.search(name)):
        return "", False
    first_day = [f for f in fits if f.startswith("%d")]
    first_month = [f for f in fits if f.startswith(("%m", ISO))]
    ambiguous = bool(first_day) and bool(first_month) and ISO not in fits
    return (first_day[0] if ambiguous and day_first else fits[0]), ambiguous


def _fitting(connection: duckdb.DuckDBPyConnection, sample: list[str]) -> list[str]:
    # First the first few values against every format, then all values against what is left.
    left = _fit_all(connection, sample[:20], formats())
    return _fit_all(connection, sample, left) if left else []


def _fit_all(
    connection: duckdb.DuckDBPyConnection, sample: list[str], tried: Sequence[str]
) -> list[str]:
    counts = ", ".join(f"count({parse('v', pattern, strict=False)})" for pattern in tried)
    query = f"SELECT {counts} FROM (SELECT unnest(?::VARCHAR[]) AS v)"
    row = connection.execute(query, [sample]).fetchone() or ()
    return [f for f, count in zip(tried, row, strict=True) if count == len(sample)]
