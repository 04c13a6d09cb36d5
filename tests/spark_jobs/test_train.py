"""The training job as the worker starts it: a process of its own, real stores on both sides."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engines import data_sources, projects, training
from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database
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
    assert projects.get(services.db, person, run.experiment_id).state == "trained"
    log = (services.runs_dir / run.id / "train.log").read_text()
    assert "Winner by the folds" in log
    assert "Hold-out, scored once" in log


def test_killed_job_leaves_no_half_folder_and_no_live_run(
    services: Services, person: Actor, tmp_path: Path
) -> None:
    run = _queued(services, person, tasks=(Task.REGRESSION,), target="Grocery",
                  mode=Mode.BEST, budget_seconds=600.0)  # fmt: skip
    process = _process(run, tmp_path)
    deadline = time.monotonic() + 120
    seen = 0
    while not seen and time.monotonic() < deadline:
        time.sleep(0.3)
        board = training.leaderboard(services.db, person, run.id, services.experiments)
        seen = sum(candidate.score is not None for candidate in board)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    assert seen
    assert not (services.runs_dir / run.id / "regression").exists()
    stopped = training.cancel(
        services.db, person, run.id, "changed my mind", services.experiments, services.scheduler
    )
    assert stopped.state == "cancelled"
    board = training.leaderboard(services.db, person, run.id, services.experiments)
    assert {candidate.state for candidate in board} <= {"stopped", "succeeded", "failed"}
