"""Bad input gets one clear sentence, and nothing is lost."""

import os
import resource
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from engines.core.errors import BackendUnavailable, InvalidInput
from engines.core.tables import ColumnType
from engines.data_sources import (
    ColumnChoice,
    clean,
    correct_type,
    current,
    detect,
    ingest,
    pending_upload,
    preview_file,
    start_upload,
    upload_status,
    write_slice,
)
from engines.data_sources.options import Step


def workbook(sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(**columns):
    out = BytesIO()
    pd.DataFrame(columns).to_parquet(out)
    return out.getvalue()


def sentence(content, looked, name="a.csv", **limits):
    with pytest.raises(InvalidInput) as failure:
        looked(content, name, **limits)
    assert failure.value.hint
    return failure.value.message


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", "\ufeff".encode()])
def test_empty_file_is_refused(looked, content):
    assert sentence(content, looked) in ("The file is empty.", "The file holds no records.")


def test_header_only_is_refused(looked):
    assert sentence("a,b,c\n", looked) == "The file has column names but no rows."


@pytest.mark.parametrize(
    ("content", "truth"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG image"),
        (b"%PDF-1.7 \x00\x01", "a PDF document"),
        (b"\x1f\x8b\x08\x00abc", "a gzip archive"),
        (bytes(range(256)) * 40, "binary data"),
        (b"\x80\x04\x95abc\x00", "a Python pickle"),
    ],
)
def test_binary_called_csv_is_refused(looked, content, truth):
    assert sentence(content, looked) == f"The file is {truth}, not a table."


def test_workbook_called_csv_is_refused(looked):
    content = workbook({"a": [["x", "y"], [1, 2]]})
    assert sentence(content, looked) == "The file is called “.csv” but is an Excel workbook."


def test_parquet_called_xlsx_is_refused(looked):
    content = parquet(a=[1], b=[2])
    said = sentence(content, looked, "a.xlsx")
    assert said == "The file is called “.xlsx” but is a Parquet file."


def test_text_called_parquet_is_refused(looked):
    said = sentence("a,b\n1,2\n", looked, "a.parquet")
    assert said == "The file is called “.parquet” but is not a Parquet file."


def test_one_column_is_refused_and_upload_stays(datasets, analyst, experiment_id, uploaded):
    upload = uploaded("a\n1\n2\n")
    options = detect(datasets, analyst, upload).options
    with pytest.raises(InvalidInput, match="only one column"):
        ingest(datasets, analyst, upload, options)
    assert pending_upload(datasets, analyst, experiment_id).id == upload
    assert current(datasets, analyst, experiment_id) is None


def test_duplicate_and_empty_names_are_made_unique_and_said(looked):
    found = looked("a,a,A,,b\n1,2,3,4,5\n6,7,8,9,0\n")
    assert [c.name for c in found.options.columns] == ["a", "a_2", "A_3", "column_4", "b"]
    assert found.notes == (
        "The name “a” occurs more than once; column 2 is called “a_2”.",
        "The name “A” occurs more than once; column 3 is called “A_3”.",
        "Column 4 has no name and is called “column_4”.",
    )


def test_ten_thousand_columns_are_refused(looked):
    rows = "\n".join(",".join(f"{p}{i}" for i in range(10_000)) for p in ("c", "1"))
    assert sentence(rows, looked) == "The file has 10,000 columns; at most 5,000 can be used."


def test_many_columns_within_the_limit_are_read(datasets, analyst, uploaded):
    rows = [",".join(f"c{i}" for i in range(1_500))]
    rows += [",".join(str(i * r) for i in range(1_500)) for r in range(5)]
    upload = uploaded("\n".join(rows))
    made = ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)
    assert (made.rows, len(made.columns)) == (5, 1_500)


