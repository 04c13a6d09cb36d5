"""SQL that reads a file as the typed table its options describe."""

# ruff: noqa: S608 -- every name and value in the SQL is quoted by sql.name and sql.text

from pathlib import Path

import duckdb

from engines.core.tables import ColumnType
from engines.data_sources.dates import parse
from engines.data_sources.options import WHOLE, ColumnChoice, ReadOptions, Step
from engines.data_sources.sql import name, text

BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
TEXTUAL = frozenset({ColumnType.CATEGORICAL, ColumnType.TEXT, ColumnType.EMPTY})
NESTED = ("STRUCT", "LIST", "MAP", "UNION", "BLOB", "ARRAY", "VARIANT", "GEOMETRY")


def source_of(path: Path, options: ReadOptions, width: int) -> str:
    """The FROM clause: every cell as text for text files, native columns for Parquet."""
    if options.kind == "parquet":
        return f"read_parquet({text(path)})"
    excel = options.kind == "excel"
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    quote = '"' if excel else options.quote
    return (
        f"read_csv({text(path)}, auto_detect=false, header={str(options.header).lower()}, "
        f"columns={{{columns}}}, delim={text(',' if excel else options.delimiter)}, "
        f"quote={text(quote)}, escape={text(quote)}, skip={options.skip_lines}, nullstr='', "
        "store_rejects=true, null_padding=false, strict_mode=true, max_line_size=20000000)"
    )


def source_columns(
    connection: duckdb.DuckDBPyConnection, path: Path, options: ReadOptions
) -> list[str]:
    """The source's own column expressions, each giving text."""
    if options.kind != "parquet":
        return [f"c{i}" for i in range(len(options.columns))]
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(path)})").fetchall()
    return [f"CAST({name(str(row[0]))} AS VARCHAR)" for row in described]


def select(
    columns: list[str], options: ReadOptions, strict: bool = True, source: str = "source"
) -> str:
    """The SELECT that types every column; `strict` fails on a value that does not fit."""
    typed = (
        f"{typed_value(choice, column, options, strict)} AS {name(choice.name)}"
        for column, choice in zip(columns, options.columns, strict=True)
    )
    return f"SELECT {', '.join(typed)} FROM {source}"


def misfits(columns: list[str], options: ReadOptions, source: str) -> str:
    """The query that lists, per column, up to five values that do not fit its type, and how many.

    One row: for each column a count and a list.
    """
    parts = []
    for column, choice in zip(columns, options.columns, strict=True):
        present = filled(choice, column, trim=True)
        bad = f"{present} IS NOT NULL AND ({_converted(choice, column, options, False)}) IS NULL"
        parts.append(f"count(*) FILTER ({bad})")
        parts.append(f"(list(DISTINCT {present}) FILTER ({bad}))[1:5]")
    return f"SELECT {', '.join(parts)} FROM {source}"


def filled(choice: ColumnChoice, column: str, trim: bool) -> str:
    """SQL for the cell's text, null when it is blank or one of the column's marks."""
    trimmed = f"trim({column}, {BLANKS})"
    marks = ", ".join(text(mark) for mark in ("", *choice.marks))
    kept = trimmed if trim else column
    return f"CASE WHEN {trimmed} NOT IN ({marks}) THEN {kept} END"


def typed_value(choice: ColumnChoice, column: str, options: ReadOptions, strict: bool) -> str:
    """SQL for one typed cell. Infinities and marks that are numbers become null."""
    value = _converted(choice, column, options, strict)
    if choice.type is ColumnType.NUMERIC:
        value = f"CASE WHEN isfinite({value}) THEN {value} END"
    numbers = [mark for mark in choice.marks if _is_number(mark)]
    if numbers and choice.type in (ColumnType.NUMERIC, ColumnType.INTEGER):
        return f"CASE WHEN {value} NOT IN ({', '.join(numbers)}) THEN {value} END"
    return value


def _converted(choice: ColumnChoice, column: str, options: ReadOptions, strict: bool) -> str:
    if choice.type in TEXTUAL:
        return filled(choice, column, trim=Step.TRIM_TEXT in options.steps)
    value = filled(choice, column, trim=True)
    if choice.type is ColumnType.DATETIME:
        return parse(value, choice.pattern, strict)
    cast = "CAST" if strict else "TRY_CAST"
    if choice.type is ColumnType.BOOLEAN:
        return f"{cast}({value} AS BOOLEAN)"
    if choice.type is ColumnType.IDENTIFIER and choice.pattern != WHOLE:
        return value
    plain = _plain(value, options)
    if choice.type is ColumnType.NUMERIC:
        return f"{cast}(translate({plain}, '_', '?') AS DOUBLE)"
    # Unhindered, the cast would round 1.5 to 2 and read 0x1F and 1_000 as numbers.
    if choice.pattern != WHOLE:
        plain = f"regexp_replace({plain}, '[.]0*$', '')"
    return f"{cast}(translate({plain}, '._eExX', '??????') AS BIGINT)"


def _plain(value: str, options: ReadOptions) -> str:
    """SQL for a number's text without thousands marks and with a point."""
    if options.kind != "text":
        return value
    if options.thousands:
        value = f"replace({value}, {text(options.thousands)}, '')"
    return f"replace({value}, ',', '.')" if options.decimal == "," else value


def _is_number(mark: str) -> bool:
    try:
        return float(mark) == float(mark) and "inf" not in mark.lower()
    except ValueError:
        return False
