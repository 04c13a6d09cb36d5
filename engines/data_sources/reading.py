"""SQL that reads a file as the typed table its options describe."""

# ruff: noqa: S608 -- every name and value in the SQL is quoted by sql.name and sql.text

import re
from enum import StrEnum
from pathlib import Path

import duckdb

from engines.core.tables import ColumnType
from engines.data_sources.dates import parse
from engines.data_sources.options import WHOLE, ColumnChoice, ReadOptions, Step
from engines.data_sources.sql import name, text
from engines.data_sources.units import NEGATIVE

# The longest line that is read. DuckDB's buffers are sixteen times that; smaller ones of our own
# made DuckDB 2.0 lose the last row before a buffer's end, without a word.
LINE_BYTES = 4_000_000
BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"


class Care(StrEnum):
    """How a value that does not fit its type is met."""

    QUICK = "quick"  # fails, also on unusual blanks around numbers and dates
    STRICT = "strict"  # fails
    LENIENT = "lenient"  # gives null


TEXTUAL = frozenset({ColumnType.CATEGORICAL, ColumnType.TEXT, ColumnType.EMPTY})
_NUMBER = re.compile(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?")
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
        "store_rejects=true, null_padding=false, strict_mode=true, "
        f"max_line_size={LINE_BYTES})"
    )


def source_columns(
    connection: duckdb.DuckDBPyConnection, path: Path, options: ReadOptions
) -> list[str]:
    """The source's own column expressions, each giving text."""
    if options.kind != "parquet":
        return [f"c{i}" for i in range(len(options.columns))]
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(path)})").fetchall()
    return [f"CAST({name(str(row[0]))} AS VARCHAR)" for row in described]


def select(columns: list[str], options: ReadOptions, care: Care, source: str) -> str:
    """The SELECT that types every column."""
    typed = (
        f"{typed_value(choice, column, options, care)} AS {name(choice.name)}"
        for column, choice in zip(columns, options.columns, strict=True)
    )
    return f"SELECT {', '.join(typed)} FROM {source}"


def misfits(columns: list[str], options: ReadOptions, source: str) -> str:
    """The query that lists, per column, up to five values that do not fit its type, and how many.

    One row: for each column a count and a list.
    """
    parts = []
    for column, choice in zip(columns, options.columns, strict=True):
        present = _present(choice, f"trim({column}, {BLANKS})")
        value = _converted(choice, column, options, Care.LENIENT)
        bad = f"{present} IS NOT NULL AND ({value}) IS NULL"
        parts.append(f"count(*) FILTER ({bad})")
        parts.append(f"(list(DISTINCT {present}) FILTER ({bad}))[1:5]")
    return f"SELECT {', '.join(parts)} FROM {source}"


def typed_value(choice: ColumnChoice, column: str, options: ReadOptions, care: Care) -> str:
    """SQL for one typed cell. Infinities and marks that are numbers become null."""
    value = _converted(choice, column, options, care)
    if choice.type is ColumnType.NUMERIC:
        value = f"CASE WHEN isfinite({value}) THEN {value} END"
    numbers = [mark for mark in choice.marks if _is_number(mark)]
    if numbers and choice.type in (ColumnType.NUMERIC, ColumnType.INTEGER):
        return f"CASE WHEN {value} NOT IN ({', '.join(numbers)}) THEN {value} END"
    return value


def _converted(choice: ColumnChoice, column: str, options: ReadOptions, care: Care) -> str:
    if choice.type in TEXTUAL:
        return _textual(choice, column, Step.TRIM_TEXT in options.steps)
    value = _value(choice, column, care)
    if choice.type is ColumnType.DATETIME:
        return parse(value, choice.pattern, care is not Care.LENIENT)
    if choice.type is ColumnType.IDENTIFIER and choice.pattern != WHOLE:
        return value
    cast = "TRY_CAST" if care is Care.LENIENT else "CAST"
    if choice.type is ColumnType.BOOLEAN:
        return f"{cast}({value} AS BOOLEAN)"
    if choice.type is ColumnType.NUMERIC:
        return f"{cast}({_plain(_without_unit(value, choice), options)} AS DOUBLE)"
    whole = f"{cast}({_whole(choice, _plain(value, options))} AS BIGINT)"
    return _canonical(column, whole) if _no_mark_is_a_value(choice) else whole


