"""What is left out, what is asked about, and what counts as a signal."""

import numpy as np
import pandas as pd

from engines.recommendation import Task, advise
from engines.recommendation.sampling import sample
from engines.recommendation.signals import mutual_information


def left_out(table, objective=None):
    advice = advise(sample(table), table, objective or {})
    return {choice.value: choice.reason for choice in advice.leave_out}


def test_leave_out_names_identifiers_counters_and_copies(real):
    assert "customerID" in left_out(real("telco_churn.csv"))
    found = left_out(real("bike_sharing_hourly.csv", "dteday"))
    assert "names each row" in found["instant"]


def test_leave_out_names_empty_constant_and_repeated_columns(make_table):
    values = np.arange(100) % 7
    frame = pd.DataFrame({"one": values, "none": [None] * 100, "same": 3, "twice": values * 2.0})
    frame["target"] = np.random.default_rng(0).normal(size=100)
    found = left_out(make_table(frame))
    assert found == {
        "none": "It has no values.",
        "same": "It has the same value in every row.",
        "twice": "It repeats “one”.",
    }


def test_leave_out_protected_attribute_of_the_objective(real):
    found = left_out(real("telco_churn.csv"), {"protected_attributes": "Gender, SeniorCitizen"})
    assert found["gender"] == found["SeniorCitizen"] == "The objective names it as protected."


def test_leave_out_never_names_the_target(real):
    objective = {"protected_attributes": "Churn"}
    assert "Churn" not in left_out(real("telco_churn.csv"), objective)


def test_concerns_ask_about_hindsight(real):
    table = real("bank_marketing.csv")
    concerns = advise(sample(table), table, {}).concerns
    duration = next(concern for concern in concerns if concern.feature == "duration")
    assert duration.question
    assert duration.text.endswith("Is it known at the moment the prediction is needed?")


def test_concerns_warn_of_near_perfect_feature(real, make_table):
    frame = pd.read_parquet(real("telco_churn.csv").path)
    frame.insert(3, "settlement", np.where(frame.Churn == "Yes", 100.0, 0.0) + frame.tenure / 100)
    table = make_table(frame)
    concerns = advise(sample(table), table, {}).concerns
    assert [(c.feature, c.question) for c in concerns] == [("settlement", False)]
    assert "almost perfectly" in concerns[0].text


def test_concerns_quiet_on_ordinary_table(real):
    table = real("telco_churn.csv")
    assert advise(sample(table), table, {}).concerns == ()


def test_concerns_name_proxies_of_a_protected_column(real, make_table):
    frame = pd.read_parquet(real("telco_churn.csv").path)
    frame.insert(2, "title", np.where(frame.gender == "Male", "Mr", "Ms"))
    table = make_table(frame)
    advice = advise(sample(table), table, {"protected_attributes": "gender"}, "Churn")
    assert any(c.feature == "title" and "protected “gender”" in c.text for c in advice.concerns)


def test_signals_rank_what_drives_the_target(real):
    table = real("telco_churn.csv")
    advice = advise(sample(table), table, {})
    assert [signal.feature for signal in advice.signals[:2]] == ["Contract", "tenure"]
    assert abs(sum(signal.importance for signal in advice.signals) - 1) < 0.01
    assert 1_000 < advice.signal_rows <= 4_000


def test_mutual_information_of_copy_is_one_and_of_noise_is_nothing():
    random = np.random.default_rng(3)
    truth = random.integers(0, 3, 2_000)
    noise = random.integers(0, 16, 2_000)
    found = mutual_information(np.column_stack([truth, noise]), truth)
    assert found[0] > 0.99
    assert found[1] < 0.01


def test_sample_keeps_order_and_repeats_itself(make_table):
    table = make_table(pd.DataFrame({"row": np.arange(60_000)}))
    first, again = sample(table, rows=5_000), sample(table, rows=5_000)
    assert first.equals(again)
    assert first.row.is_monotonic_increasing
    assert 4_500 < len(first) < 5_500


def test_advise_wide_table_stays_small(make_table):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(300, 600)), columns=[f"v{i}" for i in range(600)])
    frame["target"] = frame.v7 + random.normal(size=300) / 10
    table = make_table(frame)
    advice = advise(sample(table), table, {})
    assert (advice.task, advice.signals[0].feature) == (Task.REGRESSION, "v7")
