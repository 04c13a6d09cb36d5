"""Rows drawn from a stored table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engines.core import drawn


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A thousand rows in ten row groups."""
    rows = pd.DataFrame(
        {
            "number": pd.array([*range(999), None], dtype="Int64"),
            "word": [f"w{i % 7}" for i in range(1_000)],
            "day": pd.date_range("2026-01-01", periods=1_000),
        }
    )
    rows.to_parquet(tmp_path / "table.parquet", row_group_size=100, index=False)
    return tmp_path / "table.parquet"


def test_draw_is_repeatable_rising_and_without_doubles() -> None:
    first = drawn.draw(1_000, 300, seed=42)
    assert np.array_equal(first, drawn.draw(1_000, 300, seed=42))
    assert not np.array_equal(first, drawn.draw(1_000, 300, seed=43))
    assert len(first) == len(set(first)) == 300
    assert list(first) == sorted(first)
    assert (first.min() >= 0, first.max() < 1_000) == (True, True)
    assert list(drawn.draw(5, 300, seed=1)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("at_once", [7, 64, 250_000])
@pytest.mark.parametrize("columns", [None, ["day", "number"]])
def test_read_gives_the_rows_that_pandas_reads(
    stored: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, columns: list[str] | None
) -> None:
    monkeypatch.setattr(drawn, "AT_ONCE", at_once)
    numbers = drawn.draw(1_000, 123, seed=7)
    expected = pd.read_parquet(stored, columns=columns).iloc[numbers]
    pd.testing.assert_frame_equal(drawn.read(stored, numbers, columns), expected)


def test_read_of_no_rows_keeps_the_columns(stored: Path) -> None:
    none = drawn.read(stored, drawn.draw(1_000, 0, seed=1), ["word"])
    assert (len(none), list(none.columns)) == (0, ["word"])
