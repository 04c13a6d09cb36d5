"""Delimiter, quote, header and decimal mark of a text table, judged from its first lines."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engines.data_sources.heading import has_names, title_lines, value_share
from engines.data_sources.units import apart

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank"}
GUESSED = (",", ";", "\t", "|")  # a blank is never guessed: any sentence would look like a table
QUOTES = {'"': 'double "', "'": "single '", "": "none"}
SAMPLE_CHARACTERS = 262_144
SAMPLE_RECORDS = 500
SPACES = ("'", "’", "\xa0", "\u202f")  # between thousands, whatever the decimal mark

_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),(\d{1,2}|\d{4,})|[+-]?\d{1,3}(\.\d{3})+,\d+")
_POINT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)\.(\d{1,2}|\d{4,})|[+-]?\d{1,3}(,\d{3})+\.\d+")
_COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")


@dataclass(frozen=True)
class Dialect:
    """How a text table is written."""

    delimiter: str
    quote: str
    skip_lines: int
    header: bool
    decimal: str
    thousands: str


def head_of(path: Path) -> str:
    """The first characters of a UTF-8 file, without a half line at their end."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        text = file.read(SAMPLE_CHARACTERS)
    complete = len(text) < SAMPLE_CHARACTERS
    return text if complete or "\n" not in text else text[: text.rindex("\n") + 1]


def records(text: str, delimiter: str, quote: str, skip_lines: int = 0) -> list[list[str]]:
    """The first records of the text, empty lines left out."""
    lines = text.splitlines(keepends=True)[skip_lines:]
    return [row for row, _ in islice(_placed(lines, delimiter, quote), SAMPLE_RECORDS) if row]


def skipped(text: str, delimiter: str, quote: str) -> int:
    """How many lines of titles stand before the table."""
    lines = text.splitlines(keepends=True)
    first = list(islice(_placed(lines, delimiter, quote), SAMPLE_RECORDS))
    number = title_lines([row for row, _ in first])
    return first[number][1] if number else 0


def _placed(lines: list[str], delimiter: str, quote: str) -> Iterator[tuple[list[str], int]]:
    """Each record, an empty one for an empty line, with the number of its first line from 0."""
    # A control character that no table holds stands for "no quote".
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote or "\x1f")
    start = 0
    with suppress(csv.Error):
        for row in reader:
            yield row, start
            start = reader.line_num


def sniff(path: Path) -> Dialect:
    """Judge the dialect of a UTF-8 text table."""
    text = head_of(path)
    quote = _quote(text)
    delimiter = max(GUESSED, key=lambda mark: _fitness(records(text, mark, quote)))
    skip = skipped(text, delimiter, quote)
    rows = records(text, delimiter, quote, skip)
    decimal, thousands = _numbers(rows, delimiter)
    return Dialect(delimiter, quote, skip, has_names(rows), decimal, thousands)


def _quote(text: str) -> str:
    single = len(re.findall(r"(?:^|[,;\t|])'|'(?:[,;\t|]|$)", text, re.MULTILINE))
    return "'" if single > 2 and '"' not in text else '"'


def _fitness(rows: list[list[str]]) -> tuple[float, bool, float, int]:
    """How alike the records are under a delimiter: share of the usual width, names, values, width.

    Under a decimal comma the data falls apart as evenly as under its delimiter, but its names do
    not, and the parts hold fewer numbers.
    """
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0.0, False, 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[1]))
    if width == 1:
        return 0.0, False, 0.0, 1
    named = has_names(rows[title_lines(rows) :])
    return round(count / len(rows), 1), named, round(value_share(rows), 1), width


def _numbers(rows: list[list[str]], delimiter: str) -> tuple[str, str]:
    """Decimal mark and thousands mark."""
    cells = [apart(cell.strip())[0] for row in rows[1:] for cell in row]
    if space := next((mark for mark in SPACES if _spaced(cells, mark)), ""):
        decimal, _ = _numbers([[], [cell.replace(space, "") for cell in cells]], delimiter)
        return decimal, space
    comma = sum(bool(_COMMA.fullmatch(cell)) for cell in cells)
    point = sum(bool(_POINT.fullmatch(cell)) for cell in cells)
    if comma > point or (comma == point == 0 and delimiter == ";" and _grouped(cells, ",")):
        return ",", "." if any(_POINT_GROUPS.fullmatch(cell) for cell in cells) else ""
    return ".", "," if _grouped(cells, ",") else ""


def _spaced(cells: list[str], mark: str) -> bool:
    pattern = re.compile(rf"[+-]?\d{{1,3}}({mark}\d{{3}})+([.,]\d+)?")
    return any(mark in cell and pattern.fullmatch(cell) for cell in cells)


def _grouped(cells: list[str], mark: str) -> bool:
    pattern = _COMMA_GROUPS if mark == "," else _POINT_GROUPS
    return any(pattern.fullmatch(cell) for cell in cells)
