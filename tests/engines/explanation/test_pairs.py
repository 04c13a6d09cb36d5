"""SHAP interaction values: they sum to the Shapley values, on a sample that is affordable."""

import numpy as np
import pytest

from engines import explanation
from engines.explanation import pairs
from engines.explanation.attribution import explainer
from engines.explanation.pairs import affordable, pair_values, ranked_pairs
from engines.training import Task

TREES = {
    Task.BINARY: ("lightgbm", "xgboost", "rf", "et", "gbc", "dt"),
    Task.MULTICLASS: ("lightgbm", "xgboost", "rf"),
    Task.REGRESSION: ("lightgbm", "xgboost", "rf", "gbr"),
}
TARGETS = {
    Task.BINARY: "Churn", Task.MULTICLASS: "PaymentMethod", Task.REGRESSION: "TotalCharges"
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, names in TREES.items() for name in names]
)
def test_rows_of_the_matrix_sum_to_the_shapley_values(make, telco, task, name):
    made = make(telco, task, TARGETS[task], name)
    features = made.material.features
    ready = explainer(made.card, made.fitted, features.head(60))
    rows = features.iloc[made.material.holdout].head(4)
    values = ready.explain(rows).values
    matrix = pair_values(ready.parts[0], rows)
    assert matrix.shape == (4, len(rows.columns), len(rows.columns), values.shape[2])
    scale = max(1.0, np.abs(values).max())
    assert np.abs(matrix.sum(axis=2) - values).max() < 1e-4 * scale
    assert np.abs(matrix - matrix.transpose(0, 2, 1, 3)).max() < 1e-4 * scale
    assert affordable(ready.parts[0], 1000) == pairs.MOST


def test_learner_that_would_take_too_long_has_fewer_rows_and_then_none(make, telco, monkeypatch):
    made = make(telco, Task.BINARY, "Churn", "lightgbm")
    part = explainer(made.card, made.fitted, made.material.features.head(60)).parts[0]
    monkeypatch.setattr(pairs, "STEPS", 50 * pairs._steps(made.fitted[-1]))
    assert affordable(part, 1000) == 50
    assert affordable(part, 30) == 30
    monkeypatch.setattr(pairs, "STEPS", 10 * pairs._steps(made.fitted[-1]))
    assert affordable(part, 1000) == 0


def test_strength_is_the_mean_size_of_both_cells_of_a_pair():
    values = np.zeros((2, 3, 3, 1))
    values[:, 0, 2, 0] = values[:, 2, 0, 0] = [0.1, -0.3]
    found = ranked_pairs(values, ["a", "b", "c"], ["c", "a", "b"])
    assert (found[0]["one"], found[0]["two"]) == ("c", "a")
    assert found[0]["strength"] == pytest.approx(0.4)
    assert [pair["strength"] for pair in found[1:]] == [0, 0]


def test_boosted_model_tells_shap_interactions_and_a_blend_second_differences(
    desk, analyst, make, telco, done, explain
):
    blend = make(telco, Task.BINARY, "Churn", "lightgbm", "lr")
    explain(blend)
    told = []
    for made in (done, blend):
        found = explanation.read(desk, analyst, made.model)
        told.append(found.told["paired"])
        assert found.interactions.iloc[0]["strength"] > 0
        title = explanation.interaction_heat(found).layout.title.text
        assert f"{told[-1]['method']}, {told[-1]['rows']} rows" in title
    assert told[0] == {"method": "SHAP interaction values", "rows": 100, "columns": 10}
    assert told[1] == {"method": "second differences", "rows": 180, "columns": 6}


def test_line_has_no_interactions(desk, analyst, make, telco, explain):
    made = make(telco, Task.BINARY, "Churn", "lr")
    explain(made)
    found = explanation.read(desk, analyst, made.model)
    assert found.interactions["strength"].to_numpy() == pytest.approx(0, abs=1e-9)
