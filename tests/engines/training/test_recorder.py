"""Recording beside the training, in a process of its own, on a real MLflow store."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from engines import training
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import MlaasError
from engines.core.scheduling import JobState
from engines.core.tables import Table
from engines.tracking.mlflow import MlflowTracker
from engines.training import Surroundings, Task, TrainingRequest
from engines.training.recorder import Beside, Story
from tests.harness.ports import free_port

from .conftest import EXPERIMENT, OneTable, OpenExperiments, Queue, as_table

pytestmark = pytest.mark.slow
Around = Callable[[Table], Surroundings]


@pytest.fixture
def tracker(tmp_path: Path) -> MlflowTracker:
    """MLflow on a file, its artifacts in a folder beside it."""
    return MlflowTracker(f"sqlite:///{tmp_path}/mlflow.db", "http://m", tmp_path / "files")


def train(db: Database, actor: Actor, at: Surroundings, table: Table, **asked: object) -> str:
    request = TrainingRequest(EXPERIMENT, table.dataset_id, folds=3, **asked)
    run = training.start(db, actor, request, at.experiments, OneTable(table), Queue())
    training.execute(actor, run.id, at)
    return run.id


def tracked(tracker: MlflowTracker, wanted: str) -> list:
    places = [e.experiment_id for e in tracker._client.search_experiments()]
    return list(tracker._client.search_runs(places, wanted))


def test_run_of_two_tasks_is_one_finished_tree_and_repair_doubles_nothing(
    db: Database, analyst: Actor, around: Around, wholesale: Table, tracker: MlflowTracker,
    experiments: OpenExperiments,
) -> None:  # fmt: skip
    at = replace(around(wholesale), tracking=tracker, beside=True)
    run_id = train(db, analyst, at, wholesale, tasks=(Task.REGRESSION, Task.CLUSTERING),
                   target="Grocery", algorithms=("ridge", "lr", "kmeans"))  # fmt: skip
    assert training.run(db, analyst, run_id, experiments).warning == ""
    for _ in range(2):
        [parent] = tracked(tracker, f"tags.`mlaas.run_id` = '{run_id}'")
        assert parent.info.status == "FINISHED"
        below = tracked(tracker, f"tags.`mlaas.part_of` = '{run_id}'")
        board = training.leaderboard(db, analyst, run_id, experiments)
        assert sorted(r.data.tags["mlaas.key"] for r in below) == sorted(c.id for c in board)
        assert {v.version for v in tracker.versions(EXPERIMENT)} == {1}
        with db.write() as session:
            session.get_one(training.TrainingRun, run_id).warning = "Not all is there."
        data = OneTable(wholesale)
        training.log_again(db, analyst, run_id, experiments, data, tracker, at.runs_dir, "Trial")
    links = [r.tracking_link for r in training.results(db, analyst, run_id, experiments)]
    assert links == [f"http://m/#/runs/{parent.info.run_id}"] * 2


def test_run_that_fails_is_failed_in_mlflow_with_its_reason(
    db: Database, analyst: Actor, around: Around, tmp_path: Path, tracker: MlflowTracker
) -> None:
    target = [1.0, math.inf] * 5 + [math.inf] * 50
    frame = pd.DataFrame({"a": [float(n % 7) for n in range(60)], "y": target})
    table = as_table(frame, tmp_path / "t.parquet")
    at = replace(around(table), tracking=tracker, beside=True)
    with pytest.raises(MlaasError, match="Only 5 rows"):
        train(db, analyst, at, table, tasks=(Task.REGRESSION,), target="y")
    [parent] = tracked(tracker, "tags.`mlaas.run_id` LIKE '%'")
    assert parent.info.status == "FAILED"
    assert "Only 5 rows" in parent.data.tags["mlaas.reason"]


def test_tracking_server_that_is_away_costs_one_warning(
    db: Database, analyst: Actor, around: Around, wholesale: Table, experiments: OpenExperiments
) -> None:
    away = MlflowTracker(f"http://127.0.0.1:{free_port()}")
    at = replace(around(wholesale), tracking=away, beside=True)
    run_id = train(db, analyst, at, wholesale, tasks=(Task.REDUCTION,), algorithms=("pca",))
    run = training.run(db, analyst, run_id, experiments)
    assert run.state == "succeeded"
    assert run.warning.startswith("The run is not in the tracking server: The tracking server")
    assert run.warning.count("again later") == 1


def test_recorder_that_dies_costs_one_warning_and_leaves_no_process(
    db: Database, wholesale: Table, analyst: Actor, experiments: OpenExperiments, tmp_path: Path
) -> None:
    request = TrainingRequest(EXPERIMENT, "data-one", (Task.REDUCTION,))
    run = training.start(db, analyst, request, experiments, OneTable(wholesale), Queue())
    away = MlflowTracker(f"http://127.0.0.1:{free_port()}")
    beside = Beside(db, Story(away, run.id, wholesale, "Trial", tmp_path))
    time.sleep(0.2)
    child = psutil.Process(beside._process.pid)
    child.kill()
    assert "its process ended" in beside.finish(JobState.SUCCEEDED, "")
    beside.close()
    assert not child.is_running()
