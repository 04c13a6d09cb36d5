"""Single rules: tasks, targets, metrics, algorithms, values, evaluation."""

from dataclasses import replace

import pandas as pd
import pytest

from engines import training
from engines.core.tables import ColumnType
from engines.recommendation import Split, Task, TimeClass
from engines.recommendation.algorithms import rank_algorithms
from engines.recommendation.catalogue import ENTRIES
from engines.recommendation.characteristics import Characteristics
from engines.recommendation.evaluation import advise_evaluation
from engines.recommendation.hyperparameters import suggest_hyperparameters
from engines.recommendation.metrics import TITLES, suggest_metrics
from engines.recommendation.signals import NOTHING
from engines.recommendation.targets import rank_targets
from engines.recommendation.tasks import match_tasks, time_column, unsupervised_tasks, why_none

FACTS = Characteristics(
    rows=5_000,
    features=20,
    categorical_share=0.3,
    widest_category=8,
    missing_share=0.02,
    zero_share=0.0,
    classes=2,
    smallest_class=2_000,
    minority_share=0.4,
)


def best(task, facts=FACTS, probe=NOTHING):
    return rank_algorithms(task, facts, probe)[0]


def frame_of(**columns):
    return pd.DataFrame(columns)


def test_match_tasks_reads_the_target(make_table):
    table = make_table(
        frame_of(
            flag=[True, False] * 40,
            city=["a", "b", "c", "d"] * 20,
            grade=[1, 2, 3, 4] * 20,
            price=[x / 7 for x in range(80)],
        )
    )
    first = {name: match_tasks(table, name)[0].value for name in ("flag", "city", "grade", "price")}
    assert first == {
        "flag": Task.BINARY,
        "city": Task.MULTICLASS,
        "grade": Task.MULTICLASS,
        "price": Task.REGRESSION,
    }
    assert [c.value for c in match_tasks(table, "grade")] == [Task.MULTICLASS, Task.REGRESSION]


def test_match_tasks_keeps_a_yes_or_no_beside_a_date_of_its_own_each_row(make_table):
    opened = pd.date_range("2020-01-01", periods=80)
    table = make_table(frame_of(opened=opened, default=[0, 1] * 40, amount=range(80)))
    assert match_tasks(table, "default")[0].value == Task.BINARY
    assert match_tasks(table, "amount")[0].value == Task.TIME_SERIES


def test_match_tasks_takes_as_many_classes_as_training(make_table):
    names = [f"branch {n % 200}" for n in range(800)]
    frame = frame_of(branch=names, price=[f"$ {n}" for n in range(800)])
    table = make_table(frame, price=ColumnType.TEXT)
    assert match_tasks(table, "branch")[0].value == Task.MULTICLASS
    assert match_tasks(table, "price") == ()
    assert "800 different texts" in why_none(table.column("price"))


def test_match_tasks_without_possible_target_is_empty(make_table):
    frame = frame_of(same=[1] * 60, key=[f"k{i}" for i in range(60)])
    table = make_table(frame, key=ColumnType.IDENTIFIER)
    assert match_tasks(table, "same") == match_tasks(table, "key") == ()


def test_time_column_is_the_most_detailed_one(make_table):
    days = pd.date_range("2024-01-01", periods=90)
    table = make_table(frame_of(month=days.to_period("M").to_timestamp(), day=days, y=range(90)))
    assert time_column(table) == "day"


def test_time_column_is_never_a_date_of_birth(make_table):
    born = pd.date_range("1950-01-01", periods=80)
    opened = pd.to_datetime(["2024-01-01", "2024-02-01"] * 40)
    table = make_table(frame_of(Geburtsdatum=born, opened=opened, a=range(80)))
    assert time_column(table) == "opened"


def test_unsupervised_tasks_need_columns_to_reduce(make_table):
    narrow = make_table(frame_of(a=range(9), b=["x", "y", "z"] * 3))
    assert [c.value for c in unsupervised_tasks(narrow)] == [Task.CLUSTERING, Task.ANOMALY]


def test_rank_targets_prefers_the_objective(real):
    objective = {"predicts": "Which payment method will a customer choose?"}
    ranked = rank_targets(real("telco_churn.csv"), objective)
    assert ranked[0].value == "PaymentMethod"
    assert "objective" in ranked[0].reason


def test_rank_targets_never_names_an_identifier(real):
    assert "customerID" not in {c.value for c in rank_targets(real("telco_churn.csv"), {})}


@pytest.mark.parametrize(
    ("objective", "minority", "first"),
    [
        ({}, 0.4, "roc_auc"),
        ({}, 0.05, "average_precision"),
        ({"cost_wrong_no": "high", "cost_wrong_yes": "low"}, 0.4, "average_precision"),
        ({"cost_wrong_no": "unknown", "cost_wrong_yes": "low"}, 0.4, "roc_auc"),
        ({"metric": "recall"}, 0.05, "recall"),
        ({"metric": "rmse"}, 0.4, "roc_auc"),
    ],
)
def test_suggest_metrics_weighs_costs_balance_and_wish(objective, minority, first):
    facts = replace(FACTS, minority_share=minority)
    assert suggest_metrics(Task.BINARY, facts, objective)[0].value == first


