"""Stability indices: by hand, by the reference formula, and of real data that moved."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

from engines import explanation
from engines.core.access import Actor
from engines.explanation import Desk
from engines.explanation.drift import EMPTY, binned, by_chance, drift, largest, stability_index
from engines.explanation.rows import rows_of
from engines.training import Task


def index(trained, compared):
    return stability_index(*binned(pd.Series(trained), pd.Series(compared)))


def test_index_is_the_one_worked_out_by_hand():
    # Shares 50, 30, 20 % of training against 30, 30, 40 % of the rows compared:
    # (.3 − .5) ln(.3/.5) + 0 + (.4 − .2) ln(.4/.2) = .2 · .5108 + .2 · .6931 = .2408
    trained, compared = ["a"] * 50 + ["b"] * 30 + ["c"] * 20, ["a"] * 3 + ["b"] * 3 + ["c"] * 4
    assert index(trained, compared) == pytest.approx(0.2408, abs=5e-5)


def test_numbers_are_cut_at_the_deciles_of_the_rows_trained_on():
    trained, compared = binned(pd.Series(range(1, 101)), pd.Series([5, 10, 11, 95, 1000, -7]))
    assert trained[:11].tolist() == [10] * 10 + [0]
    assert compared[:11].tolist() == [3, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0]


def test_index_is_the_sum_of_both_relative_entropies(telco):
    # Jeffreys' divergence, by scipy, over bins counted by pandas.
    one, other = telco["tenure"].head(500), telco["tenure"].tail(300)
    edges = [-np.inf, *np.quantile(one, np.linspace(0.1, 0.9, 9)), np.inf]
    before, after = (pd.cut(part, edges).value_counts(sort=False) for part in (one, other))
    assert before.min() > 0 < after.min()
    assert index(one, other) == pytest.approx(entropy(before, after) + entropy(after, before))


def test_empty_bin_counts_as_half_a_row_and_one_empty_on_both_sides_as_none():
    half = EMPTY / 100
    expected = (0.5 - half) * np.log(0.5 / half) + (0.5 - 1) * np.log(0.5)
    assert index(["a"] * 100, ["a"] * 50 + ["b"] * 50) == pytest.approx(expected)
    assert index(["a"] * 100, ["a"] * 7) == 0


def test_missing_is_a_bin_of_its_own_for_numbers_and_words():
    for value in (2.0, "a", True):
        known = pd.Series([value] * 100)
        holes = known.astype(object).where(np.arange(100) < 50)
        holes = holes.astype("float64") if value == 2.0 else holes
        half = EMPTY / 100
        expected = (0.5 - half) * np.log(0.5 / half) + (0.5 - 1) * np.log(0.5)
        assert stability_index(*binned(known, holes)) == pytest.approx(expected)


def test_many_categories_are_the_twenty_largest_and_the_others_together():
    trained = pd.Series([f"c{n}" for n in range(30) for _ in range(40 - n)])
    before, after = binned(trained, pd.Series(["c0", "c25", "never seen", None]))
    assert before[:20].tolist() == [40 - n for n in range(20)]
    assert before[20] == sum(40 - n for n in range(20, 30))
    assert (after[0], after[20], after[21]) == (1, 2, 1)


def test_chance_is_exceeded_once_in_twenty_times_where_nothing_moved():
    draw = np.random.default_rng(0)
    over = []
    for _ in range(400):
        counts = binned(pd.Series(draw.normal(size=1000)), pd.Series(draw.normal(size=400)))
        over.append(stability_index(*counts) > by_chance(*counts))
    assert 0.02 < np.mean(over) < 0.09


def test_moved_column_is_told_from_one_that_stayed(telco, make):
    made = make(telco, Task.BINARY, "Churn", "lr")
    features = made.material.features
    trained, held = features.iloc[:450], features.iloc[450:].copy()
    held["tenure"] += 24
    answers = pd.DataFrame({"p_Yes": np.linspace(0, 1, 450)})
    found = drift(made.card, trained, held, answers, answers).set_index("column")
    assert found.loc["tenure", "psi"] > 0.25 > found.loc["PhoneService", "psi"]
    assert found.loc["tenure", "chance"] < found.loc["tenure", "psi"]
    assert (found.loc["Yes", "psi"], found.loc["Yes", "is_score"]) == (0, True)
    assert "since" not in found.index  # a date


def test_rows_trained_on_are_those_of_the_training(make, telco, desk: Desk, analyst: Actor):
    frame = telco.assign(Churn=telco["Churn"].where(telco.index % 10 > 0))
    frame.loc[frame.index[::9], "since"] = pd.NaT
    for asked in ({}, {"split": "time", "time_column": "since"}):
        made = make(frame, Task.BINARY, "Churn", "lr", **asked)
        table = desk.tables.table(analyst, made.model.run_id)
        rows = rows_of(made.card, table, desk.runs.folder(analyst, made.model.run_id) / "binary")
        own = made.material
        assert set(rows.trained.index) == set(own.features.index[own.train])


def test_job_seals_drift_and_gives_it_as_facts(desk: Desk, analyst: Actor, done):
    found = explanation.read(desk, analyst, done.model)
    whole = found.drift[found.drift["kind"] == "hold-out"]
    assert set(whole["column"]) == {*found.features, "Yes"} - {"since"}
    facts = explanation.facts(desk, analyst, done.model)
    assert facts["drift.psi_max"] == whole["psi"].max()
    assert whole["compared"].unique().tolist() == [450]
    periods = found.drift[found.drift["kind"] == "period"]
    assert periods["part"].nunique() == 6
    assert facts["drift.psi_max_period"] == periods["psi"].max() > facts["drift.psi_max"]


def test_model_without_a_time_column_says_that_stability_over_time_does_not_apply(
    desk: Desk, analyst: Actor, make, explain, telco
):
    made = make(telco.drop(columns="since"), Task.BINARY, "Churn", "lr", out_of_fold=True)
    explain(made)
    facts = explanation.facts(desk, analyst, made.model)
    assert facts["drift.psi_max_period"] == "not applicable: no time column"
    assert facts["drift.psi_max"] > 0


def test_periods_too_small_to_count_leave_the_fact_missing(done, desk: Desk, analyst: Actor):
    found = explanation.read(desk, analyst, done.model).drift
    assert set(largest(found.assign(small=True))) == {"drift.psi_max"}


@pytest.mark.parametrize(
    ("value", "word"),
    [(0.0999, "stable"), (0.1, "shifted"), (0.25, "shifted"), (0.2501, "unstable"), (np.nan, "–")],
)
def test_index_is_read_by_the_usual_bounds(value, word):
    assert explanation.reading(value) == word


def test_readings_per_column_and_over_time_agree_with_the_facts(done, desk, analyst):
    found, facts = (
        read(desk, analyst, done.model) for read in (explanation.read, explanation.facts)
    )
    columns = explanation.drift_by_column(found)
    assert columns["psi"].iloc[0] == facts["drift.psi_max"]
    assert columns["period"].max() == facts["drift.psi_max_period"]
    times = explanation.drift_over_time(found)
    assert times["psi"].max() == facts["drift.psi_max_period"]
    assert list(times["period"]) == sorted(times["period"])
    assert times["rows"].tolist() == [75] * 6


def test_period_with_too_few_rows_is_shown_and_not_read(done, desk, analyst):
    found = explanation.read(desk, analyst, done.model)
    few = replace(found, drift=found.drift.assign(small=True))
    assert set(explanation.drift_over_time(few)["reading"]) == {"–"}
    assert explanation.drift_by_column(few)["period"].isna().all()


def test_figures_of_drift_show_what_was_sealed(desk: Desk, analyst: Actor, done):
    found = explanation.read(desk, analyst, done.model)
    bars = explanation.drift_bars(found)
    facts = explanation.facts(desk, analyst, done.model)
    assert max(bars.data[0].x) == bars.data[0].x[0] == facts["drift.psi_max"]
    heat = explanation.drift_by_period(found).data[0]
    assert heat.z.shape == (15, 6)
    assert heat.z.max() == facts["drift.psi_max_period"]
    assert "score of Yes" in set(explanation.drift_lines(found)["name"])
