"""Pages of a stored table: only the rows that are asked for are read."""

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput
from engines.core.tables import ColumnType, Table
from engines.data_sources.datasets import Datasets
from engines.data_sources.sql import name, session, text

MOST_ROWS = 10_000  # per page
EXPORTED_CELLS = 5_000_000  # what one CSV download may hold
SQL_TYPES = {
    ColumnType.INTEGER: "DECIMAL(38, 9)",  # as BIGINT, 9.5 would be rounded to 10
    ColumnType.NUMERIC: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATETIME: "TIMESTAMP",
}


class Match(StrEnum):
    """How a filter compares."""

    CONTAINS = "contains"
    EQUALS = "="
    BELOW = "<"
    ABOVE = ">"
    MISSING = "is missing"


@dataclass(frozen=True)
class RowFilter:
    """Keep the rows in which `column` matches `value`, compared as the column's type.

    A value that is none of that type (a word against numbers) matches no row.
    """

    column: str
    match: Match
    value: str = ""


@dataclass(frozen=True)
class RowPage:
    """Rows of one page, and how many rows match in all."""

    frame: pd.DataFrame
    total: int


@needs(Capability.DATA_READ)
def page_rows(
    datasets: Datasets,
    actor: Actor,
    dataset_id: str,
    offset: int = 0,
    limit: int = 100,
    sort: str = "",
    descending: bool = False,
    chosen: RowFilter | None = None,
) -> RowPage:
    """Rows `offset` to `offset + limit`, in file order unless sorted; missing values come last.

    Raises InvalidInput (no such column), NotFound or NotAllowed.
    """
    table = datasets.table(actor, dataset_id)
    for column in (sort, chosen.column if chosen else ""):
        _check_column(table, column)
    order = f"ORDER BY {name(sort)} {'DESC' if descending else 'ASC'} NULLS LAST" if sort else ""
    page = f"LIMIT {min(int(limit), MOST_ROWS)} OFFSET {max(int(offset), 0)}"
    return RowPage(*_read(table, chosen, order, page))


def _read(
    table: Table, chosen: RowFilter | None, order: str, page: str
) -> tuple[pd.DataFrame, int]:
    where, values = _where(table, chosen)
    source = f"FROM read_parquet({text(table.path)}) {where}"
    with session() as connection:
        frame = connection.execute(f"SELECT * {source} {order} {page}", values).df()
        total = connection.execute(f"SELECT count(*) {source}", values).fetchone() or (0,)
    return frame, int(total[0])


@needs(Capability.DATA_READ)
def export_rows(
    datasets: Datasets, actor: Actor, dataset_id: str, chosen: RowFilter | None = None
) -> RowPage:
    """The matching rows for a download, under public names: C1..CN when anonymised.

    At most `EXPORTED_CELLS` cells are taken, from the top; `total` tells how many rows match.
    """
    table = datasets.table(actor, dataset_id)
    most = max(1, EXPORTED_CELLS // max(1, len(table.columns)))
    frame, total = _read(table, chosen, "", f"LIMIT {most}")
    return RowPage(frame.rename(columns=table.public_names), total)


def _check_column(table: Table, column: str) -> None:
    if column and column not in table.public_names:
        raise InvalidInput(f"There is no column “{column}”.", hint="Choose one of the table.")


def _where(table: Table, chosen: RowFilter | None) -> tuple[str, list[str]]:
    if chosen is None:
        return "", []
    column = name(chosen.column)
    if chosen.match is Match.MISSING:
        return f"WHERE {column} IS NULL", []
    if chosen.match is Match.CONTAINS:
        return f"WHERE contains(lower(CAST({column} AS VARCHAR)), lower(?))", [chosen.value]
    kind = SQL_TYPES.get(table.column(chosen.column).type, "VARCHAR")
    left = f"CAST({column} AS {kind})"
    return f"WHERE {left} {chosen.match.value} TRY_CAST(? AS {kind})", [chosen.value]
