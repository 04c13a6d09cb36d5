"""The forecast's picture and words say what was scored and how."""

import pytest

from engines.results import draw, forecast_comparison, forecast_told, read_task, write_plots


@pytest.fixture(scope="module")
def files(runs):
    return read_task(runs.root / "air" / "time_series")


def test_figure_shows_history_holdout_and_what_is_next(files):
    figure = draw(files, "over_time")
    lines = {trace.name: trace for trace in figure.data if trace.name}
    assert {"true", "forecast of the hold-out", "forecast ahead", "interval ahead"} <= set(lines)
    assert len(lines["forecast ahead"].x) == 12
    assert min(lines["forecast ahead"].x) > max(lines["true"].x)


def test_comparison_sets_the_model_against_both_naive_forecasts(files):
    found = forecast_comparison(files).set_index("forecast")
    assert list(found.columns) == ["MAE", "RMSE", "MASE"]
    assert found["MASE"].idxmin() == "Model"


def test_words_state_the_horizon_and_the_measured_coverage(files):
    scored, interval = forecast_told(files)
    assert scored.startswith("Scored 12 steps ahead: the 24 hold-out rows were forecast in 2 turns")
    assert f"It held {files.forecast['coverage']:.0%} of the hold-out." in interval


def test_page_of_plots_holds_the_forecast(runs):
    page = write_plots(runs.root / "air" / "time_series")[0]
    assert "forecast of the hold-out" in page.read_text()
