"""Files of every kind become typed Parquet tables."""

import hashlib
from datetime import datetime
from io import BytesIO

import openpyxl
import pandas as pd
import pytest

from engines.core.scheduling import JobRequest
from engines.core.tables import ColumnType
from engines.data_sources import detect, ingest, queue_ingest, queue_revise, run_ingest_job
from engines.data_sources.detection import WHOLE_FILE_BYTES
from engines.data_sources.intake import is_big

T = ColumnType


@pytest.fixture
def taken(datasets, analyst, uploaded):
    """Upload, detect, ingest: the table and its frame."""

    def take(content, name="a.csv", **choices):
        upload = uploaded(content, name)
        options = detect(datasets, analyst, upload).options.model_copy(update=choices)
        made = ingest(datasets, analyst, upload, options)
        table = datasets.table(analyst, made.id)
        return table, pd.read_parquet(table.path)

    return take


def types(table):
    return {c.name: c.type for c in table.columns}


def test_workbook_keeps_numbers_dates_truth_and_text(taken):
    book = openpyxl.Workbook()
    for row in (
        ["n", "x", "when", "ok", "code"],
        [1, 1.5, datetime(2026, 1, 31), True, "007"],
        [2, None, datetime(2026, 2, 1, 12, 30), False, "008"],
    ):
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    table, frame = taken(out.getvalue(), "a.xlsx")
    assert types(table) == {
        "n": T.INTEGER, "x": T.NUMERIC, "when": T.DATETIME, "ok": T.BOOLEAN, "code": T.CATEGORICAL
    }  # fmt: skip
    assert list(frame["code"]) == ["007", "008"]
    assert frame["when"][1] == pd.Timestamp(2026, 2, 1, 12, 30)
    assert frame["x"].isna().tolist() == [False, True]


