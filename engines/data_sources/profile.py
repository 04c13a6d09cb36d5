"""Count what each column of a stored table holds."""

# ruff: noqa: S608 -- every name and value in the SQL is quoted by sql.name and sql.text

from pathlib import Path

import duckdb

from engines.core.tables import Column, ColumnType
from engines.data_sources.options import ISO, WHOLE, ColumnChoice, ReadOptions
from engines.data_sources.sql import name, text

BATCH = 50  # columns per query, so that wide tables stay within memory


def profile(
    connection: duckdb.DuckDBPyConnection, table: Path, options: ReadOptions
) -> tuple[list[Column], int]:
    """The table's columns, with missing and distinct values counted, and its number of rows.

    Distinct values are exact unless they do not fit into memory; then they are HyperLogLog
    estimates (within about 2 %).
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(table)})").fetchall()
    names = [str(row[0]) for row in described]
    rows, counted = 0, {}
    for start in range(0, len(names), BATCH):
        rows, batch = _counts(connection, table, names[start : start + BATCH])
        counted.update(batch)
    columns = [
        _column(options.column(column), number, rows, *counted[column])
        for number, column in enumerate(names, start=1)
    ]
    return columns, rows


def _counts(
    connection: duckdb.DuckDBPyConnection, table: Path, names: list[str]
) -> tuple[int, dict[str, tuple[int, int]]]:
    try:
        row = connection.execute(_query(table, names, "count(DISTINCT {})")).fetchone() or (0,)
    except duckdb.OutOfMemoryException:
        row = connection.execute(_query(table, names, "approx_count_distinct({})")).fetchone() or (
            0,
        )
    return int(row[0]), dict(zip(names, zip(row[1::2], row[2::2], strict=True), strict=True))


def _query(table: Path, names: list[str], distinct: str) -> str:
    counts = ", ".join(f"count({name(n)}), {distinct.format(name(n))}" for n in names)
    return f"SELECT count(*), {counts} FROM read_parquet({text(table)})"


def _column(choice: ColumnChoice, number: int, rows: int, filled: int, distinct: int) -> Column:
    return Column(
        name=choice.name,
        alias=f"C{number}",
        type=_final_type(choice, filled, distinct),
        missing=rows - filled,
        distinct=distinct,
        marks=choice.marks,
        pattern=choice.pattern if choice.pattern not in (ISO, WHOLE) else "",
    )


def _final_type(choice: ColumnChoice, filled: int, distinct: int) -> ColumnType:
    """The chosen type, unless the whole table shows otherwise."""
    if filled == 0:
        return ColumnType.EMPTY
    if choice.type is ColumnType.EMPTY:
        return ColumnType.TEXT
    repeated = distinct < 0.95 * filled  # below this even an estimate proves repetition
    if choice.type is ColumnType.IDENTIFIER and repeated:
        return ColumnType.INTEGER if choice.pattern == WHOLE else ColumnType.TEXT
    return choice.type
