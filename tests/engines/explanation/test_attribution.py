"""Values of every type of model: they add up, and are those of the reference explainers."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import shap

from engines.explanation.attribution import explainer
from engines.explanation.links import Link, answers, carried
from engines.training import Task

BINARY = ("lightgbm", "xgboost", "rf", "et", "gbc", "dt", "lr", "ridge", "lda")
CLASSES = ("lightgbm", "xgboost", "rf", "lr", "lda")
NUMBERS = ("lightgbm", "xgboost", "rf", "gbr", "ridge", "lasso", "br", "huber")
SAMPLED = ("nb", "mlp", "ada")


def explained(made, rows=40):
    features = made.material.features
    ready = explainer(made.card, made.fitted, features.iloc[made.material.train].head(80))
    return ready, ready.explain(features.iloc[made.material.holdout].head(rows))


def size(found):
    return max(1.0, np.abs(found.answers).max())


@pytest.mark.parametrize("name", BINARY)
def test_binary_values_add_up_exactly(make, telco, name):
    ready, found = explained(make(telco, Task.BINARY, "Churn", name))
    assert ready.is_exact
    assert found.values.shape == (40, telco.shape[1] - 1, 1)
    assert found.gap < 1e-5


@pytest.mark.parametrize("name", CLASSES)
def test_multiclass_values_add_up_for_every_class(make, telco, name):
    ready, found = explained(make(telco, Task.MULTICLASS, "PaymentMethod", name))
    assert ready.is_exact
    assert found.values.shape[2] == len(ready.asked.names) == 4
    assert found.gap < 1e-5


@pytest.mark.parametrize("name", NUMBERS)
def test_regression_values_add_up(make, telco, name):
    ready, found = explained(make(telco, Task.REGRESSION, "TotalCharges", name))
    assert (ready.is_exact, ready.space) == (True, "TotalCharges")
    assert found.gap < 1e-5 * size(found)


def test_log_target_is_explained_in_its_logarithm(make, telco):
    made = make(telco, Task.REGRESSION, "TotalCharges", "lightgbm", parameters={"log_target": True})
    ready, found = explained(made)
    assert ready.space == "log of 1 + TotalCharges"
    features = made.material.features.iloc[made.material.holdout].head(40)
    assert np.expm1(found.answers[:, 0]) == pytest.approx(made.fitted.predict(features))
    assert found.gap < 1e-9


def test_blend_of_every_kind_adds_up_in_probability(make, telco):
    made = make(telco, Task.BINARY, "Churn", "lightgbm", "xgboost", "rf", "lr", "ridge")
    ready, found = explained(made)
    features = made.material.features.iloc[made.material.holdout].head(40)
    assert (ready.is_exact, ready.space) == (True, "probability")
    assert found.answers[:, 0] == pytest.approx(made.fitted.predict_proba(features)[:, 1])
    assert found.gap < 1e-6
    assert "7 members" in ready.method  # a calibrated ridge is three lines


def test_blend_of_many_classes_adds_up_for_each(make, telco):
    _, found = explained(make(telco, Task.MULTICLASS, "PaymentMethod", "lightgbm", "lr", "rf"))
    assert found.gap < 1e-6
    assert found.values.sum(axis=(1, 2)) == pytest.approx(0, abs=1e-6)  # shares sum to one


def test_blend_of_numbers_is_the_weighted_sum_of_its_members(make, telco):
    alone = [
        explained(make(telco, Task.REGRESSION, "TotalCharges", name))[1]
        for name in ("lightgbm", "gbr")
    ]
    _, blended = explained(make(telco, Task.REGRESSION, "TotalCharges", "lightgbm", "gbr"))
    assert blended.values == pytest.approx((alone[0].values + 2 * alone[1].values) / 3)


@pytest.mark.parametrize("name", ["lightgbm", "gbc", "rf"])
def test_tree_values_are_those_of_shap_folded_onto_raw_columns(make, telco, name):
    made = make(telco, Task.BINARY, "Churn", name)
    _, found = explained(made)
    prepared = made.fitted[0].transform(made.material.features.iloc[made.material.holdout])[:40]
    reference = np.asarray(shap.TreeExplainer(made.fitted[-1]).shap_values(prepared))
    reference = reference[..., 1] if reference.ndim == 3 else reference
    assert np.abs(found.values.sum(axis=1)[:, 0] - reference.sum(axis=1)).max() < 1e-5
    tenure = list(made.fitted[0].transformers_[0][2]).index("tenure")
    place = list(made.material.features).index("tenure")
    assert found.values[:, place, 0] == pytest.approx(reference[:, tenure], abs=1e-5)


def test_line_values_are_those_of_shap_folded_onto_raw_columns(make, telco):
    made = make(telco, Task.BINARY, "Churn", "lr")
    _, found = explained(made)
    of = made.material
    dense = [
        np.asarray(part.todense() if hasattr(part, "todense") else part)
        for part in (
            made.fitted[0].transform(of.features.iloc[of.train].head(80)),
            made.fitted[0].transform(of.features.iloc[of.holdout].head(40)),
        )
    ]
    masker = shap.maskers.Independent(dense[0], max_samples=80)
    reference = shap.LinearExplainer(made.fitted[-1], masker).shap_values(dense[1])
    names = made.fitted[0].named_transformers_["few"].get_feature_names_out()
    contract = [n for n, name in enumerate(names) if name.startswith("Contract_")]
    first = made.fitted[0].output_indices_["few"].start
    place = list(of.features).index("Contract")
    told = reference[:, [first + n for n in contract]].sum(axis=1)
    assert found.values[:, place, 0] == pytest.approx(told)


@pytest.mark.parametrize("name", SAMPLED)
def test_other_learners_are_sampled_with_standard_errors(make, telco, name):
    ready, found = explained(make(telco.drop(columns="since"), Task.BINARY, "Churn", name), rows=3)
    assert not ready.is_exact
    assert "permutation sampling" in ready.method
    assert found.gap < 1e-6
    assert found.errors.shape == found.values.shape
    assert 0 < found.errors.mean() < 0.1


def test_sampled_values_agree_with_exact_ones_within_their_error(make, telco):
    from engines.explanation.sampled import sampled_shares

    frame = telco[["tenure", "MonthlyCharges", "Contract", "TotalCharges"]]
    made = make(frame, Task.REGRESSION, "TotalCharges", "ridge")
    ready, _ = explained(made, rows=20)
    rows = made.material.features.iloc[made.material.holdout].head(20)
    _, values, errors = sampled_shares(ready.asked.ask, rows, ready.background.head(80))
    _, exact = _on(ready, rows)
    off = np.abs(values - exact) / np.maximum(errors, 1e-3 * np.abs(exact).max())
    assert np.median(off) < 3


def _on(ready, rows):
    from engines.explanation.exact import shares

    return shares(ready.parts[0], rows, ready.background.head(50))


def test_carrying_a_margin_over_is_exact_for_two_and_many_classes():
    draw = np.random.default_rng(0)
    values, base = draw.normal(size=(30, 5, 3)) * 2, draw.normal(size=3)
    for link in (Link.SOFTMAX, Link.LOGISTIC, Link.EXPONENTIAL):
        start, moved = carried(link, base, values)
        ends = answers(link, base + values.sum(axis=1))
        assert start + moved.sum(axis=1) == pytest.approx(ends, abs=1e-9)


def test_carrying_over_agrees_between_two_classes_as_one_margin_and_as_two():
    draw = np.random.default_rng(1)
    values, base = draw.normal(size=(30, 5, 1)), np.array([0.3])
    _, one = carried(Link.LOGISTIC, base, values)
    both = np.concatenate([np.zeros_like(values), values], axis=2)
    _, two = carried(Link.SOFTMAX, np.array([0.0, 0.3]), both)
    assert two[:, :, 1] == pytest.approx(one[:, :, 0], abs=1e-9)


def test_sampled_values_of_few_columns_are_those_of_the_definition():
    from engines.explanation.sampled import sampled_shares

    draw = np.random.default_rng(3)
    frame = pd.DataFrame(draw.integers(0, 4, (25, 3)), columns=["a", "b", "c"])
    frame["d"] = "same"  # moves nothing
    rows, back = frame.head(5), frame.tail(20)
    asked = []

    def answer(x):
        asked.append(len(x))
        assert (x["d"] == "same").all()
        product = x["a"] * x["b"] + x["c"]
        return np.column_stack([product, x["a"]]).astype("float64")

    base, values, errors = sampled_shares(answer, rows, back, permutations=150)
    exact = by_definition(answer, rows, back)
    assert base == pytest.approx(answer(back).mean(axis=0))
    assert np.abs(values - exact).max() < 4 * errors.max()
    assert base + values.sum(axis=1) == pytest.approx(answer(rows))
    assert np.abs(values[:, 3]).max() == 0
    assert errors[:, 2].max() < 1e-12 < errors[:, 0, 0].max()  # c acts with no other column
    assert max(asked) < 7 * len(back)  # rows that did not change are not asked again


def by_definition(answer, rows, back):
    """The mean over all orders of the columns."""
    values = np.zeros((len(rows), rows.shape[1], 2))
    orders = list(permutations(rows))
    for place in range(len(rows)):
        for order in orders:
            mixed = back.copy()
            before = answer(mixed).mean(axis=0)
            for name in order:
                mixed[name] = rows[name].iloc[place]
                after = answer(mixed).mean(axis=0)
                values[place, rows.columns.get_loc(name)] += (after - before) / len(orders)
                before = after
    return values