def test_workbook_with_many_sheets_takes_the_first_filled_one_or_the_chosen(
    datasets, analyst, uploaded
):
    book = openpyxl.Workbook()
    book.active.title = "empty"
    for name, value in (("one", 1), ("two", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["a", "b"])
        sheet.append([value, "x"])
    out = BytesIO()
    book.save(out)
    upload = uploaded(out.getvalue(), "a.xlsx")
    found = detect(datasets, analyst, upload)
    assert (found.sheets, found.options.sheet) == (("empty", "one", "two"), "one")
    chosen = detect(datasets, analyst, upload, found.options.model_copy(update={"sheet": "two"}))
    made = ingest(datasets, analyst, upload, chosen.options)
    assert pd.read_parquet(datasets.table(analyst, made.id).path)["a"].tolist() == [2]


def test_parquet_keeps_types_and_finds_marks(taken, shared_data):
    out = BytesIO()
    pd.DataFrame(
        {
            "i": [1, 2, 3],
            "x": [0.1, float("inf"), None],
            "d": [pd.Timestamp(2020, 1, 1), pd.NaT, pd.Timestamp(2021, 6, 1, 10, 30)],
            "b": [True, False, None],
            "s": ["a", "?", "b"],
        }
    ).to_parquet(out)
    table, frame = taken(out.getvalue(), "a.parquet")
    assert list(types(table).values()) == [
        T.INTEGER, T.NUMERIC, T.DATETIME, T.BOOLEAN, T.CATEGORICAL
    ]  # fmt: skip
    assert [c.missing for c in table.columns] == [0, 2, 1, 1, 1]
    assert frame["x"][0] == 0.1
    assert frame["d"][2] == pd.Timestamp(2021, 6, 1, 10, 30)


def test_columns_tell_how_their_dates_and_gaps_were_written(taken):
    levels = [n if n % 9 else -200 for n in range(80)]
    rows = "".join(f"{n % 28 + 1:02}.02.2024;{v};2024-02-01\n" for n, v in enumerate(levels))
    table, _ = taken(f"when;level;iso\n{rows}")
    told = {c.name: (c.pattern, c.marks) for c in table.columns}
    assert told == {"when": ("%d.%m.%Y", ()), "level": ("", ("-200",)), "iso": ("", ())}


def test_tab_separated_file_is_read(taken):
    _, frame = taken("a\tb\n1\tx, y\n2\tz\n", "a.tsv")
    assert frame["b"].tolist() == ["x, y", "z"]


def test_quotes_newlines_and_line_ends_survive(taken):
    _, frame = taken('a,b\r\n1,"x\r\ny"\r\n2,"say ""hi"""\r\n3,\r\n')
    assert frame["b"].tolist()[:2] == ["x\r\ny", 'say "hi"']
    assert frame["b"].isna().tolist() == [False, False, True]


def test_whole_numbers_are_never_rounded(taken):
    table, frame = taken("a,b\n9007199254740993,0x1F\n-5,1_000\n0,1.5\n")
    assert frame["a"].tolist() == [9007199254740993, -5, 0]
    assert types(table)["b"] is T.CATEGORICAL


def test_numbers_among_tabs_and_hard_blanks_are_read(taken):
    table, frame = taken("a;b\n\t1 ;x\n2\u00a0;\u00e4\n \t ;z\n")
    assert types(table)["a"] is T.INTEGER
    assert frame["a"].tolist()[:2] == [1, 2]
    assert table.columns[0].missing == 1


def test_identifier_repeated_in_the_file_is_no_identifier(taken):
    rows = "".join(f"{i},{i % 3}\n" for i in range(100))
    table, _ = taken("user_id,v\n" + rows)
    assert types(table)["user_id"] is T.IDENTIFIER
    table, _ = taken("user_id,v\n" + rows + rows)
    assert types(table)["user_id"] is T.INTEGER


def test_table_is_deterministic(taken, shared_data, datasets):
    content = (shared_data / "wholesale_customers.csv").read_bytes()
    first, _ = taken(content)
    digest = hashlib.sha256(first.path.read_bytes()).hexdigest()
    for file in datasets.store_dir.glob("*.*"):
        file.unlink()
    again, _ = taken(content, "b.csv")
    assert again.sha256 == first.sha256
    assert hashlib.sha256(again.path.read_bytes()).hexdigest() == digest


def test_order_of_rows_is_kept(taken):
    _, frame = taken("i,v\n" + "".join(f"{i},{i % 7}\n" for i in range(200_000)))
    assert frame["i"].is_monotonic_increasing
    assert len(frame) == 200_000


def test_file_of_several_buffers_keeps_every_row(taken):
    rows = "".join(f"{i},{'x' * 200}{i}\n" for i in range(400_000))  # DuckDB reads 64 MB at once
    _, frame = taken(f"i,v\n{rows}")
    assert frame["i"].tolist() == list(range(400_000))


class Queue:
    """A scheduler that keeps what it is given."""

    def __init__(self, scheduler):
        self.requests: list[JobRequest] = []
        self.inner = scheduler
        self.status = scheduler.status

    def submit(self, actor, request):
        self.requests.append(request)
        self.inner.submit(actor, request)


class Heard:
    def __init__(self):
        self.fractions = []

    def report(self, fraction, step):
        self.fractions.append(fraction)

    def log(self, line):
        raise AssertionError(line)


def test_job_does_what_was_queued_with_progress(
    datasets, app_services, analyst, uploaded, experiment_id
):
    upload = uploaded("a,b\n1,2\n3,4\n")
    options = detect(datasets, analyst, upload).options
    queue, heard = Queue(app_services.scheduler), Heard()
    key = queue_ingest(datasets, queue, analyst, upload, options)
    assert queue_ingest(datasets, queue, analyst, upload, options) == key
    made = run_ingest_job(datasets, analyst, queue.requests[0].payload, heard)
    assert made.rows == 2
    assert heard.fractions == sorted(heard.fractions)
    assert datasets.current(analyst, experiment_id).dataset_id == made.id
    other = options.model_copy(update={"header": False})
    again = options.columns
    other = other.model_copy(update={"columns": again, "skip_lines": 1})
    queue_revise(datasets, queue, analyst, made.id, other, "No header")
    revised = run_ingest_job(datasets, analyst, queue.requests[-1].payload, heard)
    assert (revised.change, revised.rows) == ("No header", 2)


def test_size_decides_between_page_and_job():
    assert not is_big(WHOLE_FILE_BYTES)
    assert is_big(WHOLE_FILE_BYTES + 1)
