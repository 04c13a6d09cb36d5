"""A stored forecaster continues its series, from its own end or from newer rows."""

import json

import numpy as np
import pandas as pd
import pytest

from engines import inference
from engines.core.errors import InvalidInput, NotFound
from tests.harness.gates import OpenGate
from tests.harness.run_folders import airline, ames


class Folders:
    """Runs that anybody may see."""

    def __init__(self, root):
        self.root = root

    def folder(self, actor, run_id):
        return self.root / run_id


@pytest.fixture(scope="module")
def runs(tmp_path_factory, shared_data):
    root = tmp_path_factory.mktemp("runs")
    airline(root / "plain", shared_data)
    airline(root / "known", shared_data, known=True)
    ames(root / "plain", shared_data)
    return Folders(root)


@pytest.fixture
def ask(runs, analyst):
    """Forecast with a run: `ask("plain", 12)`."""

    def asked(run, steps, **data):
        return inference.forecast(runs, OpenGate(), analyst, run, "time_series", steps, **data)

    return asked


def test_forecast_continues_the_months_with_bounds_up_to_the_horizon(ask):
    found = ask("plain", 15)
    assert list(found) == ["Month", "step", "prediction", "low", "high"]
    assert list(found["Month"]) == list(pd.date_range("1961-01-01", periods=15, freq="MS"))
    assert found["low"].notna().tolist() == [True] * 12 + [False] * 3
    assert 400 < found["prediction"].iloc[0] < 520


def test_forecast_equals_what_training_drew(ask, runs):
    drawn = pd.read_parquet(runs.root / "plain" / "time_series" / "series.parquet")
    ahead = drawn.loc[drawn["part"] == "ahead", "prediction"]
    assert np.allclose(ask("plain", 12)["prediction"], ahead)


def test_newer_history_moves_the_origin(ask):
    newer = pd.DataFrame({"Month": ["1961-01-01", "1961-02-01"], "Passengers": ["450", "430"]})
    found = ask("plain", 3, history=newer)
    assert found["Month"].iloc[0] == pd.Timestamp("1961-03-01")
    assert not np.allclose(found["prediction"], ask("plain", 5)["prediction"].iloc[2:])


def test_columns_known_ahead_are_taken_by_moment_or_in_order(ask):
    months = pd.date_range("1961-01-01", periods=4, freq="MS").astype(str)
    future = pd.DataFrame({"Month": months, "flights": ["43", "45", "44", "47"]})
    mixed = ask("known", 4, future=future.sample(frac=1, random_state=2))
    in_order = ask("known", 4, future=future.drop(columns="Month"))
    assert np.allclose(mixed["prediction"], in_order["prediction"])


@pytest.mark.parametrize(
    ("run", "steps", "data", "sentence"),
    [
        ("plain", 0, {}, "0 steps are outside the range"),
        ("known", 2, {}, "The future values of “flights” are needed"),
        ("known", 2, {"future": {"flights": [1]}}, "2 steps need as many future rows, not 1"),
        (
            "known",
            1,
            {"future": {"Month": ["1999-01-01"], "flights": [1]}},
            "no future row for 1961",
        ),
        ("known", 1, {"future": {"flights": ["many"]}}, "“flights” must be a number"),
        ("plain", 1, {"history": {"Month": ["1961-01-01"]}}, "has no column “Passengers”"),
        ("plain", 1, {"history": {"Month": ["1975-01-01"], "Passengers": [1]}}, "has only 1"),
        ("plain", 1, {"history": {"Month": ["soon"], "Passengers": [1]}}, "must be a date"),
    ],
)
def test_what_does_not_fit_is_one_sentence(ask, run, steps, data, sentence):
    frames = {name: pd.DataFrame(value) for name, value in data.items()}
    with pytest.raises(InvalidInput, match=sentence):
        ask(run, steps, **frames)


def test_model_of_another_task_does_not_forecast(runs, analyst):
    with pytest.raises(NotFound, match="does not forecast"):
        inference.forecast(runs, OpenGate(), analyst, "plain", "regression", 3)


def test_stored_history_is_no_longer_than_the_model_looks_back(runs):
    folder = runs.root / "plain" / "time_series"
    stored = json.loads((folder / "forecast.json").read_text())
    card = json.loads((folder / "model.json").read_text())
    assert len(stored["moments"]) == card["facts"]["series"]["back"] == 36
