"""Types: what is on record against what the values look like."""

import pandas as pd
import pytest

from engines import eda
from engines.core.tables import ColumnType


def test_text_that_reads_as_numbers_is_found_with_its_eleven_blanks(telco, to_table):
    check = eda.explore(to_table(telco)).column("TotalCharges").check
    assert (check.recorded, check.inferred) == (ColumnType.CATEGORICAL, ColumnType.NUMERIC)
    assert (check.misfits, check.examples) == (11, ["' '"])
    assert "except 11" in check.finding


def test_missing_marks_written_as_numbers_are_found(air_quality, to_table):
    report = eda.explore(to_table(air_quality))
    marked = {c.name: c.disguised[0] for c in report.columns if c.disguised}
    assert marked["CO(GT)"].value == "-200"
    assert marked["CO(GT)"].count == (air_quality["CO(GT)"] == -200).sum()
    assert len(marked) >= 12


def test_dates_kept_as_text_are_found(air_quality, to_table):
    assert eda.explore(to_table(air_quality)).column("Date").check.inferred is ColumnType.DATETIME


def test_a_column_of_unique_keys_is_called_an_identifier(telco, to_table):
    check = eda.explore(to_table(telco)).column("customerID").check
    assert check.inferred is ColumnType.IDENTIFIER


def test_values_that_do_not_fit_a_numeric_type_are_counted(to_table):
    frame = pd.DataFrame({"x": ["1", "2.5", "three", "4"] * 5})
    check = eda.explore(to_table(frame, x=ColumnType.NUMERIC)).column("x").check
    assert (check.misfits, check.examples) == (5, ["three"])


def test_fractions_in_an_integer_column_are_misfits(to_table):
    frame = pd.DataFrame({"x": [1.0, 2.0, 2.5, 3.0]})
    assert eda.explore(to_table(frame, x=ColumnType.INTEGER)).column("x").check.misfits == 1


def test_spellings_that_differ_in_case_or_spaces_are_grouped(to_table):
    frame = pd.DataFrame({"x": ["Yes", "yes", "No ", "No", "Maybe"] * 4})
    assert sorted(eda.explore(to_table(frame)).column("x").variants) == ["No / No ", "Yes / yes"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["true", "false", "true"], ColumnType.BOOLEAN),
        (["1,200", "3,400.5", "7"], ColumnType.NUMERIC),
        (["2024-01-02", "2024-01-03", None], ColumnType.DATETIME),
        (["31.12.2023", "01.02.2024", "03.02.2024"], ColumnType.DATETIME),
        (["red", "green", "red"], ColumnType.CATEGORICAL),
        ([None, None, None], ColumnType.EMPTY),
        ([[1], [2, 3], [1]], ColumnType.CATEGORICAL),
    ],
)
def test_inference_names_the_type_of_texts(to_table, values, expected):
    frame = pd.DataFrame({"x": values})
    assert eda.explore(to_table(frame)).column("x").check.inferred is expected
