"""Look at a file and propose how to read it; look again under the user's corrections."""

# ruff: noqa: S608 -- every name and value in the SQL is quoted by sql.name and sql.text

from collections import Counter
from pathlib import Path

import duckdb
import pandas as pd

from engines.core.errors import InvalidInput
from engines.core.settings import Limits
from engines.data_sources import names, workbook
from engines.data_sources.column_types import Judged, judge
from engines.data_sources.dialect import head_of, records, skipped, sniff
from engines.data_sources.encoding import detect_encoding
from engines.data_sources.files import kind_of
from engines.data_sources.heading import fitted
from engines.data_sources.options import Detection, ReadOptions, Step
from engines.data_sources.reading import NESTED, Care, select, source_columns, source_of
from engines.data_sources.sql import reading_errors, session, text, wrong_encoding
from engines.data_sources.staging import staged

SAMPLE_CELLS = 2_000_000
SAMPLE_ROWS = 100_000
WHOLE_FILE_BYTES = 50 * 1024**2  # up to this size every line is checked at once


def detect_file(path: Path, name: str, scratch: Path, limits: Limits) -> Detection:
    """Propose options for a file nobody has looked at yet. Raises InvalidInput."""
    return judge_file(path, _first_look(path, name, scratch), scratch, limits)


def _first_look(path: Path, name: str, scratch: Path) -> ReadOptions:
    kind = kind_of(path, name)
    if kind == "parquet":
        return ReadOptions(kind=kind)
    if kind == "excel":
        form = ReadOptions(kind=kind, sheet=workbook.first_table(path))
        titles = skipped(head_of(staged(path, form, scratch)), ",", '"')
        return form.model_copy(update={"skip_lines": titles})
    encoding, _marked = detect_encoding(path)
    seen = sniff(staged(path, ReadOptions(kind=kind, encoding=encoding), scratch))
    return ReadOptions(
        kind=kind,
        encoding=encoding,
        delimiter=seen.delimiter,
        quote=seen.quote,
        header=seen.header,
        skip_lines=seen.skip_lines,
        decimal=seen.decimal,
        thousands=seen.thousands,
    )


def judge_file(path: Path, form: ReadOptions, scratch: Path, limits: Limits) -> Detection:
    """Judge every column anew under the given encoding, delimiter, header and number marks.

    Raises InvalidInput when the file cannot be read so, has no rows, or has too many columns.
    """
    ready = staged(path, form, scratch)
    with session() as connection, reading_errors():
        given = _given_names(connection, ready, form)
        check_width(len(given), limits)
        final, notes = names.unique(given)
        judged = _judge_columns(connection, ready, form, final)
        options = form.model_copy(update={"columns": tuple(j.choice for j in judged)})
        bad_rows, first_bad = _bad_lines(connection, ready, options)
    return Detection(
        options=options,
        notes=(*notes, *(note for j in judged for note in j.notes)),
        seen={j.choice.name: j.seen for j in judged if j.seen},
        sheets=workbook.sheets(path) if form.kind == "excel" else (),
        bad_rows=bad_rows,
        first_bad_line=first_bad,
    )


def check_width(width: int, limits: Limits) -> None:
    """Refuse a table with more columns than the limit. Raises InvalidInput."""
    if width > limits.columns:
        raise InvalidInput(
            f"The file has {width:,} columns; at most {limits.columns:,} can be used.",
            hint="Leave out columns you do not need, or turn repeated measurements into rows.",
        )


def check_not_single(width: int) -> None:
    """Refuse a table of one column. Raises InvalidInput."""
    if width < 2:
        raise InvalidInput(
            "The table has only one column, so there is nothing to learn from.",
            hint="Check the delimiter; if it is right, upload a table with more columns.",
        )


def no_rows() -> InvalidInput:
    """The failure for a table with a header and nothing below it."""
    return InvalidInput(
        "The file has column names but no rows.", hint="Upload a file that holds data as well."
    )


