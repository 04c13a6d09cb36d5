"""Associations, missing patterns, outliers and leakage against references."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engines import eda
from engines.eda import associations, outliers
from engines.eda.missing import MissingMarks


def test_correlations_agree_with_pandas(wholesale, to_table):
    matrices = eda.explore(to_table(wholesale)).matrices
    for method in ("pearson", "spearman"):
        expected = wholesale[matrices[method].columns].corr(method=method)
        np.testing.assert_allclose(np.array(matrices[method].values), expected, atol=1e-9)


def test_correlations_with_missing_cells_are_pairwise_complete(ames, to_table):
    matrix = eda.explore(to_table(ames)).matrices["spearman"]
    i, j = matrix.columns.index("LotFrontage"), matrix.columns.index("SalePrice")
    both = ames[["LotFrontage", "SalePrice"]].dropna()
    expected = stats.spearmanr(both["LotFrontage"], both["SalePrice"]).statistic
    assert matrix.values[i][j] == pytest.approx(expected)


def test_cramers_v_is_the_bias_corrected_one(telco, to_table):
    matrix = eda.explore(to_table(telco)).matrices["cramers_v"]
    table = pd.crosstab(telco["Contract"], telco["Churn"])
    n, (r, c) = table.to_numpy().sum(), table.shape
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    phi2 = chi2 / n - (r - 1) * (c - 1) / (n - 1)
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    i, j = matrix.columns.index("Contract"), matrix.columns.index("Churn")
    assert matrix.values[i][j] == pytest.approx(np.sqrt(phi2 / smaller))
    assert "Bergsma" in matrix.source


def test_cramers_v_of_unrelated_columns_is_near_nothing():
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 8, 3000), rng.integers(0, 8, 3000)
    assert associations.cramers_v(first, second) < 0.05


def test_correlation_ratio_agrees_with_the_analysis_of_variance(telco, to_table):
    matrix = eda.explore(to_table(telco)).matrices["mixed"]
    groups = [group["tenure"] for _, group in telco.groupby("Contract")]
    f = stats.f_oneway(*groups).statistic
    within, between = len(telco) - len(groups), len(groups) - 1
    expected = np.sqrt(f * between / (f * between + within))
    i, j = matrix.columns.index("tenure"), matrix.columns.index("Contract")
    assert matrix.values[i][j] == pytest.approx(expected)


def test_missing_patterns_agree_with_a_plain_count(ames, to_table):
    missing = eda.explore(to_table(ames)).missing
    marks = ames.isna()
    assert missing.cells == marks.to_numpy().sum()
    assert missing.complete_rows == (~marks.any(axis=1)).sum()
    keys = marks.apply(lambda row: tuple(ames.columns[row]), axis=1)
    expected = keys.value_counts()
    assert missing.pattern_count == len(expected)
    assert missing.patterns[0].rows == expected.iloc[0]
    assert tuple(missing.patterns[0].columns) == expected.index[0]


def test_garage_columns_are_missing_together(ames, to_table):
    missing = eda.explore(to_table(ames)).missing
    pair = next(p for p in missing.pairs if {p.first, p.second} == {"GarageType", "GarageCond"})
    assert (pair.rows, pair.phi) == (81, pytest.approx(1.0))


def test_missing_marks_of_no_gap_is_one_whole_pattern():
    missing = MissingMarks(5)
    missing.add("a", np.zeros(5, dtype=bool))
    found = missing.analyse(1)
    assert (found.cells, found.complete_rows, found.pattern_count) == (0, 5, 1)


def test_outliers_per_rule_agree_with_their_definitions(wholesale, to_table):
    found, column = eda.explore(to_table(wholesale)).column("Frozen").outliers, wholesale["Frozen"]
    q1, q3 = column.quantile([0.25, 0.75])
    beyond = (column < q1 - 1.5 * (q3 - q1)) | (column > q3 + 1.5 * (q3 - q1))
    assert found.iqr == beyond.sum()
    assert found.z == (np.abs(stats.zscore(column, ddof=1)) > 3).sum()
    robust = 0.6745 * (column - column.median()) / stats.median_abs_deviation(column)
    assert found.robust_z == (robust.abs() > 3.5).sum()


def test_the_forest_ranks_a_planted_row_first(wholesale, to_table):
    planted = wholesale.astype(float)
    planted.loc[100, ["Fresh", "Milk", "Grocery"]] = [900_000.0, 800_000.0, 900_000.0]
    found = eda.explore(to_table(planted)).outliers
    assert found.rows[0].row == 100
    assert {"Fresh", "Milk", "Grocery"} <= set(found.rows[0].columns)
    assert found.forest_count >= 1


def test_codes_are_not_searched_for_outliers(telco, to_table):
    found = eda.explore(to_table(telco)).column("SeniorCitizen").outliers
    assert found.iqr is None
    assert "codes" in found.note


def test_z_scores_of_a_constant_are_zero():
    assert not outliers.z_scores(np.full(20, 4.0)).any()
    assert not outliers.robust_z_scores(np.full(20, 4.0)).any()


def test_a_copy_of_the_target_is_reported_as_a_leak(telco, to_table):
    telco["cancelled_on_file"] = telco["Churn"].map({"Yes": 1, "No": 0})
    report = eda.explore(to_table(telco), eda.Options(target="Churn"))
    assert report.leaks[0].column == "cancelled_on_file"
    assert report.leaks[0].power == pytest.approx(1.0)
    assert "determines" in report.leaks[0].finding
    assert not any(leak.finding for leak in report.leaks[1:])


def test_call_duration_stands_out_as_a_likely_leak(shared_data, to_table):
    bank = pd.read_csv(shared_data / "bank_marketing.csv").head(10_000)
    report = eda.explore(to_table(bank), eda.Options(target="deposit"))
    assert report.leaks[0].column == "duration"
    assert report.leaks[0].finding
