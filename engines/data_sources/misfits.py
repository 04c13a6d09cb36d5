"""Values that do not fit the type their column was given."""

from typing import Any

import duckdb

from engines.core.errors import InvalidInput
from engines.core.tables import ColumnType
from engines.data_sources import missing
from engines.data_sources.options import ColumnChoice, ReadOptions
from engines.data_sources.reading import TEXTUAL, misfits

WORDS = {
    ColumnType.NUMERIC: "numbers",
    ColumnType.INTEGER: "whole numbers",
    ColumnType.IDENTIFIER: "whole numbers",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.DATETIME: "dates of the chosen format",
}


def settle_misfits(
    connection: duckdb.DuckDBPyConnection, columns: list[str], options: ReadOptions, source: str
) -> tuple[ReadOptions, list[str]]:
    """Options under which every value fits, and a note per change.

    Values that only say "missing" become marks; whole numbers with fractions become numbers.
    Anything else is for the user to decide. Raises InvalidInput naming column, count and examples.
    """
    typed = [i for i, choice in enumerate(options.columns) if choice.type not in TEXTUAL]
    asked = options.model_copy(update={"columns": tuple(options.columns[i] for i in typed)})
    row = connection.execute(misfits([columns[i] for i in typed], asked, source)).fetchone() or ()
    notes: list[str] = []
    for choice, count, values in zip(asked.columns, row[::2], row[1::2], strict=True):
        if count:
            changed, note = _settle(connection, choice, int(count), values, options)
            options = options.with_column(changed)
            notes.append(note)
    return options, notes


def _settle(
    connection: duckdb.DuckDBPyConnection,
    choice: ColumnChoice,
    count: int,
    values: list[Any],
    options: ReadOptions,
) -> tuple[ColumnChoice, str]:
    if all(value in missing.MARKS or value in missing.WEAK_MARKS for value in values):
        marks = (*choice.marks, *map(str, values))
        shown = ", ".join(f"“{value}”" for value in values)
        note = f"“{choice.name}”: {shown} is read as missing ({count:,} cells)."
        return choice.model_copy(update={"marks": marks}), note
    if choice.type is ColumnType.INTEGER and _are_numbers(connection, values, options):
        note = f"“{choice.name}” has fractions after the first rows; it is read as numeric."
        return choice.model_copy(update={"type": ColumnType.NUMERIC, "pattern": ""}), note
    raise _misfit(choice, count, values)


def _are_numbers(
    connection: duckdb.DuckDBPyConnection, values: list[Any], options: ReadOptions
) -> bool:
    plain = [
        str(v).replace(options.thousands or ",,", "").replace(options.decimal, ".") for v in values
    ]
    query = "SELECT count(TRY_CAST(v AS DOUBLE)) FROM (SELECT unnest(?::VARCHAR[]) AS v)"
    return connection.execute(query, [plain]).fetchone() == (len(values),)


def _misfit(choice: ColumnChoice, count: int, values: list[Any]) -> InvalidInput:
    examples = ", ".join(f"“{str(value)[:40]}”" for value in values[:3])
    wanted = WORDS[choice.type]
    return InvalidInput(
        f"{count:,} values of “{choice.name}” are not {wanted}, for example {examples}.",
        hint="Give the column another type, or add these values to its marks for “missing”.",
    )