def test_suggest_metrics_costly_miss_puts_recall_before_precision():
    costs = {"cost_wrong_no": "high", "cost_wrong_yes": "low"}
    values = [choice.value for choice in suggest_metrics(Task.BINARY, FACTS, costs)]
    assert "recall" in values
    assert "precision" not in values


def test_suggest_metrics_extreme_amounts_take_absolute_error():
    facts = replace(FACTS, outlier_share=0.04, skew=6.0, all_positive=False)
    assert suggest_metrics(Task.REGRESSION, facts, {})[0].value == "mae"


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS, Task.REGRESSION, Task.TIME_SERIES])
def test_suggest_metrics_have_titles_and_reasons(task):
    for choice in suggest_metrics(task, FACTS, {}):
        assert choice.value in TITLES
        assert choice.reason.endswith(".")


def test_rank_algorithms_follows_the_probe():
    bent = replace(NOTHING, linear=0.2, curved=0.7)
    straight = replace(NOTHING, linear=0.7, curved=0.7)
    few = replace(FACTS, rows=400)
    assert best(Task.REGRESSION, FACTS, bent).id == "lightgbm"
    assert best(Task.REGRESSION, few, straight).interpretable


def test_rank_algorithms_prefers_centres_over_pairs_on_many_rows():
    ids = [a.id for a in rank_algorithms(Task.CLUSTERING, replace(FACTS, rows=100_000), NOTHING)]
    assert ids[0] == "kmeans"
    assert ids[-1] in {"hclust", "dbscan", "hdbscan"}


def test_rank_algorithms_time_grows_with_the_table():
    small = {a.id: a.time for a in rank_algorithms(Task.BINARY, FACTS, NOTHING)}
    facts = replace(FACTS, rows=2_000_000)
    large = {a.id: a.time for a in rank_algorithms(Task.BINARY, facts, NOTHING)}
    assert small["gbc"] is TimeClass.SECONDS
    assert large["gbc"] is TimeClass.LONG


def test_catalogue_ids_are_unique_within_a_task():
    pairs = [(entry.id, task) for entry in ENTRIES for task in entry.tasks]
    assert len(pairs) == len(set(pairs))


def test_suggest_hyperparameters_grow_with_rows_and_weigh_rare_classes():
    def values(facts):
        ranked = rank_algorithms(Task.BINARY, facts, NOTHING)
        found = suggest_hyperparameters(Task.BINARY, facts, ranked)
        return {(h.algorithm, h.name): h for h in found}

    small, large = values(FACTS), values(replace(FACTS, rows=80_000, minority_share=0.05))
    assert small["lightgbm", "num_leaves"].start < large["lightgbm", "num_leaves"].start
    assert ("lightgbm", "class_weight") not in small
    assert large["lightgbm", "class_weight"].start == "balanced"
    assert large["xgboost", "scale_pos_weight"].start == 19.0


def test_suggest_hyperparameters_start_within_their_range():
    for task in (Task.BINARY, Task.REGRESSION, Task.CLUSTERING, Task.ANOMALY):
        for rows in (50, 5_000, 500_000):
            facts = replace(FACTS, rows=rows)
            ranked = rank_algorithms(task, facts, NOTHING)
            for value in suggest_hyperparameters(task, facts, ranked):
                if value.low is not None:
                    assert value.low <= value.start <= value.high, value


def test_advise_evaluation_gives_rare_classes_a_row_in_each_fold(real):
    table = real("wholesale_customers.csv")
    rare = replace(FACTS, rows=500, smallest_class=4)
    found = advise_evaluation(table, rare, Task.BINARY)
    assert found.folds == 4
    assert "only 4 rows" in found.reason


def test_advise_evaluation_holds_out_the_newest_rows_where_time_orders_them(real):
    table = real("bike_sharing_hourly.csv", "dteday")
    found = advise_evaluation(table, replace(FACTS, rows=table.rows), Task.REGRESSION)
    assert (found.folds, found.held_out) == (5, 0.2)
    assert (found.split, found.time_column) == (Split.TIME, "dteday")
    assert "The newest rows by “dteday” are held out" in found.reason
    columns = tuple(
        replace(c, name="date_of_birth") if c.name == "dteday" else c for c in table.columns
    )
    persons = advise_evaluation(replace(table, columns=columns), FACTS, Task.REGRESSION)
    assert persons.split is Split.RANDOM


def test_catalogue_names_only_what_training_can_train():
    for entry in ENTRIES:
        for task in entry.tasks:
            known = {a.id: a.name for a in training.algorithms(training.Task(task.value))}
            assert known.get(entry.id) == entry.name, (entry.id, task)


def test_suggested_metrics_are_known_to_training():
    for task in (Task.BINARY, Task.MULTICLASS, Task.REGRESSION, Task.TIME_SERIES):
        known = {metric.id for metric in training.METRICS[training.Task(task.value)]}
        facts = replace(FACTS, outlier_share=0.1, skew=3.0, all_positive=True)
        costly = {"cost_wrong_no": "high", "cost_wrong_yes": "low"}
        assert {choice.value for choice in suggest_metrics(task, facts, costly)} <= known
