"""The ingest job as the worker starts it, killed in the middle."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import app.worker
from engines import data_sources, projects
from engines.core import users
from engines.core.access import Actor, Role
from engines.core.scheduling import JobState
from engines.core.settings import Settings
from engines.wiring import Services
from tests.engines.orchestration.conftest import wait_for

ROWS = 400_000

pytestmark = pytest.mark.slow


@pytest.fixture
def person(app_services: Services, make_actor: Callable[..., Actor]) -> Actor:
    """An analyst with an account, whom the job can act for."""
    with app_services.db.write() as session:
        return users.add(session, make_actor("admin"), "ana", [Role.ANALYST], None).actor


@pytest.fixture
def upload(app_services: Services, person: Actor) -> data_sources.Upload:
    """A complete upload that takes a second or more to store."""
    drawn = random.Random(1)
    lines = (f"{i},{drawn.random()},{drawn.random()},{drawn.random()}" for i in range(ROWS))
    content = "\n".join(["i,x,y,z", *lines]).encode()
    datasets, step = app_services.datasets, data_sources.SLICE_BYTES
    experiment = projects.create(app_services.db, person, "Big")
    made = data_sources.start_upload(datasets, person, experiment.id, "big.csv", len(content))
    for start in range(0, len(content), step):
        data_sources.write_slice(datasets, person, made.id, start, content[start : start + step])
    return data_sources.finish_upload(datasets, person, made.id)


def test_ingest_killed_in_the_middle_leaves_nothing_and_the_next_attempt_finishes(
    app_services: Services, settings: Settings, person: Actor, upload: data_sources.Upload
) -> None:
    datasets, store = app_services.datasets, app_services.store_dir
    options = data_sources.detect(datasets, person, upload.id).options
    key = data_sources.queue_ingest(datasets, app_services.scheduler, person, upload.id, options)
    worker = app.worker.worker(settings)
    worker.begin()
    try:
        wait_for(lambda: _written(store) > 0, worker.tick)
        # Other tests, and the worker's hourly process, may have left children of this process.
        [job] = [one for one in psutil.Process().children() if "spark_jobs.ingest" in _words(one)]
        os.killpg(job.pid, signal.SIGKILL)
        wait_for(lambda: job.status() == psutil.STATUS_ZOMBIE)
        assert list(store.glob("*.partial")), "it was killed while it wrote"
        assert [*store.glob("*.parquet"), *store.glob("*.json")] == []
        assert datasets.current(person, upload.experiment_id) is None
        pending = data_sources.pending_upload(datasets, person, upload.experiment_id)
        assert pending is not None
        assert pending.id == upload.id

        wait_for(lambda: not app_services.scheduler.status(key).is_live, worker.tick)
        status = app_services.scheduler.status(key)
        assert (status.state, status.attempt) == (JobState.SUCCEEDED, 2), status.error
        table = datasets.current(person, upload.experiment_id)
        assert table is not None
        assert table.rows == ROWS
        assert list(store.rglob("*.partial")) == []
        assert list(app_services.uploads_dir.glob("*.part")) == []
    finally:
        worker.end()


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it ended meanwhile
        return []


def _written(store: Path) -> int:
    """Bytes of the table under way."""
    sizes = [file.stat().st_size for file in store.glob("*.partial") if file.exists()]
    return sum(sizes)
