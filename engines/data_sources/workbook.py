"""Excel sheets as text tables."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
import python_calamine as calamine
from openpyxl.cell.cell import ERROR_CODES

from engines.core.errors import InvalidInput
from engines.data_sources.files import protected
from engines.data_sources.partials import partial_of
from engines.data_sources.sql import disk_errors

# Up to this much XML a workbook is held in memory (about 1.8 bytes per byte of XML); beyond it
# rows are read one by one: bounded, but ten times slower.
HELD_BYTES = 200 * 1024**2

TABLE_ROWS = 50  # a sheet that has two wide rows among these holds a table

Row = Sequence[object]


def sheets(path: Path) -> tuple[str, ...]:
    """Names of the workbook's sheets, in order. Raises InvalidInput."""
    with _opened(path) as workbook:
        return tuple(
            meta.name
            for meta in workbook.sheets_metadata
            if meta.typ == calamine.SheetTypeEnum.WorkSheet
        )


def first_table(path: Path) -> str:
    """The first sheet with a table in it, else the first with a cell.

    Raises InvalidInput when there is none.
    """
    filled = ""
    for name in sheets(path):
        with _rows(path, name) as rows:
            widths = (sum(not _is_blank(cell) for cell in row) for row in rows)
            found = list(islice((width for width in widths if width), TABLE_ROWS))
        if len([width for width in found if width > 1]) > 1:
            return name
        filled = filled or (name if found else "")
    if not filled:
        raise InvalidInput("No sheet of the workbook holds a cell.", hint="Choose another file.")
    return filled


def write_text(path: Path, sheet: str, target: Path) -> None:
    """Write one sheet as comma-separated UTF-8: its filled rectangle, as a spreadsheet shows it.

    Raises InvalidInput (no such sheet, damaged) or BackendUnavailable (disk full).
    """
    if sheet not in sheets(path):
        raise InvalidInput(f"The workbook has no sheet “{sheet}”.", hint="Choose one it has.")
    ragged = partial_of(target)
    try:
        with disk_errors():
            with _rows(path, sheet) as rows:
                left, right = _write(_without_margins(rows), ragged)
            _square(ragged, left, right, target)
    finally:
        ragged.unlink(missing_ok=True)


def _write(rows: Iterator[Row], target: Path) -> tuple[int, int]:
    """Write rows as they come. Returns the first filled column and the one after the last."""
    left, right = 2**20, 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for row in rows:
            filled = [number for number, cell in enumerate(row) if not _is_blank(cell)]
            if filled:
                left, right = min(left, filled[0]), max(right, filled[-1] + 1)
            writer.writerow([_text(cell) for cell in row])
    return min(left, right), right


def _square(ragged: Path, left: int, right: int, target: Path) -> None:
    """Give every row the same columns."""
    with (
        ragged.open(encoding="utf-8", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        padding = [""] * right
        writer = csv.writer(out)
        writer.writerows([*row, *padding][left:right] for row in csv.reader(source))


def _without_margins(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows from the first filled one to the last; empty ones between them stay."""
    empty, begun = 0, False
    for row in rows:
        if not _is_filled(row):
            empty += begun
            continue
        yield from chain(([] for _ in range(empty)), [row])
        empty, begun = 0, True


def _is_filled(row: Row) -> bool:
    return not all(_is_blank(cell) for cell in row)


def _is_blank(cell: object) -> bool:
    return cell is None or cell == ""


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        at_midnight = cell.time() == time()
        return cell.date().isoformat() if at_midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


@contextmanager
def _rows(path: Path, sheet: str) -> Iterator[Iterator[Row]]:
    """The sheet's rows: held in memory when that is cheap, else one by one."""
    if _unpacked(path) > HELD_BYTES:
        with _streamed(path, sheet) as rows:
            yield rows
    else:
        with _opened(path) as workbook:
            yield iter(workbook.get_sheet_by_name(sheet).iter_rows())


def _unpacked(path: Path) -> int:
    if not zipfile.is_zipfile(path):
        return 0  # an XLS sheet has at most 65,536 rows of 256 cells
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


@contextmanager
def _streamed(path: Path, sheet: str) -> Iterator[Iterator[Row]]:
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            rows = workbook[sheet].iter_rows(values_only=True)
            yield ([None if cell in ERROR_CODES else cell for cell in row] for row in rows)
        finally:
            workbook.close()
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError) as error:
        raise _damaged() from error


@contextmanager
def _opened(path: Path) -> Iterator[calamine.CalamineWorkbook]:
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            yield workbook
    except calamine.PasswordError as error:
        raise protected() from error
    except calamine.CalamineError as error:
        raise _damaged() from error


def _damaged() -> InvalidInput:
    return InvalidInput(
        "The workbook cannot be opened.",
        hint="Open it in a spreadsheet program, save it as XLSX, and upload the new file.",
    )
