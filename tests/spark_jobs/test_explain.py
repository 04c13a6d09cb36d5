"""The explain job as the worker starts it: a process of its own, killed, then whole."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engines import explanation, projects
from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.model_ref import ModelRef
from engines.wiring import Services
from tests.harness.explained import Churn

ROOT = Path(__file__).parents[2]


@pytest.fixture
def person(db: Database, make_actor: Callable[..., Actor]) -> Actor:
    """An analyst with an account, whom the job can act for."""
    with db.write() as session:
        return users.add(session, make_actor("admin"), "ana", [Role.ANALYST], None).actor


@pytest.fixture
def model(app_services: Services, person: Actor, churn_run: Churn) -> ModelRef:
    """A finished binary run on the experiment's own table."""
    experiment = projects.create(app_services.db, person, "Churn")
    return churn_run.store(app_services, person, experiment.id)


def started(key: str, place: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "spark_jobs.explain", "--job", key]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, cwd=place, env=environment, start_new_session=True)


def test_job_explains_the_model_for_its_owner(
    app_services: Services, person: Actor, model: ModelRef, tmp_path: Path
) -> None:
    desk = app_services.explaining
    key = explanation.request(desk, person, model).key
    assert started(key, tmp_path).wait() == 0
    assert desk.scheduler.status(key).state == "succeeded"
    assert explanation.facts(desk, person, model)["explanation.rows"] == 200


def test_job_killed_in_the_middle_leaves_nothing_to_be_read(
    app_services: Services, person: Actor, model: ModelRef, tmp_path: Path
) -> None:
    desk = app_services.explaining
    key = explanation.request(desk, person, model).key
    process = started(key, tmp_path)
    while not desk.scheduler.status(key).fraction and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not explanation.exists(desk, person, model)
    assert explanation.facts(desk, person, model) == {}
