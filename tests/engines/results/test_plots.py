"""Every plot of every task is drawn from real predictions."""

import json
import math
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from engines import results
from engines.core.errors import InvalidInput, NotFound
from tests.harness.run_folders import table_of

TASKS = ("binary", "regression", "clustering", "anomaly", "dimensionality_reduction")
ALL_BINARY = {
    "roc", "precision_recall", "calibration", "confusion", "gain", "lift", "importance",
}  # fmt: skip


def opened(runs, task="binary", run="r1"):
    return results.read_task(runs.root / run / task)


@pytest.fixture(scope="module")
def customers(tmp_path_factory, shared_data):
    frame = pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig")
    return table_of(frame, tmp_path_factory.mktemp("table") / "t.parquet")


@pytest.mark.parametrize("task", TASKS)
def test_draw_gives_a_titled_figure_for_every_plot(runs, task):
    files = opened(runs, task)
    plots = results.plots_of(files)
    assert len(plots) >= 2
    for plot in plots:
        figure = results.draw(files, plot.key)
        assert len(figure.data) >= 1
        assert figure.layout.title.text


def test_plots_of_a_binary_model_are_the_expected_ones(runs):
    assert {plot.key for plot in results.plots_of(opened(runs))} == ALL_BINARY


def test_draw_of_an_unknown_plot_is_not_found(runs):
    with pytest.raises(NotFound):
        results.draw(opened(runs), "../roc")


def test_roc_goes_from_corner_to_corner(runs):
    curve = results.draw(opened(runs), "roc").data[0]
    assert (curve.x[0], curve.y[0]) == (0, 0)
    assert (curve.x[-1], curve.y[-1]) == (1, 1)


def test_confusion_counts_every_holdout_row(runs):
    files = opened(runs)
    heat = results.draw(files, "confusion").data[0]
    assert np.sum(heat.z) == len(files.holdout)


def test_gain_ends_with_every_positive_found(runs):
    curve = results.draw(opened(runs), "gain").data[0]
    assert curve.y[-1] == 1
    assert (np.diff(curve.y) >= 0).all()


def test_residuals_are_true_minus_predicted(runs):
    files = opened(runs, "regression")
    dots = results.draw(files, "residuals").data[0]
    frame = files.holdout
    assert np.allclose(dots.y, frame["y_true"] - frame["y_pred"])


def test_profile_gives_a_mean_per_cluster_and_overall(runs, customers):
    means = results.profile(opened(runs, "clustering"), customers)
    assert list(means.columns) == ["cluster 0", "cluster 1", "cluster 2", "all rows"]
    assert means.loc["Fresh", "all rows"] == pytest.approx(
        pd.read_parquet(customers.path)["Fresh"].mean()
    )


def test_profile_heat_colours_groups_against_the_mean(runs, customers):
    heat = results.profile_heat(opened(runs, "anomaly"), customers).data[0]
    assert set(heat.x) == {"usual", "unusual"}


def test_leaderboard_figure_marks_the_winner(runs):
    dots = results.leaderboard_figure(opened(runs)).data[0]
    assert list(dots.y) == ["Baseline", "Logistic regression"]
    assert list(dots.marker.symbol) == ["circle", "star"]


def test_leaderboard_figure_draws_no_interval_of_one_fold(runs, tmp_path):
    folder = shutil.copytree(runs.root / "r1" / "binary", tmp_path / "binary")
    board = json.loads((folder / "leaderboard.json").read_text())
    board[1]["folds"] = {name: values[:1] for name, values in board[1]["folds"].items()}
    (folder / "leaderboard.json").write_text(json.dumps(board))
    reach = results.leaderboard_figure(results.read_task(folder)).data[0].error_x.array
    assert [math.isnan(width) for width in reach] == [True, False]


def test_write_plots_makes_one_page_complete_in_itself(runs, tmp_path):
    [page] = results.write_plots(runs.root / "r1" / "binary")
    text = page.read_text()
    assert text.count("<section>") == len(ALL_BINARY) + 1
    assert not re.findall(r"<(?:script|link)[^>]+(?:src|href)=", text)
    assert "Logistic regression is chosen" in text


def test_compare_shows_facts_of_each_run_side_by_side(runs):
    frame = results.compare({"first": opened(runs), "second": opened(runs, run="r2")})
    assert list(frame.columns) == ["first", "second"]
    assert frame.loc["algorithm"].tolist() == ["Logistic regression"] * 2
    assert frame.loc["setting C"].tolist() == ["1.0", "0.001"]


def test_compare_can_show_only_differences(runs):
    pair = {"first": opened(runs), "second": opened(runs, run="r2")}
    frame = results.compare(pair, only_differences=True)
    assert "setting C" in frame.index
    assert "algorithm" not in frame.index


def test_compare_of_one_run_is_refused(runs):
    with pytest.raises(InvalidInput, match="two runs"):
        results.compare({"first": opened(runs)})


def test_comparison_figure_keeps_folds_and_holdout_apart(runs):
    pair = {"first": opened(runs), "second": opened(runs, run="r2")}
    names = [trace.name for trace in results.comparison_figure(pair).data]
    assert names == ["folds", "hold-out (not used to choose)"]
