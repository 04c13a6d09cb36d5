"""The exploration as a whole: quality, sampling, hostile columns, speed."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from engines import eda
from engines.core.errors import InvalidInput
from engines.core.tables import ColumnType
from engines.eda import sampling
from engines.eda.options import SampleMethod, SamplePlan, digest
from engines.eda.report import Report


def test_score_is_a_hundred_less_the_points_of_its_reasons(ames, telco, air_quality, to_table):
    for frame in (ames, telco, air_quality):
        quality = eda.explore(to_table(frame)).quality
        lost = sum(reason.points for reason in quality.reasons)
        assert quality.score == pytest.approx(100 - lost, abs=0.06)
        assert all(reason.repair and reason.problem for reason in quality.reasons)


def test_reasons_name_the_columns_at_fault(ames, to_table):
    ames["Same"] = "x"
    reasons = eda.explore(to_table(ames)).quality.reasons
    named = {(name, reason.dimension) for reason in reasons for name in reason.columns}
    assert {("PoolQC", "Completeness"), ("Id", "Usefulness"), ("Same", "Usefulness")} <= named


def test_clean_data_scores_full(wholesale, to_table):
    quality = eda.explore(to_table(wholesale)).quality
    assert (quality.score, quality.reasons) == (100, [])


def test_score_falls_when_data_is_spoilt(wholesale, to_table):
    spoilt = wholesale.astype(float)
    spoilt.iloc[:200, :4] = np.nan
    spoilt["key"] = range(len(spoilt))
    spoilt["inf"] = np.inf
    found = eda.explore(to_table(pd.concat([spoilt, spoilt]))).quality
    assert found.score < 75
    assert found.verdict.startswith("Poor")


def test_repeated_rows_are_counted_like_pandas(wholesale, to_table):
    doubled = pd.concat([wholesale, wholesale.head(40)])
    report = eda.explore(to_table(doubled))
    assert report.duplicates == doubled.duplicated().sum() == 40


def test_class_imbalance_of_the_target_costs_points(shared_data, to_table):
    bank = pd.read_csv(shared_data / "bank_marketing.csv").head(8_000)
    reasons = eda.explore(to_table(bank), eda.Options(target="deposit")).quality.reasons
    assert any("rarest class" in reason.problem for reason in reasons)


def test_suggestions_carry_advice_and_reason(ames, to_table):
    found = eda.explore(to_table(ames), eda.Options(target="SalePrice")).suggestions
    by_column = {(s.columns[0], s.kind): s for s in found if s.columns}
    assert "log" in by_column[("LotArea", "feature")].advice
    assert "ordered" in by_column[("ExterQual", "feature")].advice
    assert all(s.advice and s.reason for s in found)


@pytest.mark.parametrize("method", ["random", "stratified", "systematic"])
def test_a_sample_is_reproducible_and_like_the_whole(telco, to_table, method):
    plan = SamplePlan(SampleMethod(method), size=1_500, seed=7, by="Churn")
    table = to_table(telco)
    first, second = (eda.explore(table, eda.Options(sample=plan)) for _ in range(2))
    assert first.rows == 1_500
    assert first.column("tenure") == second.column("tenure")
    assert len(first.sampling.checks) >= 18
    assert all(check.alike for check in first.sampling.checks)


def test_a_stratified_sample_keeps_the_shares_exactly(telco, to_table):
    plan = SamplePlan(SampleMethod.STRATIFIED, size=1_000, by="Contract")
    report = eda.explore(to_table(telco), eda.Options(sample=plan))
    whole = telco["Contract"].value_counts() * 1_000 / len(telco)
    for top in report.column("Contract").top:
        assert abs(top.count - whole[top.value]) < 1


def test_allocation_sums_to_the_size_and_stays_proportional():
    taken = sampling.allocation(np.array([700, 250, 49, 1]), 100)
    assert taken.sum() == 100
    assert taken.tolist() == [70, 25, 5, 0]


def test_systematic_rows_are_evenly_spaced():
    rows = sampling.systematic(1_000, 100, np.random.default_rng(0))
    assert set(np.diff(rows)) == {10}


def test_an_unlike_sample_is_called_unlike(telco, to_table):
    import polars as pl

    whole = pl.Series(telco["tenure"].to_numpy())
    part = whole.sort().head(700)
    found = sampling.compare("tenure", ColumnType.INTEGER, whole, part)
    expected = stats.ks_2samp(whole.to_numpy(), part.to_numpy(), method="asymp")
    assert found.statistic == pytest.approx(expected.statistic)
    verdict = sampling.judge(SamplePlan(SampleMethod.RANDOM, 700), 700, len(telco), [found])
    assert not verdict.checks[0].alike
    assert "differs" in verdict.verdict


@pytest.mark.parametrize(
    "plan",
    [
        SamplePlan(SampleMethod.RANDOM, size=0),
        SamplePlan(SampleMethod.RANDOM, size=441),
        SamplePlan(SampleMethod.STRATIFIED, size=10, by="nothing"),
        SamplePlan(SampleMethod.RANDOM, size=10, seed=-1),
    ],
)
def test_a_sample_that_cannot_be_taken_is_refused(wholesale, to_table, plan):
    with pytest.raises(InvalidInput):
        eda.explore(to_table(wholesale), eda.Options(sample=plan))


def test_strata_by_a_key_are_refused(telco, to_table):
    plan = SamplePlan(SampleMethod.STRATIFIED, size=100, by="customerID")
    with pytest.raises(InvalidInput, match="different values"):
        eda.explore(to_table(telco), eda.Options(sample=plan))


def test_an_empty_table_gives_one_sentence(wholesale, to_table):
    with pytest.raises(InvalidInput, match="no rows"):
        eda.explore(to_table(wholesale.head(0)))


def test_a_missing_file_gives_one_sentence(wholesale, to_table):
    table = to_table(wholesale)
    table.path.unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        eda.explore(table)


def hostile() -> pd.DataFrame:
    rng, n = np.random.default_rng(0), 120
    return pd.DataFrame(
        {
            "<script>alert(1)</script>": rng.normal(size=n),
            "all missing": [None] * n,
            "constant": [1] * n,
            "\u202eevil": rng.choice(["a", "b"], n),
            "infinite": np.where(rng.random(n) < 0.1, np.inf, rng.normal(size=n)),
            "only infinite": [np.inf] * n,
            "^a.*$": rng.integers(0, 100, n),
            "*": rng.choice(["<b>x</b>", "</script><script>alert(2)</script>"], n),
            "long": ["x" * 20_000 + str(i) for i in range(n)],
            "nested": [[{"a": i}] for i in range(n)],
            "dates in lists": [[pd.Timestamp("2020-01-01")]] * n,
            "huge": np.where(rng.random(n) < 0.5, 1e308, -1e308),
            "zoned": pd.date_range("2020", periods=n, tz="Europe/Berlin"),
            "delta": pd.to_timedelta(range(n), "s"),
            "bytes": [b"\xff\x00"] * n,
            "": range(n),
            "n" * 400: range(n),
        }
    )


@pytest.mark.parametrize("target", ["", "*", "constant", "nested", "all missing", "infinite"])
def test_hostile_columns_never_break_an_exploration(to_table, target):
    table = to_table(hostile())
    report = eda.explore(table, eda.Options(target=target))
    assert [c.name for c in report.columns] == [c.name for c in table.columns]
    assert report.column("all missing").missing == 120
    assert report.column("constant").is_constant
    assert report.column("long").distinct == 120


@pytest.mark.parametrize("kind", list(ColumnType))
def test_any_recorded_type_on_any_values_is_survived(to_table, kind):
    frame = hostile()
    table = to_table(frame, **dict.fromkeys(frame.columns, kind))
    assert len(eda.explore(table).columns) == frame.shape[1]


def test_a_report_survives_the_way_through_json(ames, to_table):
    report = eda.explore(to_table(ames), eda.Options(target="SalePrice"))
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_digest_changes_with_target_types_and_sample(wholesale, to_table):
    table = to_table(wholesale)
    retyped = to_table(wholesale, Channel=ColumnType.CATEGORICAL)
    sample = SamplePlan(SampleMethod.RANDOM, 100)
    keys = {
        digest(table, eda.Options()),
        digest(table, eda.Options(target="Milk")),
        digest(table, eda.Options(sample=sample)),
        digest(retyped, eda.Options()),
    }
    assert len(keys) == 4
    assert digest(table, eda.Options(sample=SamplePlan(seed=9))) == digest(table, eda.Options())


def test_seven_thousand_rows_take_under_two_seconds(telco, to_table):
    table = to_table(telco)
    started = time.process_time()
    eda.explore(table, eda.Options(target="Churn"))
    assert time.process_time() - started < 4  # processor time over both cores


def test_plots_of_a_big_table_stand_on_a_stated_sample(shared_data, to_table):
    flights = pd.read_parquet(shared_data / "nycflights13.parquet").head(30_000)
    report = eda.explore(to_table(flights))
    assert (report.rows, report.plot_rows) == (30_000, 20_000)
    assert eda.sample_note(report) == "a random 20,000 of 30,000 rows"
    assert report.column("dep_delay").numbers.mean == pytest.approx(flights["dep_delay"].mean())
    assert report.column("year").is_constant
