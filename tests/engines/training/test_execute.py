"""The whole job on real data: files, rows, scores, reproducibility, tracking trouble."""

import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
import skops.io

from engines import training
from engines.core import drawn
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import MlaasError
from engines.core.model_card import read_card
from engines.core.scoring import answer, conform
from engines.core.tables import Table
from engines.core.trusted_types import TRUSTED_TYPES
from engines.explanation.rows import rows_of
from engines.results.groups import profile
from engines.results.read import read_task
from engines.training import Mode, Surroundings, Task, TrainingRequest, materials
from engines.training.catalogue import Flavour

from .conftest import EXPERIMENT, Memory, OneTable, OpenExperiments, Queue, as_table

Around = Callable[[Table], Surroundings]
QUICK = ("lightgbm", "lr", "ridge")


def _train(db: Database, actor: Actor, around: Around, table: Table, **asked: object) -> str:
    at = around(table)
    request = TrainingRequest(EXPERIMENT, table.dataset_id, **{"folds": 3, **asked})
    run = training.start(db, actor, request, at.experiments, OneTable(table), Queue())
    training.execute(actor, run.id, at)
    return run.id


def test_train_telco_stores_a_model_that_answers_raw_rows(
    db: Database, analyst: Actor, around: Around, telco: Table, experiments: OpenExperiments
) -> None:
    run_id = _train(
        db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn", algorithms=QUICK
    )
    folder = around(telco).runs_dir / run_id / "binary"
    model = skops.io.load(folder / "model.skops", trusted=list(TRUSTED_TYPES))
    card = read_card(folder).as_json()
    frame = pd.read_parquet(telco.path)
    held = pd.read_parquet(folder / "holdout.parquet")
    told = answer(model, card, conform(frame.iloc[held["row"]], card["features"]))
    assert list(told["prediction"]) == list(held["y_pred"])
    assert told["p_Yes"].to_numpy() == pytest.approx(held["p_Yes"].to_numpy())
    assert card["classes"] == ("No", "Yes")
    assert "customerID" not in {f["name"] for f in card["features"]}
    measured = json.loads((folder / "metrics.json").read_text())
    assert 0.75 < measured["holdout"]["roc_auc"] < 0.95
    low, mean, high = measured["ci"]["roc_auc"]
    assert low < mean < high
    assert len(json.loads((folder / "importance.json").read_text())) == 19
    assert experiments.states == ["trained"]
    assert not list(folder.parent.glob(".*"))


def test_train_keeps_the_holdout_apart_from_the_folds(
    db: Database, analyst: Actor, around: Around, telco: Table
) -> None:
    run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lr",))  # fmt: skip
    folder = around(telco).runs_dir / run_id / "binary"
    held = set(pd.read_parquet(folder / "holdout.parquet")["row"])
    seen = set(pd.read_parquet(folder / "oof.parquet")["row"])
    assert len(held) == 240
    assert not held & seen
    assert held | seen == set(range(1_200))


