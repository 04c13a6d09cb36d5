"""The job's work from gate to sealed files, and everything read from them."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from engines import explanation
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.files import sha256_of
from engines.core.progress import Silent
from engines.explanation import Direction, figures, groups, pairs, store
from engines.explanation.rows import rows_of
from engines.training import Task


class Told(Silent):
    """A progress that remembers."""

    def __init__(self):
        self.steps = []

    def report(self, fraction, step):
        self.steps.append((fraction, step))


def test_explain_passes_the_gate_and_tells_where_it_is(desk, analyst, churn, gate):
    told = Told()
    explanation.run_explain(desk, analyst, churn.model, told)
    assert gate.asked == [(str(churn.model), "trial")]
    fractions = [fraction for fraction, _ in told.steps]
    assert fractions == sorted(fractions)
    assert told.steps[-1] == (1.0, "Done")


def test_explain_refused_by_the_gate_leaves_nothing(desk, analyst, churn, gate):
    gate.refusal = "This model was revoked."
    with pytest.raises(NotAllowed, match="revoked"):
        explanation.run_explain(desk, analyst, churn.model, Silent())
    assert not explanation.exists(desk, analyst, churn.model)


def test_explanation_says_space_method_rows_and_how_well_it_adds_up(desk, analyst, done):
    found = explanation.read(desk, analyst, done.model)
    assert found.told["space"] == "log-odds"
    assert found.told["method"] == "TreeSHAP (tree-path-dependent)"
    assert found.told["rows"] == found.told["rows_held"] == len(found.rows) == 450
    assert found.told["additivity_gap"] < 1e-9
    assert found.is_current
    assert found.outputs == ["Yes"]
    sums = found.values[found.features].sum(axis=1) + found.told["base"][0]
    assert sums.to_numpy() == pytest.approx(found.values["answer"].to_numpy())


def test_importance_is_the_mean_absolute_value_greatest_first(desk, analyst, done):
    found = explanation.read(desk, analyst, done.model)
    own = found.values[found.features].abs().mean()
    told = found.importance.set_index("feature")["importance"]
    assert told.to_numpy() == pytest.approx(own.to_numpy())
    assert told.is_monotonic_decreasing


def test_row_level_values_are_kept_from_those_who_may_not_see_data(desk, make_actor, done):
    found = explanation.read(desk, make_actor("auditor"), done.model)
    assert found.values.empty
    assert found.rows.empty
    assert len(found.importance) == len(done.card.features)


def test_fairness_covers_protected_columns_the_model_was_not_trained_on(desk, analyst, done, telco):
    found = explanation.read(desk, analyst, done.model)
    assert set(found.groups["attribute"]) == {"gender", "SeniorCitizen"}
    assert "gender" not in found.features
    assert any("Religion" in note and "no column" in note for note in found.told["notes"])
    held = pd.read_parquet(desk.runs.folder(analyst, done.model.run_id) / "binary/holdout.parquet")
    women = (telco["gender"].loc[held["row"]] == "Female").to_numpy()
    rates = found.groups[found.groups["measure"] == "selection_rate"].set_index("group")
    share = float((held["p_Yes"][women] >= 0.5).mean())
    assert rates.loc["Female", "value"] == pytest.approx(share)
    assert rates.loc["Female", "count"] == women.sum()
    assert rates.loc["Female", "low"] < share < rates.loc["Female", "high"]


def test_facts_name_what_policies_ask_for(desk, analyst, done):
    facts = explanation.facts(desk, analyst, done.model)
    assert facts["explanation.additivity_gap"] < 1e-9
    assert facts["fairness.attributes"] == 2
    assert 0 <= facts["fairness.selection_rate_difference"] <= 1
    assert 0 <= facts["fairness.equal_opportunity_difference"] <= 1
    assert 0 < facts["stability.roc_auc_spread"] < 1


def test_facts_are_empty_without_an_explanation_or_after_the_model_changed(desk, analyst, done):
    other = type(done.model)("run0", "regression")
    assert explanation.facts(desk, analyst, other) == {}
    file = desk.runs.folder(analyst, done.model.run_id) / "binary" / "model.json"
    file.write_text(file.read_text() + " ")
    assert explanation.facts(desk, analyst, done.model) == {}
    assert not explanation.read(desk, analyst, done.model).is_current


def test_stability_scores_segments_and_periods_as_scikit_learn_does(desk, analyst, done, telco):
    found = explanation.read(desk, analyst, done.model)
    steady = found.stability
    assert set(steady["kind"]) == {"segment", "time"}
    periods = steady[steady["kind"] == "time"]
    assert list(periods["column"].unique()) == ["since"]
    held = pd.read_parquet(desk.runs.folder(analyst, done.model.run_id) / "binary/holdout.parquet")
    when = telco["since"].loc[held["row"]].to_numpy()
    first = when <= np.sort(when)[74]
    score = roc_auc_score(held["y_true"][first] == "Yes", held["p_Yes"][first])
    assert periods.iloc[0]["value"] == pytest.approx(score)
    assert periods.iloc[0]["low"] <= score <= periods.iloc[0]["high"]
    assert periods["count"].tolist() == [75] * 6
    assert not periods["small"].any()


def test_changed_file_is_refused_by_name(desk, analyst, done):
    file = store.place(desk.folder, done.model) / "stability.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    for look in (explanation.read, explanation.facts):
        with pytest.raises(InvalidInput, match=r"stability\.parquet"):
            look(desk, analyst, done.model)


def test_hashes_are_those_of_the_files(desk, analyst, done):
    told = explanation.hashes(desk, analyst, done.model)
    place = store.place(desk.folder, done.model)
    assert told == {path.name: sha256_of(path) for path in place.iterdir()}
    assert "manifest.json" in told


def test_explaining_the_same_model_again_gives_the_same_bytes(desk, analyst, done):
    before = explanation.hashes(desk, analyst, done.model)
    explanation.run_explain(desk, analyst, done.model, Silent())
    assert explanation.hashes(desk, analyst, done.model) == before


def test_missing_explanation_says_what_to_do(desk, analyst, churn):
    with pytest.raises(NotReady, match="no explanation yet"):
        explanation.read(desk, analyst, churn.model)
    assert explanation.hashes(desk, analyst, churn.model) == {}


def test_anonymised_model_leaves_only_public_names(desk, analyst, make, telco, shelf):
    shelf.protected = "gender"
    made = make(telco, Task.BINARY, "Churn", "lr", anonymised=True)
    explanation.run_explain(desk, analyst, made.model, Silent())
    for path in store.place(desk.folder, made.model).glob("*.json"):
        assert not any(name in path.read_text() for name in telco.columns)
    names = {f"C{n + 1}": name for n, name in enumerate(telco.columns)}
    shown = explanation.read(desk, analyst, made.model, names)
    assert set(shown.features) == set(telco.columns) - {"Churn"}
    assert set(shown.groups["attribute"]) == {"gender"}


def test_request_queues_one_job_and_leaves_a_live_one_alone(desk, analyst, churn):
    asked = explanation.request(desk, analyst, churn.model)
    assert (asked.kind, asked.state) == ("explain", "queued")
    assert explanation.request(desk, analyst, churn.model).key == asked.key
    assert explanation.follow(desk, analyst, churn.model).key == asked.key


def test_request_needs_its_capability(desk, make_actor, churn):
    with pytest.raises(NotAllowed):
        explanation.request(desk, make_actor("checker"), churn.model)


def test_reasons_name_columns_that_push_the_adverse_way_and_add_up(desk, analyst, done, telco):
    record = telco.drop(columns=["Churn", "gender"]).iloc[3].to_dict()
    told = explanation.reasons(desk, analyst, done.model, record)
    assert told.gap < 1e-9
    assert told.base + sum(told.shares.values()) == pytest.approx(told.answer)
    assert 0 < len(told.reasons) <= 4
    assert all(reason.direction == Direction.RAISES for reason in told.reasons)
    sizes = [reason.contribution for reason in told.reasons]
    assert sizes == sorted(sizes, reverse=True)
    first = told.reasons[0]
    assert first.sentence.startswith(f"“{first.feature}” is ")
    assert "raises the log-odds of “Yes” by" in first.sentence


def test_reasons_the_other_way_push_down(desk, analyst, done, telco):
    record = telco.drop(columns=["Churn", "gender"]).iloc[3].to_dict()
    told = explanation.reasons(desk, analyst, done.model, record, adverse=Direction.LOWERS, most=2)
    assert [reason.direction for reason in told.reasons] == [Direction.LOWERS] * 2


def test_reasons_mark_a_protected_column_and_say_what_is_missing(desk, analyst, done, telco):
    record = telco.drop(columns=["Churn", "gender"]).iloc[3].to_dict() | {"MonthlyCharges": None}
    told = explanation.reasons(desk, analyst, done.model, record, most=99)
    both = explanation.reasons(desk, analyst, done.model, record, Direction.LOWERS, most=99)
    every = {one.feature: one for one in (*told.reasons, *both.reasons)}
    assert "is missing" in every["MonthlyCharges"].sentence
    senior = every.get("SeniorCitizen")
    assert senior is None or (senior.is_protected and "protected attribute" in senior.sentence)
    assert "SeniorCitizen" in told.shares  # named in any case, never held back


def test_reasons_ask_the_gate_also_for_a_model_that_is_ready(desk, analyst, done, telco, gate):
    ready = explanation.ready(desk, analyst, done.model)
    gate.refusal = "This model was revoked."
    record = telco.drop(columns=["Churn", "gender"]).iloc[3].to_dict()
    with pytest.raises(NotAllowed, match="revoked"):
        explanation.reasons(desk, analyst, done.model, record, prepared=ready)


def test_reasons_refuse_a_category_the_model_never_saw(desk, analyst, done, telco):
    record = telco.drop(columns=["Churn", "gender"]).iloc[3].to_dict() | {"Contract": "Weekly"}
    with pytest.raises(InvalidInput, match="Weekly"):
        explanation.reasons(desk, analyst, done.model, record)


def test_reasons_of_a_model_of_500_rounds_take_less_than_a_second(
    desk, analyst, make, telco, monkeypatch
):
    monkeypatch.setattr(pairs, "STEPS", 0)  # reasons do not rest on interactions
    made = make(telco, Task.BINARY, "Churn", "lightgbm", parameters={"n_estimators": 500})
    explanation.run_explain(desk, analyst, made.model, Silent())
    record = telco.drop(columns="Churn").iloc[3].to_dict()
    explanation.reasons(desk, analyst, made.model, record)
    began = time.monotonic()
    explanation.reasons(desk, analyst, made.model, record)
    assert time.monotonic() - began < 1.0


def test_regression_is_fair_by_error_and_stable_by_rmse(desk, analyst, make, telco, shelf):
    shelf.protected = "gender"
    made = make(telco, Task.REGRESSION, "TotalCharges", "lightgbm", "ridge")
    explanation.run_explain(desk, analyst, made.model, Silent())
    found = explanation.read(desk, analyst, made.model)
    assert set(found.groups["measure"]) == {"mean_absolute_error", "mean_error"}
    assert found.differences["measure"].tolist() == ["error_difference"]
    facts = explanation.facts(desk, analyst, made.model)
    assert facts["stability.rmse_spread"] > 0
    assert "fairness.selection_rate_difference" not in facts


def test_series_is_explained_with_its_past_values(desk, analyst, make, shared_data):
    frame = pd.read_csv(shared_data / "airline_passengers.csv", parse_dates=[0])
    made = make(frame, Task.TIME_SERIES, "Passengers", "ridge", time_column="Month")
    table = desk.tables.table(analyst, made.model.run_id)
    folder = desk.runs.folder(analyst, made.model.run_id) / "time_series"
    held = rows_of(made.card, table, folder).held
    pd.testing.assert_frame_equal(
        held, made.material.features.iloc[made.material.holdout], check_dtype=False
    )
    explanation.run_explain(desk, analyst, made.model, Silent())
    found = explanation.read(desk, analyst, made.model)
    assert found.features[0].startswith("Passengers lag")
    assert set(found.stability["kind"]) == {"segment", "time"}


def test_every_figure_is_drawn_from_the_sealed_files(desk, analyst, done):
    found = explanation.read(desk, analyst, done.model)
    assert len(figures.importance_bars(found).data[0].y) == figures.SHOWN
    swarm = figures.beeswarm(found)
    assert sum(len(trace.x) for trace in swarm.data) == figures.SHOWN * figures.DOTS
    own = figures.dependence(found, "tenure", "Contract")
    assert list(own.data[0].x) == found.rows["tenure"].tolist()
    assert list(own.data[0].y) == found.values["tenure"].tolist()
    heat = figures.interaction_heat(found)
    assert np.nanmax(heat.data[0].z) == pytest.approx(found.interactions["strength"].max())
    rates = explanation.group_rates(found, "gender", "selection_rate")
    assert len(rates.data[0].x) == 2
    assert len(explanation.calibration_curves(found, "gender").data) == 3
    time_line = explanation.stability_figure(found, "time", "since", "ROC AUC")
    assert len(time_line.data[0].x) == 6


def test_waterfall_goes_from_base_to_answer_with_the_rest_as_one_step():
    shares = {f"c{n}": float(n) for n in range(1, 15)}
    figure = figures.waterfall(1.0, 1.0 + sum(shares.values()), shares, {"c14": 3.5}, "log-odds")
    bars = figure.data[0]
    assert bars.y[1] == "c14 = 3.5"
    assert bars.y[-2] == figures.OTHERS
    assert sum(bars.x[:-1]) == pytest.approx(bars.x[-1])


@pytest.mark.parametrize("steps", [(0.4, 0.3, -0.05), (0.1, -0.6, 0.01), (0.0, 0.0)])
def test_waterfall_has_room_for_every_label_outside_its_bar(steps):
    base, shares = steps[0], {f"c{n}": share for n, share in enumerate(steps[1:])}
    figure = figures.waterfall(base, sum(steps), shares, {}, "log-odds")
    assert figure.data[0].textposition == "outside"
    low, high = figure.layout.xaxis.range
    ends = np.cumsum(steps)
    room = figures.LABEL * (max(*ends, 0) - min(*ends, 0))
    assert high >= max(*ends, 0) + room
    assert low <= min(*ends, 0) - (room if min(steps) < 0 else 0)
    assert low < high


def test_waterfall_shortens_long_names_beside_it_and_tells_them_in_the_tooltip():
    long = "a word " * 12
    figure = figures.waterfall(1.0, 3.0, {"one": 1.5, "two": 0.5}, {"one": long}, "log-odds")
    axis = figure.layout.yaxis
    assert list(axis.tickvals) == list(figure.data[0].y) == list(figure.data[0].customdata)
    assert f"one = {long}" in axis.tickvals
    assert max(len(shown) for shown in axis.ticktext) == figures.LONGEST_NAME


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ([*range(200), None], ["up to 49.75", "over 49.75 to 99.5", "over 99.5 to 149.25",
                               "over 149.25", "(missing)"]),
        ([10, 2, 2, 1], ["1", "2", "10"]),
        (["b", "a", "b", None], ["b", "a", "(missing)"]),
        ([*"aabcdefghi"], ["a", "b", "c", "d", "e", "f", "g", "(other)"]),
    ],
)  # fmt: skip
def test_groups_stand_in_their_natural_order(values, parts):
    column = pd.Series(values)
    assert groups.in_order(column, groups.by_value(column)) == parts


def test_periods_stand_in_the_order_of_time():
    moments = pd.to_datetime(pd.Series([f"{year}-01-01" for year in range(2012, 2000, -1)]))
    named = groups.in_order(moments, groups.by_period(moments))
    assert named[0].startswith("2001")
    assert named[-1].startswith("2011")
    assert len(named) == groups.PERIODS
