"""CSV export: formulas are escaped, everything else is untouched."""

import io

import pandas as pd
import pytest

from engines.core.csv_export import escape_formulas, to_safe_csv

HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", "＝1+1"]


@pytest.mark.parametrize("cell", HOSTILE)
def test_export_of_formula_cell_is_escaped(cell: str) -> None:
    frame = pd.DataFrame({"a": [cell]})
    assert escape_formulas(frame).loc[0, "a"] == "'" + cell


@pytest.mark.parametrize("cell", ["plain", "a=b", "-200", "+3.5", "-1e5", "-12,5", "", "5-3"])
def test_export_of_harmless_cell_is_untouched(cell: str) -> None:
    assert escape_formulas(pd.DataFrame({"a": [cell]})).loc[0, "a"] == cell


def test_export_of_formula_column_name_is_escaped() -> None:
    assert list(escape_formulas(pd.DataFrame({"=1+1": [1]})).columns) == ["'=1+1"]


def test_export_of_categories_and_duplicate_names_is_escaped() -> None:
    frame = pd.DataFrame([["=1", 1], ["x", 2]], columns=["a", "a"])
    frame.isetitem(0, frame.iloc[:, 0].astype("category"))
    safe = escape_formulas(frame)
    assert list(safe.iloc[:, 0]) == ["'=1", "x"]
    assert list(safe.iloc[:, 1]) == [1, 2]


def test_export_of_csv_reads_back_equal() -> None:
    frame = pd.DataFrame(
        {"número": [1.5, None], "txt": ["é", "ü"], "d": [pd.Timestamp(2020, 1, 1), pd.NaT]}
    )
    back = pd.read_csv(io.BytesIO(to_safe_csv(frame)), parse_dates=["d"])
    pd.testing.assert_frame_equal(back, frame)
