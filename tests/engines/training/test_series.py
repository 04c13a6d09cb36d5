"""Time series: the step that is found, forecasts from past origins, and what the model keeps."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engines import training
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import InvalidInput, MlaasError
from engines.core.tables import Table
from engines.training import Surroundings, Task, TrainingRequest, materials
from engines.training.lags import season_of, step_of
from engines.training.time_split import expanding

from .conftest import EXPERIMENT, Memory, OneTable, OpenExperiments, Queue, as_table

Around = Callable[[Table], Surroundings]


@pytest.fixture
def airline(shared_data: Path, tmp_path: Path) -> Table:
    """144 months of passengers."""
    frame = pd.read_csv(shared_data / "airline_passengers.csv", parse_dates=[0])
    return as_table(frame, tmp_path / "airline.parquet")


@pytest.fixture
def bikes(shared_data: Path, tmp_path: Path) -> Table:
    """The last 3,000 hours of bike rentals: a date, an hour, weather, counts; some hours absent."""
    frame = pd.read_csv(shared_data / "bike_sharing_hourly.csv", parse_dates=["dteday"])
    return as_table(frame.drop(columns="instant").tail(3_000), tmp_path / "bikes.parquet")


@pytest.fixture
def air(shared_data: Path, tmp_path: Path) -> Table:
    """2,000 hours of air quality: a date, a time as text, -200 where nothing was measured."""
    file = shared_data / "air_quality_dirty.csv"
    frame = pd.read_csv(file, parse_dates=["Date"], na_values=[-200], encoding="utf-8-sig")
    return as_table(frame.head(2_000), tmp_path / "air.parquet")


def _train(db: Database, actor: Actor, around: Around, table: Table, **asked: object) -> Path:
    at = around(table)
    usual = {"tasks": (Task.TIME_SERIES,), "folds": 3}
    request = TrainingRequest(EXPERIMENT, table.dataset_id, **{**usual, **asked})
    run = training.start(db, actor, request, at.experiments, OneTable(table), Queue())
    training.execute(actor, run.id, at)
    return at.runs_dir / run.id / request.tasks[0].value


def _made(table: Table, **asked: object):
    usual = {"tasks": (Task.TIME_SERIES,), "folds": 3}
    request = TrainingRequest(EXPERIMENT, "data-one", **{**usual, **asked})
    return materials.material(materials.source(table, request), request.tasks[0])


def _told(folder: Path) -> dict:
    return json.loads((folder / "forecast.json").read_text())


@pytest.mark.parametrize(
    ("moments", "unit", "size", "season"),
    [
        (pd.date_range("2020-01-01", periods=40, freq="MS"), "months", 1, 12),
        (pd.date_range("2020-01-31", periods=40, freq="M"), "months", 1, 12),
        (pd.date_range("2020-01-01", periods=40, freq="QS"), "months", 3, 4),
        (pd.date_range("2020-01-01", periods=40, freq="B"), "business", 1, 5),
        (pd.date_range("2020-01-01", periods=40, freq="D"), "seconds", 86_400, 7),
        (pd.date_range("2020-01-01", periods=90, freq="15min")[::7].union(
            pd.date_range("2020-01-01", periods=60, freq="15min")), "seconds", 900, 96),
        (pd.to_datetime(["2020-01-01", "2020-01-02", "2020-02-09", "2021-05-01"]), "rows", 0, 1),
    ],
)  # fmt: skip
def test_step_and_season_are_found_in_the_moments(moments, unit, size, season) -> None:
    found = step_of(pd.Series(moments))
    assert found["unit"] == unit
    assert unit == "rows" or found["size"] == size
    assert season_of(found) == season


def test_forecast_of_a_turn_knows_nothing_after_its_origin(airline: Table) -> None:
    made, _, _ = _made(airline, target="Passengers", time_column="Month", horizon=6)
    rows = made.holdout
    before = made.series.forecast(lambda f: f["Passengers lag 1"], made.features, rows)
    assert len(set(before[:6])) == 1  # the last value known, again and again
    last = made.series.grid[made.series.at[rows[0]] - 1]
    assert before[0] == last
    made.series.grid[made.series.at[rows[0]] :] += 1_000.0
    after = made.series.forecast(lambda f: f["Passengers lag 1"], made.features, rows)
    assert list(after[:6]) == list(before[:6])
    assert after[6] == before[6] + 1_000.0


def test_airline_is_forecast_a_year_ahead_and_beats_the_last_season(
    db: Database, analyst: Actor, around: Around, airline: Table, experiments: OpenExperiments
) -> None:
    asked = {"target": "Passengers", "time_column": "Month", "algorithms": ("ridge",)}
    folder = _train(db, analyst, around, airline, **asked)
    told, shown = _told(folder), pd.read_parquet(folder / "series.parquet")
    scores = {line["forecast"]: line["mase"] for line in told["comparison"]}
    assert scores["Model"] < 0.8 < scores["Last season"] < scores["Last value"]
    assert 0.6 < told["coverage"] <= 1
    assert told["turns"] == 2
    ahead = shown[shown["part"] == "ahead"]
    assert list(ahead["moment"]) == list(pd.date_range("1961-01-01", periods=12, freq="MS"))
    assert (ahead["low"] < ahead["prediction"]).all()
    result = training.results(db, analyst, folder.parent.name, experiments)[0]
    assert result.holdout["mase"] == pytest.approx(scores["Model"])
    held = pd.read_parquet(folder / "holdout.parquet")
    seen = pd.read_parquet(folder / "oof.parquet")
    assert held["row"].min() > seen["row"].max()


def test_hour_beside_a_date_makes_the_moment_and_only_known_columns_are_used(bikes: Table) -> None:
    asked = {"target": "cnt", "time_column": "dteday", "known_ahead": ("workingday",)}
    made, back, notes = _made(bikes, **asked)
    assert made.series.told["clock"] == "hr"
    assert (back.season, 168 in back.used) == (24, True)
    assert made.series.when.is_unique
    assert set(made.features) - {f"cnt lag {n}" for n in back.used} == {"dteday", "workingday"}
    assert any("Not known ahead, and so not used" in note and "“holiday”" in note for note in notes)
    assert len(made.series.grid) > len(made.features) + 168  # absent hours keep their place


def test_gaps_of_a_dirty_series_are_closed_from_the_past_only(air: Table) -> None:
    made, _, notes = _made(air, target="CO(GT)", time_column="Date")
    assert "Moments are put together from “Date” and “Time”." in notes
    assert made.series.told["step"]["size"] == 3_600
    grid, at = made.series.grid, made.series.at
    assert not np.isnan(grid).any()
    gap = next(place for place in range(int(at[0]), int(at[-1])) if place not in set(at))
    assert grid[gap] in (grid[gap - 24], grid[gap - 1])


def test_several_rows_for_a_moment_are_no_series(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=30).repeat(4)
    frame = pd.DataFrame({"day": days, "y": np.arange(120.0), "x": np.arange(120.0) ** 2})
    table = as_table(frame, tmp_path / "t.parquet")
    with pytest.raises(InvalidInput, match="“day” has several rows for a moment"):
        _made(table, target="y", time_column="day")


def test_anonymised_series_leaves_no_real_name_behind(
    db: Database, analyst: Actor, around: Around, airline: Table, memory: Memory
) -> None:
    hidden = Table(**{**airline.__dict__, "anonymised": True})
    asked = {"target": "Passengers", "time_column": "Month", "known_ahead": ("Month",)}
    folder = _train(db, analyst, around, hidden, **asked, algorithms=("ridge",))
    text = "".join(f.read_text() for f in folder.glob("*.json")) + str(memory.__dict__)
    assert "C2 lag 12" in text
    assert "Passengers" not in text
    assert "Month" not in text
    assert "Passengers" not in " ".join(pd.read_parquet(folder / "series.parquet").columns)


def _dated(tmp_path: Path, target: list[str]) -> Table:
    days = pd.date_range("2024-01-01", periods=len(target) // 4).repeat(4)
    signal = [float(name == "b") + n % 3 for n, name in enumerate(target)]
    frame = pd.DataFrame({"day": days, "x": signal, "y": target})
    mixed = frame.sample(frac=1, random_state=1, ignore_index=True)
    return as_table(mixed, tmp_path / "t.parquet")


def test_split_by_time_holds_out_the_newest_rows_and_whole_days(
    db: Database, analyst: Actor, around: Around, tmp_path: Path
) -> None:
    table = _dated(tmp_path, ["a", "b", "b", "a"] * 60)
    folder = _train(
        db, analyst, around, table, tasks=(Task.BINARY,), target="y", time_column="day",
        split=training.Split.TIME, algorithms=("lr",), holdout_share=0.21,
    )  # fmt: skip
    day = pd.read_parquet(table.path)["day"]
    held = day.iloc[pd.read_parquet(folder / "holdout.parquet")["row"]]
    seen = pd.read_parquet(folder / "oof.parquet")
    assert held.min() > day.loc[~day.isin(held)].max()
    tested = seen.assign(day=day.iloc[seen["row"]].to_numpy()).groupby("fold")["day"]
    first, last = tested.min(), tested.max()
    assert (first.iloc[1:].to_numpy() > last.iloc[:-1].to_numpy()).all()
    assert json.loads((folder / "model.json").read_text())["facts"]["split"] == "time"


def test_class_that_occurs_only_in_the_newest_rows_is_refused(
    db: Database, analyst: Actor, around: Around, tmp_path: Path
) -> None:
    table = _dated(tmp_path, ["a", "b"] * 48 + ["c"] * 24)
    with pytest.raises(MlaasError, match="The class “c” occurs only in the newest rows"):
        _train(db, analyst, around, table, tasks=(Task.MULTICLASS,), target="y",
               time_column="day", split=training.Split.TIME)  # fmt: skip


def test_expanding_folds_without_two_classes_are_dropped() -> None:
    target = np.array(["a"] * 40 + ["a", "b"] * 30)
    folds = expanding(np.arange(100), target, 4, is_classification=True)
    assert [len(fit) for fit, _ in folds] == [60, 80]
    with pytest.raises(InvalidInput, match="no fold has enough rows"):
        expanding(np.arange(100), np.array(["a"] * 100), 4, is_classification=True)