def test_winner_is_the_best_fold_mean_and_no_baseline(
    db: Database, analyst: Actor, around: Around, telco: Table, experiments: OpenExperiments
) -> None:
    run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                    algorithms=QUICK)  # fmt: skip
    board = training.leaderboard(db, analyst, run_id, experiments)
    assert board[0].is_winner
    assert sum(c.is_winner for c in board) == 1
    scores = [c.score for c in board if c.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert board[-1].algorithm == "dummy"
    assert board[-1].score == pytest.approx(0.5)


def test_few_rows_whose_folds_hold_one_class_are_trained_and_blended(
    db: Database, analyst: Actor, around: Around, shared_data: Path, tmp_path: Path
) -> None:
    frame = pd.read_csv(shared_data / "telco_churn.csv", nrows=40)[["tenure", "MonthlyCharges"]]
    few = frame.assign(left=["yes", "yes", "yes", "yes", "yes", *["no"] * 35])
    table = as_table(few, tmp_path / "few.parquet")
    run_id = _train(db, analyst, around, table, tasks=(Task.BINARY,), target="left",
                    algorithms=("lr", "ridge"), folds=10)  # fmt: skip
    result = training.results(db, analyst, run_id, OpenExperiments())[0]
    assert result.state == "succeeded"
    assert 0 <= result.holdout["roc_auc"] <= 1


def test_card_tells_how_the_data_wrote_dates_and_gaps(
    db: Database, analyst: Actor, around: Around, telco: Table
) -> None:
    read = {"tenure": {"marks": ("-1",)}, "Contract": {"marks": ("NA", "none")}}
    columns = tuple(replace(c, **read.get(c.name, {})) for c in telco.columns)
    table = replace(telco, columns=columns, anonymised=True)
    run_id = _train(db, analyst, around, table, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lr",))  # fmt: skip
    card = read_card(around(table).runs_dir / run_id / "binary")
    told = {feature.name: feature.marks for feature in card.features if feature.marks}
    public = table.public_names
    assert told == {public["tenure"]: ("-1",), public["Contract"]: ("NA", "none")}


def test_the_same_request_gives_the_same_base_result(
    db: Database, analyst: Actor, around: Around, telco: Table, experiments: OpenExperiments
) -> None:
    found = []
    for _ in range(2):
        run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                        algorithms=("lightgbm", "lr"))  # fmt: skip
        board = training.leaderboard(db, analyst, run_id, experiments)
        held = training.results(db, analyst, run_id, experiments)[0].holdout
        found.append(([(c.name, c.score, c.parameters) for c in board], held))
    assert found[0] == found[1]


def test_supervised_and_unsupervised_together_get_a_folder_each(
    db: Database, analyst: Actor, around: Around, wholesale: Table, experiments: OpenExperiments
) -> None:
    tasks = (Task.REGRESSION, Task.CLUSTERING, Task.REDUCTION, Task.ANOMALY)
    run_id = _train(db, analyst, around, wholesale, tasks=tasks, target="Grocery",
                    algorithms=("ridge", "lightgbm"))  # fmt: skip
    results = training.results(db, analyst, run_id, experiments)
    assert [(r.task, r.state) for r in results] == [(t.value, "succeeded") for t in tasks]
    folder = around(wholesale).runs_dir / run_id
    frame = pd.read_parquet(wholesale.path)
    for task in tasks[1:]:
        place = folder / task.value
        card = read_card(place).as_json()
        model = skops.io.load(place / "model.skops", trusted=list(TRUSTED_TYPES))
        told = answer(model, card, conform(frame, card["features"]))
        kept = pd.read_parquet(place / "assignments.parquet")
        assert len(told) == len(kept) == 440
        assert kept[told.columns[0]].tolist() == told.iloc[:, 0].tolist()
        assert {"row", "pc1", "pc2"} <= set(kept.columns)
    assert results[1].facts["clusters"] >= 2
    assert min(results[1].facts["sizes"].values()) >= 5
    log = (folder / "train.log").read_text()
    assert re.search(r"K-means: Silhouette 0\.\d{1,4}, ", log)
    assert "{" not in log


def test_table_beyond_the_limit_is_trained_on_rows_drawn_from_it(
    db: Database, analyst: Actor, around: Around, telco: Table, experiments: OpenExperiments
) -> None:
    limited = lambda table: replace(around(table), most_cells=16_000)  # noqa: E731
    run_id = _train(db, analyst, limited, telco, tasks=(Task.BINARY, Task.CLUSTERING),
                    target="Churn", algorithms=("lr",))  # fmt: skip
    both = training.results(db, analyst, run_id, experiments)
    assert [result.state for result in both] == ["succeeded", "succeeded"]
    assert all("800 of 1,200 rows are used, drawn at random" in r.notes[0] for r in both)
    folder = around(telco).runs_dir / run_id
    card = read_card(folder / "binary")
    assert card.facts["drawn"] == {"rows": 800, "seed": 42}
    expected = set(drawn.draw(1_200, 800, seed=42))
    held, folds, grouped = (
        set(pd.read_parquet(folder / file)["row"])
        for file in (
            "binary/holdout.parquet",
            "binary/oof.parquet",
            "clustering/assignments.parquet",
        )
    )
    assert held | folds == grouped == expected
    assert not held & folds
    explained = rows_of(card, telco, folder / "binary")
    assert (set(explained.held.index), set(explained.trained.index)) == (held, folds)
    frame = pd.read_parquet(telco.path).iloc[sorted(expected)]
    means = profile(read_task(folder / "clustering"), telco)
    assert means.loc["tenure", "all rows"] == pytest.approx(frame["tenure"].mean())


def test_one_failing_task_leaves_the_others(
    db: Database, analyst: Actor, around: Around, tmp_path: Path, experiments: OpenExperiments
) -> None:
    values = [float(n % 7) for n in range(60)]
    target = [1.0, math.inf] * 5 + [math.inf] * 50
    frame = pd.DataFrame({"a": values, "b": values[::-1], "y": target})
    table = as_table(frame, tmp_path / "t.parquet")
    run_id = _train(db, analyst, around, table, tasks=(Task.REGRESSION, Task.REDUCTION), target="y")
    by_task = {r.task: r for r in training.results(db, analyst, run_id, experiments)}
    assert by_task["regression"].state == "failed"
    assert "Only 5 rows have a value" in by_task["regression"].error
    assert by_task["dimensionality_reduction"].state == "succeeded"
    run = training.run(db, analyst, run_id, experiments)
    assert run.state == "succeeded"
    assert "Only 5 rows" in run.warning


def test_dates_infinities_and_gaps_are_learnt_from(
    db: Database, analyst: Actor, around: Around, tmp_path: Path, experiments: OpenExperiments
) -> None:
    rows = 400
    moments = pd.Series(pd.date_range("2024-01-01", periods=rows, freq="6h"))
    frame = pd.DataFrame({
        "when": moments,
        "x": [float(n % 11) for n in range(rows)],
        "kind": [["a", "b", None][n % 3] for n in range(rows)],
        "flag": [n % 2 == 0 for n in range(rows)],
        "y": [float(m.hour + (n % 11)) for n, m in enumerate(moments)],
    })  # fmt: skip
    frame.loc[5, "x"], frame.loc[7, "when"] = math.inf, pd.NaT
    table = as_table(frame, tmp_path / "t.parquet")
    run_id = _train(db, analyst, around, table, tasks=(Task.REGRESSION,), target="y",
                    algorithms=("ridge",))  # fmt: skip
    result = training.results(db, analyst, run_id, experiments)[0]
    assert result.holdout["r2"] > 0.9
    assert "1 infinite values of “x” are treated as missing." in result.notes


def test_airline_passengers_beat_the_naive_baseline(
    db: Database,
    analyst: Actor,
    around: Around,
    shared_data: Path,
    tmp_path: Path,
    experiments: OpenExperiments,
) -> None:
    frame = pd.read_csv(shared_data / "airline_passengers.csv", parse_dates=[0])
    time_column, target = frame.columns[:2]
    table = as_table(frame, tmp_path / "air.parquet")
    run_id = _train(db, analyst, around, table, tasks=(Task.TIME_SERIES,), target=target,
                    time_column=time_column, algorithms=("ridge", "lr"))  # fmt: skip
    result = training.results(db, analyst, run_id, experiments)[0]
    board = {c.algorithm: c for c in training.leaderboard(db, analyst, run_id, experiments)}
    assert result.facts["season"] == 12
    assert board[result.winner_name and "lr"].score < board["naive"].score
    held = pd.read_parquet(around(table).runs_dir / run_id / "time_series" / "holdout.parquet")
    seen = pd.read_parquet(around(table).runs_dir / run_id / "time_series" / "oof.parquet")
    assert held["row"].min() > seen["row"].max()


def test_anonymised_table_leaves_no_real_name_behind(
    db: Database, analyst: Actor, around: Around, telco: Table, memory: Memory
) -> None:
    hidden = Table(**{**telco.__dict__, "anonymised": True})
    run_id = _train(db, analyst, around, hidden, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lr",))  # fmt: skip
    folder = around(hidden).runs_dir / run_id
    files = [f for f in folder.rglob("*") if f.is_file() and f.suffix in (".json", ".log")]
    text = "".join(f.read_text() for f in files) + str(memory.started) + str(memory.candidates)
    assert "C21" in text
    for name in ("Churn", "MonthlyCharges", "Contract"):
        assert name not in text


def test_tracking_trouble_leaves_one_warning_and_can_be_repaired(
    db: Database,
    analyst: Actor,
    around: Around,
    telco: Table,
    memory: Memory,
    experiments: OpenExperiments,
) -> None:
    memory.away = True
    run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lr",))  # fmt: skip
    run = training.run(db, analyst, run_id, experiments)
    assert run.state == "succeeded"
    assert run.warning.startswith("The run is not in the tracking server")
    memory.away = False
    runs_dir = around(telco).runs_dir
    fixed = training.log_again(
        db, analyst, run_id, experiments, OneTable(telco), memory, runs_dir, "Trial"
    )
    assert fixed.warning == ""
    assert memory.folders == [runs_dir / run_id / "binary"]
    assert {c["name"] for c in memory.candidates} >= {"Logistic regression"}


@pytest.mark.alone
def test_best_mode_keeps_its_budget_and_records_trials(
    db: Database,
    analyst: Actor,
    around: Around,
    telco: Table,
    memory: Memory,
    experiments: OpenExperiments,
) -> None:
    began = time.monotonic()
    run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lightgbm", "lr"), mode=Mode.BEST, budget_seconds=30.0)  # fmt: skip
    took = time.monotonic() - began
    assert took < 34
    result = training.results(db, analyst, run_id, experiments)[0]
    assert result.facts["seconds"] <= 30 * 1.05
    made = training.trials(db, analyst, run_id, experiments)
    assert len(made) >= 2
    assert any(c["trials"] for c in memory.candidates)


def test_a_run_no_task_of_which_trains_fails_with_the_reason(
    db: Database, analyst: Actor, around: Around, tmp_path: Path, experiments: OpenExperiments
) -> None:
    target = [1.0, math.inf] * 5 + [math.inf] * 50
    frame = pd.DataFrame({"a": [float(n % 7) for n in range(60)], "y": target})
    table = as_table(frame, tmp_path / "t.parquet")
    with pytest.raises(MlaasError, match="Only 5 rows"):
        _train(db, analyst, around, table, tasks=(Task.REGRESSION,), target="y")
    run = training.runs(db, analyst, EXPERIMENT, experiments)[0]
    assert run.state == "failed"
    assert "Only 5 rows" in run.error


def test_time_that_is_up_at_once_still_gives_a_model(
    db: Database,
    analyst: Actor,
    around: Around,
    wholesale: Table,
    experiments: OpenExperiments,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = import_module("engines.training.execute")  # the package exports a function so named
    monkeypatch.setattr(module, "BASE_SECONDS", 0.0)
    at = around(wholesale)
    request = TrainingRequest(EXPERIMENT, "data-one", (Task.REGRESSION,), "Grocery", folds=3)
    run = training.start(db, analyst, request, at.experiments, OneTable(wholesale), Queue())
    training.execute(analyst, run.id, at)
    result = training.results(db, analyst, run.id, experiments)[0]
    assert (result.state, result.winner_name) == ("succeeded", "LightGBM")
    board = {c.name: c for c in training.leaderboard(db, analyst, run.id, experiments)}
    assert board["LightGBM"].folds_done == 1


def test_lightgbm_is_grown_in_four_ways(
    db: Database, analyst: Actor, around: Around, telco: Table, experiments: OpenExperiments
) -> None:
    run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lightgbm",))  # fmt: skip
    board = {c.name: c for c in training.leaderboard(db, analyst, run_id, experiments)}
    ways = {f"LightGBM ({way})" for way in ("large", "small", "slow")}
    assert {"LightGBM", *ways} <= set(board)
    assert board["LightGBM (large)"].parameters["num_leaves"] == 127
    assert all(board[name].folds_done == 3 for name in ways)


def test_starting_values_compete_beside_the_usual_ones(
    db: Database, analyst: Actor, around: Around, telco: Table, experiments: OpenExperiments
) -> None:
    values = {"lr": {"C": 0.01, "class_weight": "balanced"}}
    run_id = _train(db, analyst, around, telco, tasks=(Task.BINARY,), target="Churn",
                    algorithms=("lr",), starting_values=values)  # fmt: skip
    board = {c.name: c for c in training.leaderboard(db, analyst, run_id, experiments)}
    assert board["Logistic regression"].parameters == {}
    assert board["Logistic regression (starting values)"].parameters == values["lr"]
    assert board["Logistic regression (starting values)"].folds_done == 3


def test_whole_number_target_is_encoded_as_a_number_not_as_classes(tmp_path: Path) -> None:
    kinds = [f"k{n % 30}" for n in range(300)]
    frame = pd.DataFrame({"kind": kinds, "y": [1000 + 7 * n for n in range(300)]})
    table = as_table(frame.astype({"y": "int64"}), tmp_path / "t.parquet")
    request = TrainingRequest(EXPERIMENT, "data-one", (Task.REGRESSION,), "y", folds=3)
    made, _, _ = materials.material(materials.source(table, request), Task.REGRESSION)
    assert made.numbers(0, Flavour.TREE).to_fit.shape[1] == 1
