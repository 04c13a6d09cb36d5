"""Tables over real data, typed the way ingestion types them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from engines.core.tables import Column, ColumnType, Table

MakeTable = Callable[..., Table]


def column_type(column: pd.Series) -> ColumnType:
    """A plain reading of a column, enough for these tests."""
    checks = (
        (ColumnType.EMPTY, column.isna().all()),
        (ColumnType.BOOLEAN, pd.api.types.is_bool_dtype(column)),
        (ColumnType.DATETIME, pd.api.types.is_datetime64_any_dtype(column)),
        (ColumnType.INTEGER, pd.api.types.is_integer_dtype(column)),
        (ColumnType.NUMERIC, pd.api.types.is_numeric_dtype(column)),
        (ColumnType.IDENTIFIER, column.nunique() == len(column) and len(column) > 50),
    )
    return next((kind for kind, holds in checks if holds), ColumnType.CATEGORICAL)


@pytest.fixture
def make_table(tmp_path: Path) -> MakeTable:
    """Store a frame as the Table other engines would see."""

    def make(frame: pd.DataFrame, **types: ColumnType) -> Table:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet"
        frame.to_parquet(path)
        columns = tuple(
            Column(
                name=name,
                alias=f"C{at}",
                type=types.get(name, column_type(frame[name])),
                missing=int(frame[name].isna().sum()),
                distinct=int(frame[name].nunique()),
            )
            for at, name in enumerate(frame.columns, start=1)
        )
        return Table("data", "experiment", path, "0" * 64, len(frame), columns, anonymised=False)

    return make


@pytest.fixture
def real(shared_data: Path, make_table: MakeTable) -> Callable[..., Table]:
    """A table of the shared data, dates read where named."""

    def load(name: str, *dates: str) -> Table:
        frame = pd.read_csv(shared_data / name, encoding="utf-8-sig")
        for date in dates:
            frame[date] = pd.to_datetime(frame[date])
        return make_table(frame)

    return load
