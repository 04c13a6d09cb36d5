"""Workbooks: the old format, and sheets too big to hold in memory.

`files/orders.xls` was written with xlwt 1.3: an empty sheet, 40 orders, 3 regions.
"""

import zipfile
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from engines.core.errors import InvalidInput
from engines.core.tables import ColumnType as T
from engines.data_sources import detect, ingest, workbook

ORDERS = Path(__file__).parent / "files" / "orders.xls"


@pytest.fixture
def orders(uploaded):
    return uploaded(ORDERS.read_bytes(), "orders.xls")


def saved(book, path):
    out = BytesIO()
    book.save(out)
    path.write_bytes(out.getvalue())
    return path


@pytest.fixture
def uneven(tmp_path):
    """Margins, gaps, rows of different lengths, every kind of cell."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "data"
    sheet["C3"], sheet["D3"], sheet["E3"] = "n", "when", "what"
    cells = [1, 2.5, True, "007", "", None, 'a,"b"\nc', "ü", 1e20, -3.0, "#N/A", "=1+1"]
    for number, cell in enumerate(cells):
        sheet.cell(4 + number, 3, number)
        sheet.cell(4 + number, 5, cell)
    sheet["D4"], sheet["D5"] = datetime(2026, 1, 31), datetime(2026, 2, 1, 12, 30)
    sheet["D6"], sheet["D7"] = time(8, 15), timedelta(hours=30)
    sheet["D8"] = date(2024, 2, 29)
    sheet["C20"], sheet["F21"] = "after a gap", "beyond the header"
    sheet["A40"] = None
    book.create_sheet("empty")
    return saved(book, tmp_path / "uneven.xlsx")


def test_xls_keeps_numbers_dates_truth_and_text(datasets, analyst, orders):
    found = detect(datasets, analyst, orders)
    assert (found.sheets, found.options.sheet) == (("Empty", "Orders", "Regions"), "Orders")
    made = ingest(datasets, analyst, orders, found.options)
    assert {c["name"]: T(c["type"]) for c in made.columns} == {
        "order_id": T.IDENTIFIER, "amount": T.NUMERIC, "ordered": T.DATETIME,
        "shipped_at": T.DATETIME, "paid": T.BOOLEAN, "code": T.CATEGORICAL, "note": T.CATEGORICAL,
    }  # fmt: skip
    frame = pd.read_parquet(datasets.table(analyst, made.id).path)
    assert len(frame) == 40
    assert frame["amount"].isna().sum() == 5
    assert frame["amount"].sum() == 1.25 * (820 - 7 - 14 - 21 - 28 - 35)
    assert frame["ordered"][0] == pd.Timestamp(2026, 1, 2)
    assert frame["shipped_at"][1] == pd.Timestamp(2026, 1, 4, 10, 30)
    assert frame["paid"].sum() == 13
    assert list(frame["code"][:4]) == ["001", "002", "003", "000"]
    assert set(frame["note"]) == {"größer", "naïve", "日本"}


def test_xls_other_sheet_can_be_chosen(datasets, analyst, orders):
    form = detect(datasets, analyst, orders).options.model_copy(update={"sheet": "Regions"})
    options = detect(datasets, analyst, orders, form).options
    made = ingest(datasets, analyst, orders, options)
    frame = pd.read_parquet(datasets.table(analyst, made.id).path)
    assert frame.to_dict("list") == {
        "region": ["north", "south", "west"], "share": [0.5, 0.25, 0.25]
    }  # fmt: skip


def test_big_sheet_is_read_row_by_row_to_the_same_text(uneven, tmp_path, monkeypatch):
    workbook.write_text(uneven, "data", tmp_path / "held.csv")
    monkeypatch.setattr(workbook, "HELD_BYTES", 0)
    monkeypatch.setattr(workbook.calamine.CalamineWorkbook, "get_sheet_by_name", None)
    assert workbook.first_table(uneven) == "data"
    workbook.write_text(uneven, "data", tmp_path / "streamed.csv")
    held, streamed = ((tmp_path / f"{n}.csv").read_text() for n in ("held", "streamed"))
    assert streamed.splitlines()[:3] == [
        "n,when,what,",
        "0,2026-01-31,1,",
        "1,2026-02-01 12:30:00,2.5,",
    ]
    assert streamed == held
    assert list(tmp_path.glob("*.partial")) == []


def test_big_sheet_that_breaks_off_is_one_sentence(uneven, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "HELD_BYTES", 0)
    rewritten = tmp_path / "c.xlsx"
    _rewrite(uneven, rewritten, b"</sheetData>", b"<row></sheetData>")
    with pytest.raises(InvalidInput, match="The workbook cannot be opened"):
        workbook.write_text(rewritten, "data", tmp_path / "c.csv")
    assert list(tmp_path.glob("*.partial")) == []


def _rewrite(source, target, old, new):
    with zipfile.ZipFile(source) as one, zipfile.ZipFile(target, "w") as other:
        for entry in one.namelist():
            content = one.read(entry)
            other.writestr(entry, content.replace(old, new) if "sheet1" in entry else content)


def test_unknown_sheet_is_refused(uneven, tmp_path):
    with pytest.raises(InvalidInput, match="no sheet “other”"):
        workbook.write_text(uneven, "other", tmp_path / "a.csv")


def test_table_below_titles_on_a_later_sheet_is_found(uploaded, datasets, analyst):
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active["A1"] = "The data is on the next sheet."
    sheet = book.create_sheet("Loans")
    sheet["B2"], sheet["B3"] = "Loan book", "as of"
    sheet["C3"] = date(2024, 5, 31)
    sheet.merge_cells("B2:E2")
    for at, value in enumerate(["number", "city", "amount", "paid"], start=2):
        sheet.cell(5, at, value)
        for row in range(30):
            sheet.cell(6 + row, at, ["Rome", "Oslo"][row % 2] if at == 3 else row * at)
    out = BytesIO()
    book.save(out)
    upload = uploaded(out.getvalue(), "loans.xlsx")
    found = detect(datasets, analyst, upload)
    assert (found.options.sheet, found.options.skip_lines) == ("Loans", 3)
    stored = ingest(datasets, analyst, upload, found.options)
    assert [column["name"] for column in stored.columns] == ["number", "city", "amount", "paid"]
    assert stored.rows == 30
