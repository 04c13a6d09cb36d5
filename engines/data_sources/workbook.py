"""Excel sheets as text tables."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

import python_calamine as calamine

from engines.core.errors import InvalidInput
from engines.data_sources.files import protected
from engines.data_sources.sql import disk_errors


def sheets(path: Path) -> tuple[str, ...]:
    """Names of the workbook's sheets, in order. Raises InvalidInput."""
    with _opened(path) as workbook:
        return tuple(
            meta.name
            for meta in workbook.sheets_metadata
            if meta.typ == calamine.SheetTypeEnum.WorkSheet
        )


def first_filled_sheet(path: Path) -> str:
    """The first sheet with a cell in it. Raises InvalidInput when there is none."""
    with _opened(path) as workbook:
        for name in sheets(path):
            if workbook.get_sheet_by_name(name).total_height:
                return name
    raise InvalidInput("No sheet of the workbook holds a cell.", hint="Choose another file.")


def write_text(path: Path, sheet: str, target: Path) -> None:
    """Write one sheet as comma-separated UTF-8. Raises InvalidInput (no such sheet)."""
    with _opened(path) as workbook:
        if sheet not in workbook.sheet_names:
            raise InvalidInput(f"The workbook has no sheet “{sheet}”.", hint="Choose one it has.")
        rows = workbook.get_sheet_by_name(sheet).iter_rows()
        with disk_errors(), target.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([_text(cell) for cell in row] for row in rows)


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
def _opened(path: Path) -> Iterator[calamine.CalamineWorkbook]:
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            yield workbook
    except calamine.PasswordError as error:
        raise protected() from error
    except calamine.CalamineError as error:
        raise InvalidInput(
            "The workbook cannot be opened.",
            hint="Open it in a spreadsheet program, save it as XLSX, and upload the new file.",
        ) from error
