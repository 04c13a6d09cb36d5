"""Cleaning steps that need the whole table. Each is recorded and can be undone."""

# ruff: noqa: S608 -- every name and value in the SQL is quoted by sql.name and sql.text

from collections.abc import Collection
from pathlib import Path

import duckdb

from engines.core.errors import InvalidInput
from engines.data_sources.options import Step
from engines.data_sources.sql import name, text

BATCH = 100  # columns counted per query
ROW = '"\x01row"'  # no column can be called so: names hold no control characters


def apply(
    connection: duckdb.DuckDBPyConnection, table: Path, target: Path, steps: Collection[Step]
) -> tuple[Path, list[str]]:
    """Write the table without empty columns and repeated rows, as the steps ask.

    Returns the Parquet file that holds the result (`table` itself when nothing was asked) and a
    note per step. The first of several equal rows stays, and the order of rows.
    """
    notes: list[str] = []
    kept = names = _names(connection, table)
    if Step.DROP_EMPTY_COLUMNS in steps:
        kept = _filled(connection, table, names)
        notes.append(f"Dropped {len(names) - len(kept):,} columns without a value.")
    if len(kept) < 2:
        raise InvalidInput("Fewer than two columns hold a value.", hint="Upload another file.")
    distinct = Step.DROP_DUPLICATES in steps
    if kept == names and not distinct:
        return table, notes
    before = _rows(connection, table)
    query = _distinct(table, kept) if distinct else _project(table, kept)
    connection.execute(f"COPY ({query}) TO {text(target)} (FORMAT parquet, COMPRESSION zstd)")
    if distinct:
        notes.append(f"Dropped {before - _rows(connection, target):,} repeated rows.")
    return target, notes


def _project(table: Path, names: list[str]) -> str:
    return f"SELECT {', '.join(map(name, names))} FROM read_parquet({text(table)})"


def _distinct(table: Path, names: list[str]) -> str:
    columns = ", ".join(map(name, names))
    numbered = f"SELECT *, row_number() OVER () AS {ROW} FROM ({_project(table, names)})"
    first = f"SELECT min({ROW}) AS {ROW} FROM ({numbered}) GROUP BY {columns}"
    return f"SELECT {columns} FROM ({numbered}) SEMI JOIN ({first}) USING ({ROW}) ORDER BY {ROW}"


def _names(connection: duckdb.DuckDBPyConnection, table: Path) -> list[str]:
    rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(table)})").fetchall()
    return [str(row[0]) for row in rows]


def _rows(connection: duckdb.DuckDBPyConnection, table: Path) -> int:
    row = connection.execute(f"SELECT count(*) FROM read_parquet({text(table)})").fetchone()
    return int(row[0]) if row else 0


def _filled(connection: duckdb.DuckDBPyConnection, table: Path, names: list[str]) -> list[str]:
    kept: list[str] = []
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        counts = ", ".join(f"count({name(column)})" for column in batch)
        row = connection.execute(f"SELECT {counts} FROM read_parquet({text(table)})").fetchone()
        kept += [column for column, count in zip(batch, row or (), strict=True) if count]
    return kept