def _textual(choice: ColumnChoice, column: str, trim: bool) -> str:
    trimmed = f"trim({column})"
    if trim or choice.marks:
        return _present(choice, trimmed, trimmed if trim else column)
    return f"CASE WHEN {_begins_visibly(column)} OR {trimmed} <> '' THEN {column} END"


def _value(choice: ColumnChoice, column: str, care: Care) -> str:
    """SQL for the text of a number, truth or date, null when it is blank or a mark."""
    if care is not Care.QUICK:
        return _present(choice, f"trim({column}, {BLANKS})")
    # Trimming every kind of blank costs more than all the rest, so the quick pass does without:
    # a value it cannot read makes it fail, and the strict pass follows.
    value = _present(choice, f"trim({column})")
    if choice.type is ColumnType.IDENTIFIER or not _no_mark_is_a_value(choice):
        return value  # an identifier's blanks matter
    marks = f" AND {column} NOT IN ({', '.join(map(text, choice.marks))})" if choice.marks else ""
    return f"CASE WHEN {_begins_visibly(column)}{marks} THEN {column} ELSE {value} END"


def _canonical(column: str, otherwise: str) -> str:
    """SQL for a whole number written as we would write it, which needs no closer look."""
    number = f"TRY_CAST({column} AS BIGINT)"
    return f"CASE WHEN CAST({number} AS VARCHAR) = {column} THEN {number} ELSE {otherwise} END"


def _begins_visibly(column: str) -> str:
    """SQL that is true when the first character is visible ASCII; two comparisons of bytes."""
    return f"({column} >= '!' AND {column} < chr(127))"


def _no_mark_is_a_value(choice: ColumnChoice) -> bool:
    """True when a mark that could be read as a value is sorted out by its value."""
    by_value = choice.type in (ColumnType.NUMERIC, ColumnType.INTEGER)
    return all(
        not any(map(str.isdigit, mark)) or (by_value and _is_number(mark)) for mark in choice.marks
    ) and not (choice.type is ColumnType.BOOLEAN and choice.marks)


def _present(choice: ColumnChoice, trimmed: str, kept: str = "") -> str:
    """SQL for the cell's text, null when it is blank or one of the column's marks."""
    marks = ", ".join(text(mark) for mark in ("", *choice.marks))
    return f"CASE WHEN {trimmed} NOT IN ({marks}) THEN {kept or trimmed} END"


def _whole(choice: ColumnChoice, value: str) -> str:
    """SQL that spoils what is no whole number: the cast alone would round 1.5 to 2."""
    if choice.pattern != WHOLE:
        value = f"regexp_replace({value}, '[.]0*$', '')"
    return f"CASE WHEN regexp_matches({value}, '[^0-9 +-]') THEN '?' ELSE {value} END"


def _without_unit(value: str, choice: ColumnChoice) -> str:
    """SQL for a number's text without its unit and the blanks between both."""
    if choice.pattern in ("", WHOLE):
        return value
    if choice.pattern == NEGATIVE:
        return f"regexp_replace({value}, '^[(](.*)[)]$', '-\\1')"
    return f"replace(replace({value}, {text(choice.pattern)}, ''), ' ', '')"


def _plain(value: str, options: ReadOptions) -> str:
    """SQL for a number's text without thousands marks and with a point."""
    if options.kind != "text":
        return value
    if options.thousands:
        value = f"replace({value}, {text(options.thousands)}, '')"
    return f"replace({value}, ',', '.')" if options.decimal == "," else value


def _is_number(mark: str) -> bool:
    return bool(_NUMBER.fullmatch(mark))