def _given_names(
    connection: duckdb.DuckDBPyConnection, ready: Path, form: ReadOptions
) -> list[str]:
    if form.kind == "parquet":
        return _parquet_names(connection, ready)
    delimiter, quote = (",", '"') if form.kind == "excel" else (form.delimiter, form.quote)
    rows = records(head_of(ready), delimiter, quote, form.skip_lines)
    if not rows:
        raise InvalidInput("The file holds no records.", hint="Check delimiter and skipped lines.")
    if not form.header:
        return [f"column_{i}" for i in range(1, max(map(len, rows)) + 1)]
    if len(rows) == 1:
        raise no_rows()
    return fitted(rows[0], rows[1:])


def _parquet_names(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(path)})").fetchall()
    nested = [str(name) for name, kind, *_ in columns if _is_nested(str(kind))]
    if nested:
        shown = ", ".join(f"“{names.clean(column)}”" for column in nested[:5])
        raise InvalidInput(
            f"The Parquet file holds lists, structures or bytes in {shown}, not plain values.",
            hint="Flatten or leave out these columns, then upload the file again.",
        )
    return [str(column[0]) for column in columns]


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED)


def _judge_columns(
    connection: duckdb.DuckDBPyConnection, ready: Path, form: ReadOptions, final: list[str]
) -> list[Judged]:
    sample = _sample(connection, ready, form, len(final))
    if sample.empty:
        raise no_rows()
    return [
        _judged(connection, name, sample.iloc[:, position], form)
        for position, name in enumerate(final)
    ]


def _judged(
    connection: duckdb.DuckDBPyConnection, name: str, cells: "pd.Series[str]", form: ReadOptions
) -> Judged:
    texts: Counter[str] = Counter()
    for value, count in cells.value_counts(sort=False).items():  # in order of appearance
        texts[str(value).strip()] += count
    blanks = texts.pop("", 0)
    judged = judge(connection, name, texts, form)
    if blanks:
        judged.notes.append(f"“{name}” has {blanks:,} cells of blanks only; they are missing.")
    return judged


def _sample(
    connection: duckdb.DuckDBPyConnection, ready: Path, form: ReadOptions, width: int
) -> pd.DataFrame:
    rows = max(200, min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, width)))
    source = source_of(ready, form, width)
    cells = "CAST(COLUMNS(*) AS VARCHAR)" if form.kind == "parquet" else "*"
    return connection.execute(f"SELECT {cells} FROM {source} LIMIT {rows}").df()


def _bad_lines(
    connection: duckdb.DuckDBPyConnection, ready: Path, options: ReadOptions
) -> tuple[int, int]:
    """Lines whose number of fields is not the header's: how many, and the first one's number.

    A big file is not read through for this; writing it finds them.
    """
    if options.kind != "text" or ready.stat().st_size > WHOLE_FILE_BYTES:
        return 0, 0
    forget_rejects(connection)
    source = source_of(ready, options, len(options.columns))
    connection.execute(f"SELECT count(*) FROM {source}").fetchall()
    return rejected_lines(connection)


def forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what the last read found wrong."""
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")


def rejected_lines(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Lines the last read could not use: how many, and the first one's number.

    Raises InvalidInput when bytes do not fit the encoding.
    """
    known = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'"
    if connection.execute(known).fetchone() is None:
        return 0, 0
    foreign = "FILTER (error_type::VARCHAR = 'INVALID ENCODING')"
    query = f"SELECT count(DISTINCT line), min(line), min(line) {foreign} FROM reject_errors"
    count, first, unreadable = connection.execute(query).fetchone() or (0, 0, None)
    if unreadable is not None:
        raise wrong_encoding(int(unreadable))
    return int(count), int(first or 0)


def preview(path: Path, options: ReadOptions, scratch: Path, rows: int = 50) -> pd.DataFrame:
    """The first rows under the options; a value that does not fit its type shows as missing.

    Raises InvalidInput.
    """
    ready = staged(path, options, scratch)
    relaxed = _cellwise(options)
    with session() as connection, reading_errors():
        source = source_of(ready, relaxed, len(relaxed.columns))
        columns = source_columns(connection, ready, relaxed)
        query = select(columns, relaxed, Care.LENIENT, source)
        frame = connection.execute(f"{query} LIMIT {int(rows)}").df()
        rejected_lines(connection)
    return frame


def _cellwise(options: ReadOptions) -> ReadOptions:
    """The options with only the steps that act on single cells."""
    return options.model_copy(
        update={"steps": tuple(s for s in options.steps if s is Step.TRIM_TEXT)}
    )
