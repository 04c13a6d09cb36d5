"""The training job as the worker starts it: a process of its own, real stores on both sides."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import app.worker
from engines import data_sources, projects, training
from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.errors import NotFound
from engines.core.settings import Settings
from engines.training import Mode, Task, TrainingRequest, TrainingRun
from engines.wiring import Services, build

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def services(
    db: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Services:
    """All services on this test's folder, with MLflow's embedded store."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLAAS_TRACKING__URI", uri)
    monkeypatch.chdir(tmp_path)  # MLflow puts files beside where it stands
    return build(settings.model_copy(update={"tracking": settings.tracking.model_copy(
        update={"uri": uri})}))  # fmt: skip


@pytest.fixture
def person(db: Database, make_actor: Callable[..., Actor]) -> Actor:
    """An analyst with an account, whom the job can act for."""
    admin = make_actor("admin")
    with db.write() as session:
        return users.add(session, admin, "ana", [Role.ANALYST], None).actor


def _queued(services: Services, person: Actor, **asked: object) -> TrainingRun:
    experiment = projects.create(services.db, person, "Spenders")
    folder = ROOT / "data" / "samples"
    dataset = data_sources.use_sample(
        services.datasets, person, experiment.id, "wholesale_customers.csv", folder
    )
    request = TrainingRequest(experiment.id, dataset.id, folds=3, **asked)
    return training.start(
        services.db, person, request, services.experiments, services.datasets, services.scheduler
    )


def _process(run: TrainingRun, tmp_path: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "spark_jobs.train", "--job", run.id]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, cwd=tmp_path, env=environment, start_new_session=True)


def test_job_trains_records_in_mlflow_and_registers_the_model(
    services: Services, person: Actor, tmp_path: Path
) -> None:
    tasks = (Task.REGRESSION, Task.CLUSTERING)
    run = _queued(
        services, person, tasks=tasks, target="Grocery", algorithms=("ridge", "lightgbm", "kmeans")
    )
    assert _process(run, tmp_path).wait(240) == 0
    ended = training.follow(
        services.db, person, run.experiment_id, services.experiments, services.scheduler
    )[0]
    assert (ended.state, ended.error, ended.warning) == ("succeeded", "", "")
    results = training.results(services.db, person, run.id, services.experiments)
    assert [r.state for r in results] == ["succeeded", "succeeded"]
    assert all(r.tracking_link for r in results)
    versions = services.tracker.versions(run.experiment_id)
    assert {v.task for v in versions} == {"regression", "clustering"}
    tree = _tracked(services, run)
    board = training.leaderboard(services.db, person, run.id, services.experiments)
    assert len(tree) == 1 + len(board)
    assert tree[0].info.status == "FINISHED"
    assert tree[0].data.tags["mlaas.correlation_id"] == run.correlation_id
    assert projects.get(services.db, person, run.experiment_id).state == "trained"
    log = (services.runs_dir / run.id / "train.log").read_text()
    assert "Winner by the folds" in log
    assert "Hold-out, scored once" in log


def test_killed_training_is_closed_in_mlflow_by_the_next_worker(
    services: Services, person: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _queued(services, person, tasks=(Task.REGRESSION,), target="Grocery", mode=Mode.BEST,
                  budget_seconds=600.0, algorithms=("ridge", "lightgbm"))  # fmt: skip
    assert services.tracker.versions(run.experiment_id) == []  # makes the store's tables
    process = _process(run, tmp_path)
    try:
        _until(lambda: any("trial" in r.info.run_name for r in _tracked(services, run)))
        statuses = {r.info.run_name: r.info.status for r in _tracked(services, run)}
        assert statuses[f"Training {run.id[:8]}"] == "RUNNING"
        tuned = {v for k, v in statuses.items() if "trial" not in k and "Training" not in k}
        assert "RUNNING" in tuned
        family = [process.pid, *(p.pid for p in psutil.Process(process.pid).children(True))]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    assert (services.runs_dir / run.id / ".regression.partial").exists()
    stopped = training.cancel(
        services.db, person, run.id, "changed my mind", services.experiments, services.scheduler
    )
    assert stopped.state == "cancelled"

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    worker = app.worker.worker(services.settings)
    worker.begin()
    _until(lambda: _is_recorded(services, run), worker.tick)
    worker.end()
    tree = _tracked(services, run)
    assert not [r.info.run_name for r in tree if r.info.status == "RUNNING"]
    [parent] = [r for r in tree if "mlflow.parentRunId" not in r.data.tags]
    assert parent.info.status == "KILLED"
    assert parent.data.tags["mlaas.reason"] == "Cancelled by ana: changed my mind"
    assert not list((services.runs_dir / run.id).glob(".*"))
    assert not any(psutil.pid_exists(pid) for pid in family)


def _until(true: Callable[[], bool], tick: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + 200
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        tick()
        time.sleep(0.3)


def _is_recorded(services: Services, run: TrainingRun) -> bool:
    try:
        return not services.scheduler.status(f"record-{run.id}").is_live
    except NotFound:
        return False


def _tracked(services: Services, run: TrainingRun) -> list[Any]:
    """The run and all below it in MLflow; none while its store is being made."""
    try:
        places = [e.experiment_id for e in services.tracker._client.search_experiments()]
        own, below = f"tags.`mlaas.run_id` = '{run.id}'", f"tags.`mlaas.part_of` = '{run.id}'"
        search = services.tracker._client.search_runs
        return [*search(places, own), *search(places, below)]
    except Exception:
        return []
