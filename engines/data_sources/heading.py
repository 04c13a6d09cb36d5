"""Where a table begins below its titles, and how its line of names fits the lines below."""

import re
from collections import Counter
from collections.abc import Sequence

PREAMBLE = 20  # how many title lines may stand before the table
COMMENT = "#"
_VALUE = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")

Record = Sequence[str]


def title_lines(lines: Sequence[Record]) -> int:
    """Number of lines before the table; `lines` holds a record for each line, empty ones too.

    Titles are narrower than the table, or filled up with empty cells, or marked as comments.
    """
    usual = _usual_width([line for line in lines if line])
    for number, line in enumerate(lines[:PREAMBLE]):
        below = [later for later in lines[number + 1 :] if later]
        if line and (len(line) >= usual or _is_one_short(line, below, usual)):
            return number + _wide_titles([line, *lines[number + 1 :]])
    return 0


def has_names(rows: Sequence[Record]) -> bool:
    """False when the first record holds numbers or dates just where the others do."""
    if len(rows) < 2:
        return True
    values = [_is_value(cell) for cell in rows[0]]
    if not any(values):
        return True
    below = [_is_value(cell) for cell in rows[len(rows) // 2]]
    texts_differ = any(v < b for v, b in zip(values, below, strict=False))
    return texts_differ and sum(values) < len(values)


def value_share(rows: Sequence[Record]) -> float:
    """Which share of the cells that are not empty holds a number or a date."""
    cells = [cell for row in rows for cell in row if cell.strip()]
    return sum(map(_is_value, cells)) / max(len(cells), 1)


def fitted(names: list[str], below: Sequence[Record]) -> list[str]:
    """The names, with an empty one for the column that all lines below have more.

    It stands last when that column is empty, as each line ends in a delimiter; else first, as R
    writes the names of rows.
    """
    if not below or {len(row) for row in below} != {len(names) + 1}:
        return names
    return ["", *names] if any(row[-1].strip() for row in below) else [*names, ""]


def _usual_width(lines: Sequence[Record]) -> int:
    widths = [len(line) for line in lines]
    return Counter(widths[PREAMBLE:] or widths).most_common(1)[0][0] if widths else 0


def _is_one_short(line: Record, below: Sequence[Record], usual: int) -> bool:
    """True for names above lines that all have one field more, and no names of their own."""
    wider = bool(below) and all(len(row) == usual == len(line) + 1 for row in below)
    return wider and usual > 2 and _may_name(line) and not has_names(below)


def _wide_titles(lines: Sequence[Record]) -> int:
    """Title lines as wide as the table: comments, or half empty above a line of names."""
    for number, line in enumerate(lines[:PREAMBLE]):
        if not (_is_half_empty(line) or _is_comment(line) or (number and not line[-1].strip())):
            below = [later for later in lines[number + 1 :] if later]
            values = any(_is_value(cell) for row in below for cell in row)
            return number if values and _may_name(line) else 0
    return 0


def _is_half_empty(line: Record) -> bool:
    return 2 * sum(bool(cell.strip()) for cell in line) <= len(line) and len(line) != 2


def _is_comment(line: Record) -> bool:
    return line[0].lstrip().startswith(COMMENT)


def _may_name(line: Record) -> bool:
    return not any(_is_value(cell) for cell in line)


def _is_value(cell: str) -> bool:
    return bool(_VALUE.fullmatch(cell.strip()))
