"""Write a file as the typed Parquet table its options describe, once, by content hash."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import duckdb

from engines.core.errors import InvalidInput
from engines.core.progress import Progress
from engines.core.settings import Limits
from engines.core.tables import Column, ColumnType
from engines.data_sources import cleaning
from engines.data_sources.detection import (
    check_not_single,
    check_width,
    forget_rejects,
    no_rows,
    rejected_lines,
)
from engines.data_sources.misfits import settle_misfits
from engines.data_sources.options import ReadOptions
from engines.data_sources.partials import partial_of
from engines.data_sources.profile import profile
from engines.data_sources.reading import Care, select, source_columns, source_of
from engines.data_sources.sql import disk_errors, reading_errors, session, text
from engines.data_sources.staging import staged

COPY = "(FORMAT parquet, COMPRESSION zstd)"


@dataclass(frozen=True)
class Ingested:
    """A stored table: its Parquet file, its columns, and what happened on the way."""

    sha256: str
    raw_sha256: str
    raw_bytes: int
    path: Path
    rows: int
    columns: tuple[Column, ...]
    options: ReadOptions
    notes: tuple[str, ...]


def write_table(
    path: Path,
    raw_sha256: str,
    options: ReadOptions,
    store: Path,
    scratch: Path,
    limits: Limits,
    progress: Progress,
) -> Ingested:
    """Store the file as `<store>/<sha256>.parquet`, or find it stored already.

    Everything is written under a temporary name and renamed last, so a table is whole or absent.
    Raises InvalidInput (nothing usable, ragged rows, values that do not fit a chosen type) or
    BackendUnavailable (disk full).
    """
    check_not_single(len(options.columns))
    check_width(len(options.columns), limits)
    identifier = options.table_id(raw_sha256)
    if not (store / f"{identifier}.json").exists():
        _store(path, options, store, scratch, identifier, progress)
    return _stored(store, identifier, raw_sha256, path.stat().st_size)


def _store(
    path: Path, options: ReadOptions, store: Path, scratch: Path, key: str, progress: Progress
) -> None:
    store.mkdir(parents=True, exist_ok=True)
    partial, cleaned = partial_of(store / key), partial_of(store / f"{key}.cleaned")
    try:
        with session() as connection, reading_errors(), disk_errors():
            progress.report(0.05, "Reading the file")
            ready = staged(path, options, scratch)
            final, notes = _convert(connection, ready, options, partial, progress)
            progress.report(0.8, "Cleaning and counting")
            written, more = cleaning.apply(connection, partial, cleaned, options.steps)
            columns, rows = profile(connection, written, final)
            if rows == 0:
                raise no_rows()
        _publish(written, store / key, final, [*notes, *more], columns, rows)
    finally:
        partial.unlink(missing_ok=True)
        cleaned.unlink(missing_ok=True)


def _publish(
    written: Path,
    target: Path,
    options: ReadOptions,
    notes: list[str],
    columns: list[Column],
    rows: int,
) -> None:
    """Rename the Parquet file into place, then its description: that one says "complete"."""
    content = {
        "rows": rows,
        "columns": [column.as_json() for column in columns],
        "options": options.model_dump(mode="json"),
        "notes": [*notes, *(f"“{c.name}” has no value." for c in columns if _is_empty(c))],
    }
    described = target.with_suffix(".json")
    partial = partial_of(described)
    try:
        with disk_errors():
            partial.write_text(json.dumps(content))
            written.replace(target.with_suffix(".parquet"))
            partial.replace(described)
    finally:
        partial.unlink(missing_ok=True)


def _is_empty(column: Column) -> bool:
    return column.type is ColumnType.EMPTY


def _stored(store: Path, identifier: str, raw: str, raw_bytes: int) -> Ingested:
    content = json.loads((store / f"{identifier}.json").read_text())
    return Ingested(
        sha256=identifier,
        raw_sha256=raw,
        raw_bytes=raw_bytes,
        path=store / f"{identifier}.parquet",
        rows=content["rows"],
        columns=tuple(Column.from_json(column) for column in content["columns"]),
        options=ReadOptions.model_validate(content["options"]),
        notes=tuple(content["notes"]),
    )


def _convert(
    connection: duckdb.DuckDBPyConnection,
    ready: Path,
    options: ReadOptions,
    target: Path,
    progress: Progress,
) -> tuple[ReadOptions, list[str]]:
    """Write the typed table in one pass; a second only when a value did not fit its type."""
    source = source_of(ready, options, len(options.columns))
    columns = source_columns(connection, ready, options)
    notes: list[str] = []
    try:
        bad = _copy(connection, select(columns, options, Care.QUICK, source), target, progress)
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        if "unicode" in str(error).lower():
            raise
        options, notes = settle_misfits(connection, columns, options, source)
        bad = _copy(connection, select(columns, options, Care.STRICT, source), target, progress)
    return options, [*notes, *_skipped(bad, options)]


def _copy(
    connection: duckdb.DuckDBPyConnection, query: str, target: Path, progress: Progress
) -> tuple[int, int]:
    """Run the copy. Returns the number of unusable lines and the first of them."""
    forget_rejects(connection)
    statement = f"COPY ({query}) TO {text(target)} {COPY}"
    connection.execute("SET enable_progress_bar=true; SET enable_progress_bar_print=false")
    _follow(lambda: connection.execute(statement), connection.query_progress, progress)
    if "read_csv" not in query:
        return 0, 0
    rejected = rejected_lines(connection)
    _check_types(connection)
    return rejected


def _follow(work: Callable[[], object], percent: Callable[[], float], progress: Progress) -> None:
    """Run the work in a thread and report DuckDB's own percentage as 5 % to 80 % of the whole."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(work)
        while wait([future], timeout=0.5).not_done:
            progress.report(0.05 + 0.0075 * max(0.0, percent()), "Writing the table")
        future.result()


def _check_types(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise when a line was rejected because a value did not fit its type."""
    query = "SELECT min(line) FROM reject_errors WHERE error_type::VARCHAR = 'CAST'"
    line, *_ = connection.execute(query).fetchone() or (None,)
    if line is not None:
        raise duckdb.ConversionException(f"line {line}")


def _skipped(bad: tuple[int, int], options: ReadOptions) -> list[str]:
    """A note about skipped lines. Raises InvalidInput when the user did not agree to skip them."""
    count, first = bad
    if not count:
        return []
    if not options.skip_bad_rows:
        raise ragged(count, first)
    return [
        f"{count:,} lines with a wrong number of fields were left out, the first is line {first:,}."
    ]


def ragged(count: int, first: int) -> InvalidInput:
    """The failure for lines whose number of fields is not the header's."""
    return InvalidInput(
        f"{count:,} lines do not have as many fields as the header; the first is line {first:,}.",
        hint="Check delimiter and quote, repair the file, or choose to leave these lines out.",
    )