def test_ragged_rows_are_counted_and_left_out_only_when_asked(datasets, analyst, uploaded):
    upload = uploaded("a,b,c\n1,2,3\n4,5\n6,7,8,9\n7,8,9\n")
    found = detect(datasets, analyst, upload)
    assert (found.bad_rows, found.first_bad_line) == (2, 3)
    with pytest.raises(InvalidInput, match=r"2 lines do not have as many fields .* is line 3\."):
        ingest(datasets, analyst, upload, found.options)
    agreed = found.options.model_copy(update={"skip_bad_rows": True})
    made = ingest(datasets, analyst, upload, agreed)
    assert made.rows == 2
    left_out = "2 lines with a wrong number of fields were left out, the first is line 3."
    assert made.notes == [left_out]


def test_wrong_encoding_names_the_line(datasets, analyst, uploaded):
    upload = uploaded("name,x\nab,1\nJosé,2\n".encode("cp1252"))
    found = detect(datasets, analyst, upload)
    assert found.options.encoding == "cp1252"
    forced = found.options.model_copy(update={"encoding": "utf-8"})
    with pytest.raises(InvalidInput, match="not text in the chosen encoding"):
        ingest(datasets, analyst, upload, forced)
    with pytest.raises(InvalidInput, match="not text in the chosen encoding"):
        preview_file(datasets, analyst, upload, forced)


def test_zip_bomb_is_not_opened(looked):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (80 * 1024**2))
    said = sentence(out.getvalue(), looked, "bomb.xlsx")
    assert said == "The workbook would unpack to 84 MB from 0.1 MB, so it is not opened."


def test_zip_bomb_that_lies_about_its_size_is_refused(looked):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (8 * 1024**2))
    size = (8 * 1024**2).to_bytes(4, "little")
    lying = out.getvalue().replace(size, (1000).to_bytes(4, "little"))
    assert lying != out.getvalue()
    said = sentence(lying, looked, "bomb.xlsx")
    assert said == "The workbook is damaged and cannot be opened."


def test_archive_called_xlsx_is_refused(looked):
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    said = sentence(out.getvalue(), looked, "a.xlsx")
    assert said == "The file is a ZIP archive, not an Excel workbook."


def test_damaged_workbook_is_refused(looked):
    content = workbook({"a": [["x", "y"], [1, 2]]})
    said = sentence(content[: len(content) // 2], looked, "a.xlsx")
    assert said == "The workbook is damaged and cannot be opened."


def test_password_protected_workbook_is_refused(looked):
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
    content = ole + "EncryptedPackage".encode("utf-16-le") + bytes(2000)
    said = sentence(content, looked, "a.xlsx")
    assert said == "The workbook is protected by a password."


def test_broken_xls_is_refused(looked):
    content = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4000)
    assert sentence(content, looked, "a.xls") == "The workbook cannot be opened."


def test_workbook_without_cells_is_refused(looked):
    said = sentence(workbook({"a": [], "b": []}), looked, "a.xlsx")
    assert said == "No sheet of the workbook holds a cell."


def test_nested_parquet_is_refused_by_column(looked):
    content = parquet(a=[1, 2], tags=[["x"], ["y", "z"]], who=[{"n": 1}, {"n": 2}])
    said = sentence(content, looked, "a.parquet")
    assert said == (
        "The Parquet file holds lists, structures or bytes in “tags”, “who”, not plain values."
    )


def test_damaged_parquet_is_refused(looked):
    said = sentence(b"PAR1" + bytes(100), looked, "a.parquet")
    assert said.startswith("The file cannot be read: ")


def test_unicode_and_bidirectional_names_are_made_visible(looked):
    found = looked(
        "pa\u202eyt\u202c,na\u200bme,Cafe\u0301,\u6771\u4eac,a\x07b\n1,2,3,4,5\n1,2,3,4,5\n"
    )
    assert [c.name for c in found.options.columns] == ["payt", "name", "Café", "東京", "a b"]
    assert "Column 1 had invisible or unusual characters and is called “payt”." in found.notes


def test_all_missing_column_is_kept_as_empty_and_can_be_dropped(datasets, analyst, uploaded):
    upload = uploaded("a,b,c\n1,NA,x\n2,?,y\n3,,z\n")
    made = ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)
    assert [c["type"] for c in made.columns] == ["integer", "empty", "categorical"]
    assert "“b” has no value." in made.notes
    slim = clean(datasets, analyst, made.id, (Step.DROP_EMPTY_COLUMNS,))
    assert [c["name"] for c in slim.columns] == ["a", "c"]


