"""Statistics against pandas and scipy, on real columns."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

from engines import eda
from engines.eda import statistics


def test_summary_of_real_columns_agrees_with_pandas(wholesale, to_table):
    report = eda.explore(to_table(wholesale))
    for name in ("Fresh", "Milk", "Delicassen"):
        found, column = report.column(name).numbers, wholesale[name]
        assert found.mean == pytest.approx(column.mean())
        assert found.median == column.median()
        assert found.std == pytest.approx(column.std())
        assert found.variance == pytest.approx(column.var())
        assert found.skewness == pytest.approx(column.skew())
        assert found.kurtosis == pytest.approx(column.kurt())
        assert found.mode == column.mode().iloc[0]
        assert found.iqr == pytest.approx(stats.iqr(column))
        assert found.mad == pytest.approx(stats.median_abs_deviation(column))
        assert found.quantiles["0.95"] == pytest.approx(column.quantile(0.95))


def test_summary_with_missing_cells_agrees_with_pandas(ames, to_table):
    found, column = eda.explore(to_table(ames)).column("LotFrontage"), ames["LotFrontage"]
    assert found.missing == column.isna().sum() == 259
    assert found.numbers.mean == pytest.approx(column.mean())
    assert found.numbers.kurtosis == pytest.approx(column.kurt())
    assert found.distinct == column.nunique()


def test_entropy_of_a_category_agrees_with_scipy(telco, to_table):
    found, column = eda.explore(to_table(telco)).column("Contract"), telco["Contract"]
    expected = stats.entropy(column.value_counts(), base=2)
    assert found.entropy == pytest.approx(expected)
    assert found.entropy_share == pytest.approx(expected / np.log2(3))
    assert [(top.value, top.count) for top in found.top] == list(column.value_counts().items())


def test_histogram_counts_every_finite_value_once(ames, to_table):
    report = eda.explore(to_table(ames))
    for name in report.numeric:
        column = report.column(name)
        assert sum(column.histogram.counts) == ames[name].notna().sum()
        assert len(column.histogram.edges) == len(column.histogram.counts) + 1


def test_box_ends_its_whiskers_at_values_within_the_fences(wholesale, to_table):
    box = eda.explore(to_table(wholesale)).column("Milk").box
    expected = stats.iqr(wholesale["Milk"]) * 1.5 + wholesale["Milk"].quantile(0.75)
    assert box.high == wholesale["Milk"][wholesale["Milk"] <= expected].max()
    assert max(box.beyond) == wholesale["Milk"].max()


def test_infinities_are_counted_and_left_out_of_the_statistics(to_table):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, np.inf, -np.inf, np.nan]})
    found = eda.explore(to_table(frame)).column("x")
    assert (found.numbers.infinite, found.numbers.count, found.missing) == (2, 3, 1)
    assert found.numbers.mean == 2.0


def test_dates_report_their_span(to_table):
    frame = pd.DataFrame({"day": pd.to_datetime(["2024-01-01", None, "2024-01-31"])})
    found = eda.explore(to_table(frame)).column("day").dates
    assert (found.earliest[:10], found.latest[:10], found.days) == ("2024-01-01", "2024-01-31", 30)


@pytest.mark.parametrize("values", [[5.0], [5.0, 5.0], [1.0, 2.0], [1e308, -1e308, 1e308]])
def test_summary_of_few_or_extreme_values_gives_no_figure_rather_than_nan(values):
    with np.errstate(all="ignore"):
        found = statistics.summary(np.array(values))
    assert found.count == len(values)
    assert all(v is None or np.isfinite(v) for v in (found.mean, found.std, found.skewness))


def test_value_counts_orders_by_count_then_value():
    counts = statistics.value_counts(pl.Series(["b", "a", "b", None, "c", "a"]))
    assert counts.rows() == [("a", 2), ("b", 2), ("c", 1)]
