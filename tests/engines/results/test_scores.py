"""Scores carry their uncertainty, and the verdict says what they mean."""

import json
import math
import shutil

import numpy as np
import pytest

from engines import results
from engines.core.errors import NotAllowed, NotFound
from engines.results.scores import number


def opened(runs, task="binary", run="r1"):
    return results.read_task(runs.root / run / task)


def changed(runs, place, **files):
    folder = shutil.copytree(runs.root / "r1" / "binary", place / "binary")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return results.read_task(folder)


def test_fold_estimate_is_wider_than_a_naive_interval():
    folds = [0.80, 0.82, 0.84, 0.86, 0.88]
    found = results.fold_estimate(folds)
    naive = 2.776 * np.std(folds, ddof=1) / math.sqrt(5)
    assert found.value == pytest.approx(0.84)
    assert found.high - found.value == pytest.approx(naive * math.sqrt(1 + 5 / 4), rel=1e-3)


def test_fold_estimate_of_one_fold_has_no_interval():
    found = results.fold_estimate([0.8])
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.text == "0.800"


def test_verdict_says_what_the_time_was_too_short_for(runs, tmp_path):
    board = [
        {"name": "LightGBM", "metric": "roc_auc", "score": 0.8, "folds": {"roc_auc": [0.8]},
         "state": "stopped", "is_winner": True},
        *[{"name": name, "state": "stopped", "score": None} for name in ("Ridge", "Baseline")],
    ]  # fmt: skip
    card = json.loads((runs.root / "r1" / "binary" / "model.json").read_text())
    card["facts"] = {**card.get("facts", {}), "folds": 5}
    said = " ".join(results.verdict(changed(runs, tmp_path, leaderboard=board, model=card)))
    assert "ROC AUC 0.800 on 1 of 5 folds" in said
    assert "2 of 3 candidates were not tried" in said


@pytest.mark.parametrize(("task", "name"), [("binary", "roc_auc"), ("regression", "r2")])
def test_holdout_estimate_encloses_its_score(runs, task, name):
    found = results.holdout_estimate(opened(runs, task), name)
    assert found.low < found.value < found.high
    assert found == results.holdout_estimate(opened(runs, task), name)


def test_holdout_estimate_of_a_metric_that_is_not_resampled_has_no_width(runs):
    found = results.holdout_estimate(opened(runs), "unheard")
    assert math.isnan(found.value)
    assert found.text == "–"


def test_leaderboard_frame_gives_winner_and_bounds(runs):
    frame = results.leaderboard_frame(opened(runs))
    assert frame["candidate"].tolist() == ["Logistic regression", "Baseline"]
    assert frame["winner"].tolist() == [True, False]
    assert frame.loc[0, "low"] < frame.loc[0, "score"] < frame.loc[0, "high"]


def test_metrics_frame_keeps_the_holdout_in_its_own_column(runs):
    frame = results.metrics_frame(opened(runs)).set_index("metric")
    assert frame.loc["ROC AUC", "hold-out (not used to choose)"] > 0.7
    assert math.isnan(frame.loc["Average precision", "folds"])


def test_verdict_names_winner_gain_and_holdout(runs):
    said = " ".join(results.verdict(opened(runs)))
    assert "**Logistic regression** is chosen: ROC AUC 0." in said
    assert "better than the baseline (0.500) by 0.3" in said
    assert "On the 200 hold-out rows, which had no part in the choice" in said
    assert "95 % CI" in said


def test_verdict_admits_when_the_baseline_is_not_beaten(runs, tmp_path):
    line = {"metric": "roc_auc", "folds": {"roc_auc": [0.5, 0.5]}, "score": 0.5}
    board = [
        {**line, "name": "Tree", "is_winner": True},
        {**line, "name": "Baseline", "is_winner": False},
    ]
    said = " ".join(results.verdict(changed(runs, tmp_path, leaderboard=board)))
    assert "does **not** beat the baseline" in said


def test_verdict_warns_when_the_holdout_falls_behind(runs, tmp_path):
    scores = {"folds": {"roc_auc": [0.90, 0.91, 0.92]}, "holdout": {"roc_auc": 0.6}}
    said = " ".join(results.verdict(changed(runs, tmp_path, metrics=scores)))
    assert "beware of overfitting" in said


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("clustering", "finds 3 clusters in 440 rows"),
        ("anomaly", "of 440 rows"),
        ("dimensionality_reduction", "places 440 rows"),
    ],
)
def test_verdict_of_unsupervised_tasks_counts_what_was_found(runs, task, words):
    assert words in " ".join(results.verdict(opened(runs, task)))


def test_number_is_short_for_small_and_large_values():
    assert [number(v) for v in (0.84213, 31234.7, float("nan"))] == ["0.842", "31,235", "–"]


def test_finished_tasks_lists_supervised_first(runs, analyst):
    assert results.finished_tasks(runs, analyst, "r1") == [
        "binary",
        "regression",
        "anomaly",
        "clustering",
        "dimensionality_reduction",
    ]


def test_open_task_needs_the_right_and_a_model(runs, analyst, make_actor):
    with pytest.raises(NotAllowed):
        results.open_task(runs, make_actor("admin"), "r1", "binary")
    with pytest.raises(NotFound):
        results.open_task(runs, analyst, "r1", "multiclass")
