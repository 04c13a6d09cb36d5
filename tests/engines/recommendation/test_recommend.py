"""The whole advice on real tables: right target, task and metric, quick, stable, guarded."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from engines.core.errors import InvalidInput, NotAllowed, NotFound
from engines.core.experiments import ExperimentState
from engines.recommendation import Recommendation, Split, Task, recommend


class Open:
    """Experiments that anybody may read."""

    def check_readable(self, actor, experiment_id):
        """Allow."""

    def check_editable(self, actor, experiment_id):
        """Allow."""

    def advance(self, actor, experiment_id, state: ExperimentState):
        """Ignore."""


class Closed(Open):
    """Experiments that nobody may read."""

    def check_readable(self, actor, experiment_id):
        """Refuse."""
        raise NotFound("There is no such experiment.")


@pytest.mark.parametrize(
    ("file", "dates", "target", "task", "metric"),
    [
        ("telco_churn.csv", (), "Churn", Task.BINARY, "roc_auc"),
        ("bank_marketing.csv", (), "deposit", Task.BINARY, "average_precision"),
        ("ames_house_prices.csv", (), "SalePrice", Task.REGRESSION, "rmsle"),
        ("bike_sharing_hourly.csv", ("dteday",), "cnt", Task.REGRESSION, "rmsle"),
        ("california_housing.csv", (), "MedHouseVal", Task.REGRESSION, "rmse"),
        ("pmlb_phoneme.csv", (), "target", Task.BINARY, "roc_auc"),
        ("airline_passengers.csv", ("Month",), "Passengers", Task.TIME_SERIES, "rmse"),
    ],
)
def test_recommend_finds_target_task_and_metric(analyst, real, file, dates, target, task, metric):
    advice = recommend(analyst, Open(), real(file, *dates), {})
    assert (advice.target, advice.task, advice.metric) == (target, task, metric)
    assert f"“{target}”" in advice.verdict


def test_recommend_survives_json(analyst, real):
    advice = recommend(analyst, Open(), real("telco_churn.csv"), {"cost_wrong_no": "high"})
    assert Recommendation.from_json(json.loads(json.dumps(advice.as_json()))) == advice


def test_recommend_repeats_itself(analyst, real):
    table = real("bank_marketing.csv")
    assert recommend(analyst, Open(), table, {}) == recommend(analyst, Open(), table, {})


def test_recommend_50_000_rows_takes_under_a_second(analyst, make_table):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(50_000, 15)), columns=[f"n{i}" for i in range(15)])
    for at in range(4):
        frame[f"c{at}"] = random.choice([f"level {i}" for i in range(12)], len(frame))
    frame["target"] = np.where(frame.n0 + random.normal(size=len(frame)) > 0, "yes", "no")
    table = make_table(frame)
    recommend(analyst, Open(), table, {})  # the first call pays for imports
    started = time.process_time()
    recommend(analyst, Open(), table, {})
    assert time.process_time() - started < 1.0


def test_recommend_given_target_follows_it(analyst, real):
    advice = recommend(analyst, Open(), real("telco_churn.csv"), {}, target="MonthlyCharges")
    assert (advice.target, advice.task) == ("MonthlyCharges", Task.REGRESSION)
    assert "check it first" in advice.verdict


def test_recommend_known_algorithms_names_no_others(analyst, real):
    table = real("pmlb_phoneme.csv")
    advice = recommend(analyst, Open(), table, {}, known=("lr", "rf", "kmeans"))
    assert {a.id for a in advice.algorithms[Task.BINARY]} == {"lr", "rf"}
    assert [a.id for a in advice.algorithms[Task.CLUSTERING]] == ["kmeans"]


def test_recommend_table_without_target_advises_groups(analyst, make_table):
    frame = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=60), "same": ["x"] * 60})
    advice = recommend(analyst, Open(), make_table(frame), {})
    assert (advice.target, advice.task, advice.metric) == ("", None, "")
    assert "group the rows" in advice.verdict


def test_recommend_counts_with_a_rare_value_are_an_amount(analyst, make_table):
    calls = [0] * 60 + [1] * 40 + [2] * 10 + [5] * 2
    frame = pd.DataFrame({"a": range(112), "calls": calls})
    advice = recommend(analyst, Open(), make_table(frame), {}, target="calls")
    assert advice.task is Task.REGRESSION
    assert advice.tasks[0].reason == "A value of “calls” has only 2 rows, too few for a class."
    even = frame.assign(calls=[0, 1, 2, 5] * 28)
    advice = recommend(analyst, Open(), make_table(even), {}, target="calls")
    assert advice.task is Task.MULTICLASS


def test_recommend_classes_that_differ_in_case_or_blanks_are_told(analyst, make_table):
    frame = pd.DataFrame({"a": range(120), "status": ["Paid", "paid ", "default", None] * 30})
    advice = recommend(analyst, Open(), make_table(frame), {}, target="status")
    told = "“status” holds “Paid” and “paid ”, which count as different classes."
    assert advice.concerns[0].text == f"{told} Make them one in the data."
    fine = frame.assign(status=frame["status"].str.strip().str.lower())
    assert recommend(analyst, Open(), make_table(fine), {}, target="status").concerns == ()


def test_recommend_unusable_target_is_said(analyst, real):
    advice = recommend(analyst, Open(), real("telco_churn.csv"), {}, target="customerID")
    assert advice.task is None
    assert advice.verdict == "“customerID” cannot be predicted: it names each row."


def test_recommend_unknown_target_refused(analyst, real):
    with pytest.raises(InvalidInput, match="no column “nothing”"):
        recommend(analyst, Open(), real("airline_passengers.csv"), {}, target="nothing")


def test_recommend_without_permission_refused(make_actor, real):
    with pytest.raises(NotAllowed):
        recommend(make_actor("auditor"), Open(), real("airline_passengers.csv"), {})


def test_recommend_foreign_experiment_refused(analyst, real):
    with pytest.raises(NotFound):
        recommend(analyst, Closed(), real("airline_passengers.csv"), {})


def test_recommend_time_series_is_split_by_time(analyst, real):
    advice = recommend(analyst, Open(), real("airline_passengers.csv", "Month"), {})
    assert (advice.evaluation.split, advice.evaluation.time_column) == (Split.TIME, "Month")


def test_recommend_infinities_and_blank_columns_survive(analyst, make_table):
    frame = pd.DataFrame(
        {
            "wild": [np.inf, -np.inf, 1.0, np.nan] * 30,
            "vast": [1e299, -1e120, 1.0, 2.0, 3.0] * 24,
            "blank": [None] * 120,
            "name": ["a", None, "‮b", "c"] * 30,
            "target": [0, 1] * 60,
        }
    )
    advice = recommend(analyst, Open(), make_table(frame), {})
    assert [choice.value for choice in advice.leave_out] == ["blank"]
    assert {signal.feature for signal in advice.signals} == {"wild", "vast", "name"}
