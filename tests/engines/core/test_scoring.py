"""Data is made to fit a model, or refused with one sentence."""

import numpy as np
import pandas as pd
import pytest

from engines.core import scoring


def feature(dtype, *categories):
    return {"name": "x", "dtype": dtype, "categories": list(categories)}


def typed(values, dtype, *categories):
    frame = pd.DataFrame({"x": pd.Series(values)})
    return scoring.conform(frame, [feature(dtype, *categories)])["x"]


def test_conform_reads_numbers_from_text_and_marks_as_missing():
    found = typed(["1", " ", "NA", "?", "2.5"], "numeric")
    assert found.isna().tolist() == [False, True, True, True, False]
    assert found.dropna().tolist() == [1, 2.5]


def test_conform_keeps_na_where_it_is_a_category():
    assert typed(["NA", "Gd"], "categorical", "NA", "Gd").tolist() == ["NA", "Gd"]
    assert typed(["NA", "Gd"], "categorical", "Gd").isna().tolist() == [True, False]


def test_conform_reads_categories_that_are_numbers():
    assert typed(["1", "2"], "categorical", 1, 2).tolist() == [1, 2]


def test_conform_turns_numbers_into_words_where_categories_are_words():
    assert typed([1, 2], "categorical", "1", "2").tolist() == ["1", "2"]


@pytest.mark.parametrize("values", [["yes", "No"], [1, 0], [True, False], ["TRUE", "false"]])
def test_conform_reads_booleans(values):
    assert typed(values, "boolean").tolist() == [1.0, 0.0]


def test_conform_refuses_other_words_as_booleans():
    with pytest.raises(scoring.SchemaFault, match="must be true or false; row 1 has “maybe”"):
        typed(["maybe"], "boolean")


def test_conform_takes_infinity_as_missing_in_numbers_and_refuses_it_in_text():
    assert typed([1.0, np.inf], "numeric").isna().tolist() == [False, True]
    with pytest.raises(scoring.SchemaFault, match="finite number; row 1 has “inf”"):
        typed(["inf"], "numeric")


def test_conform_reads_dates_and_refuses_others():
    assert typed(["2024-02-03"], "datetime")[0] == pd.Timestamp(2024, 2, 3)
    with pytest.raises(scoring.SchemaFault, match="a date like 2024-01-31; row 2 has “soon”"):
        typed(["2024-02-03", "soon"], "datetime")


def test_conform_reads_dates_as_the_data_wrote_them_and_never_guesses_the_order():
    frame = pd.DataFrame({"x": ["03/02/2024", "2024-02-03", "31/12/9999", ""]})
    day_first = {**feature("datetime"), "pattern": "%d/%m/%Y"}
    found = scoring.conform(frame, [day_first])["x"]
    assert found.tolist()[:2] == [pd.Timestamp(2024, 2, 3)] * 2
    assert found.isna().tolist() == [False, False, True, True]
    with pytest.raises(scoring.SchemaFault, match="date like 2024-01-31; row 1 has “03/02/2024”"):
        scoring.conform(frame, [feature("datetime")])
    with pytest.raises(scoring.SchemaFault, match="date like 2024-01-31 or 31/01/2024; row 1"):
        scoring.conform(pd.DataFrame({"x": ["02/13/2024"]}), [day_first])


def test_conform_takes_moments_with_a_zone_to_utc():
    found = typed(["2024-02-03T01:00:00+02:00", "2024-02-03 01:00:00Z"], "datetime")
    assert found.tolist() == [pd.Timestamp(2024, 2, 2, 23), pd.Timestamp(2024, 2, 3, 1)]


def test_conform_takes_the_marks_of_the_data_as_missing():
    number = {**feature("numeric"), "marks": ["-200", "n.v."]}
    texts = pd.DataFrame({"x": ["1", "-200", "-200.0", "n.v."]})
    assert scoring.conform(texts, [number])["x"].isna().tolist() == [False, True, True, True]
    numbers = pd.DataFrame({"x": [1.0, -200.0]})
    assert scoring.conform(numbers, [number])["x"].isna().tolist() == [False, True]


def test_conform_reads_numbers_with_the_unit_of_the_data():
    weight = {**feature("numeric"), "pattern": "kg"}
    frame = pd.DataFrame({"x": ["12 kg", "7.5", "NA", "kg"]})
    booked = {**feature("numeric"), "pattern": "()"}
    negative = scoring.conform(pd.DataFrame({"x": ["(12.5)", "3"]}), [booked])["x"]
    assert negative.tolist() == [-12.5, 3]
    assert scoring.conform(frame.head(3), [weight])["x"].tolist()[:2] == [12, 7.5]
    with pytest.raises(scoring.SchemaFault, match="“x” must be a number; row 4"):
        scoring.conform(frame, [weight])


@pytest.mark.parametrize("kind", ["integer", "numeric", "int64", "float64"])
def test_conform_refuses_words_among_numbers(kind):
    with pytest.raises(scoring.SchemaFault, match=r"row 2 has “two”"):
        typed(["1", "two"], kind)


def test_conform_refuses_a_doubled_column():
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(scoring.SchemaFault, match="more than once"):
        scoring.conform(frame, [feature("numeric")])


def test_conform_orders_columns_and_drops_others():
    frame = pd.DataFrame({"z": [1], "b": [2], "a": [3]})
    wanted = [{"name": "a", "dtype": "integer"}, {"name": "b", "dtype": "integer"}]
    assert list(scoring.conform(frame, wanted)) == ["a", "b"]


def test_unknown_categories_are_named_once_per_column():
    frame = pd.DataFrame({"x": ["a", "q", "r", np.nan]})
    told = scoring.unknown_categories(frame, [feature("categorical", "a", "b")])
    assert told == ["“x” has a category the model never saw, “q”; it knows “a”, “b”."]


def test_answer_of_two_classes_follows_the_threshold():
    class Model:
        def predict_proba(self, frame):
            return np.array([[0.7, 0.3], [0.1, 0.9]])

    card = {"task": "binary", "classes": [False, True], "threshold": 0.3}
    found = scoring.answer(Model(), card, pd.DataFrame({"x": [1, 2]}, index=[7, 8]))
    assert found["prediction"].tolist() == [True, True]
    assert found.index.tolist() == [7, 8]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_conform_counts_moments_alike_whatever_the_unit_of_the_file(unit):
    moments = pd.Series(pd.to_datetime(["2024-03-01 06:00", None])).astype(f"datetime64[{unit}]")
    found = typed(moments, "datetime")
    assert found.dtype == "datetime64[ns]"
    assert pd.to_numeric(found).iloc[0] == pd.Timestamp("2024-03-01 06:00").value


def test_conform_takes_a_moment_beyond_pandas_years_as_missing():
    assert typed(np.array(["1500-01-01"], dtype="datetime64[us]"), "datetime").isna().all()