def test_type_that_does_not_fit_names_count_and_examples(datasets, analyst, uploaded):
    upload = uploaded("a,b\n1,x\n2,y\n3,3\n")
    made = ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)
    choice = ColumnChoice(name="b", type=ColumnType.INTEGER)
    with pytest.raises(InvalidInput, match=r"2 values of “b” are not whole numbers, for example"):
        correct_type(datasets, analyst, made.id, choice)
    assert current(datasets, analyst, made.experiment_id).id == made.id


def test_mark_deep_in_a_file_becomes_missing_and_is_said(datasets, analyst, uploaded):
    rows = "".join(f"{i},{i}\n" for i in range(120_000)) + "120000,?\n"
    upload = uploaded("a,b\n" + rows)
    made = ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)
    assert made.columns[1]["missing"] == 1
    assert made.notes == ["“b”: “?” is read as missing (1 cells)."]


def test_fraction_deep_in_a_file_makes_the_column_numeric(datasets, analyst, uploaded):
    rows = "".join(f"{i},{i}\n" for i in range(120_000)) + "120000,1.5\n"
    upload = uploaded("a,b\n" + rows)
    made = ingest(datasets, analyst, upload, detect(datasets, analyst, upload).options)
    assert made.columns[1]["type"] == "numeric"


@pytest.mark.parametrize("count", [28_000, 40_000], ids=["table", "raw file"])
def test_disk_full_while_storing_is_one_sentence_and_loses_nothing(
    datasets, analyst, experiment_id, uploaded, count
):
    rows = "".join(f"{i},{os.urandom(24).hex()}\n" for i in range(count))
    upload = uploaded("a,b\n" + rows)
    options = detect(datasets, analyst, upload).options
    datasets.store_dir.mkdir(parents=True, exist_ok=True)
    disk = full_disk(datasets.store_dir, 500_000)
    with disk, pytest.raises(BackendUnavailable, match="disk is full"):
        ingest(datasets, analyst, upload, options)
    assert disk.left == []
    assert current(datasets, analyst, experiment_id) is None
    assert pending_upload(datasets, analyst, experiment_id).id == upload
    assert ingest(datasets, analyst, upload, options).rows == count


def test_disk_full_during_upload_keeps_what_arrived(datasets, analyst, experiment_id, monkeypatch):
    datasets.uploads_dir.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("engines.data_sources.uploads.SPARE_BYTES", -(10**9))
    slice_ = os.urandom(1024**2)
    with full_disk(datasets.uploads_dir):
        made = start_upload(datasets, analyst, experiment_id, "a.csv", 3 * len(slice_))
        assert write_slice(datasets, analyst, made.id, 0, slice_) == len(slice_)
        with pytest.raises(BackendUnavailable, match="disk is full"):
            write_slice(datasets, analyst, made.id, len(slice_), slice_ * 2)
        assert upload_status(datasets, analyst, made.id)[1] == len(slice_)


def test_disk_full_is_announced_before_an_upload_begins(datasets, analyst, experiment_id):
    datasets.uploads_dir.mkdir(parents=True, exist_ok=True)
    with full_disk(datasets.uploads_dir), pytest.raises(BackendUnavailable, match="disk is full"):
        start_upload(datasets, analyst, experiment_id, "a.csv", 10**6)


class full_disk:  # noqa: N801
    """A 2 MB disk at a folder; where mounting is not allowed, a limit on file sizes instead."""

    def __init__(self, folder: Path, largest_file: int = 1_500_000) -> None:
        self.folder, self.largest_file = folder, largest_file

    def __enter__(self):
        command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(self.folder)]
        self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        if not self.mounted:
            self.former = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.largest_file, self.former[1]))
        return self

    def __exit__(self, *_):
        self.left = [p.name for p in self.folder.rglob("*") if p.is_file()]
        if self.mounted:
            subprocess.run(["umount", str(self.folder)], check=True)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, self.former)
