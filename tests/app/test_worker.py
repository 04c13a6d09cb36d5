"""The worker as a process of its own: started, killed without warning, started again, stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlmodel import select

from app.worker import _after, _make_up
from engines.core.access import Actor
from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.scheduling import JobRequest, JobState
from engines.core.settings import Settings
from engines.orchestration import Job, LocalScheduler, queue_state
from tests.engines.orchestration.conftest import SCRIPTS, wait_for

pytestmark = pytest.mark.slow

Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(settings: Settings) -> Iterator[Start]:
    """Start worker processes on the test's settings; what is left of them ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app.worker", "--scripts", SCRIPTS]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for worker in started:
        # A worker that is killed leaves its jobs' children to the next one: there is none here.
        worker.terminate()
        worker.wait(20)


def hang(db: Database, actor: Actor, folder: Path, key: str, retries: int = 0) -> Path:
    """Queue a job that starts two children and hangs; the file its process ids appear in."""
    pids = folder / f"{key}.pids"
    payload = {"act": "family", "pids": str(pids)}
    request = JobRequest("probe", key, "experiment-1", payload, retries=retries)
    LocalScheduler(db, SCRIPTS).submit(actor, request)
    return pids


def read(pids: Path) -> list[int]:
    return [int(pid) for pid in pids.read_text().split()]


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_killed_worker_takes_its_jobs_along_and_the_next_one_settles_them(
    db: Database, analyst: Actor, tmp_path: Path, start_worker: Start
) -> None:
    scheduler = LocalScheduler(db, SCRIPTS)
    once, again = hang(db, analyst, tmp_path, "once"), hang(db, analyst, tmp_path, "again", 1)
    first = start_worker()
    wait_for(lambda: once.exists() and again.exists())
    family = read(once) + read(again)
    again.unlink()

    first.send_signal(signal.SIGKILL)
    first.wait()
    leaders = [family[0], family[3]]
    wait_for(lambda: not any(alive(pid) for pid in leaders))
    assert scheduler.status("once").state is JobState.RUNNING, "nobody could say so yet"

    start_worker()
    wait_for(lambda: not scheduler.status("once").is_live)
    failed = scheduler.status("once")
    assert failed.state is JobState.FAILED
    assert failed.error == "The worker stopped in the middle of this job."
    wait_for(again.exists)
    assert not any(alive(pid) for pid in family)
    retried = scheduler.status("again")
    assert (retried.state, retried.attempt) == (JobState.RUNNING, 2)


def test_terminated_worker_settles_its_jobs_and_ends_well(
    db: Database, analyst: Actor, tmp_path: Path, start_worker: Start
) -> None:
    pids = hang(db, analyst, tmp_path, "once")
    worker = start_worker()
    wait_for(pids.exists)
    assert queue_state(db, analyst).workers == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
    assert not any(alive(pid) for pid in read(pids))
    assert LocalScheduler(db, SCRIPTS).status("once").state is JobState.FAILED
    assert queue_state(db, analyst).workers == 0


def test_training_cut_short_is_followed_by_a_job_that_records_it(
    db: Database, settings: Settings, analyst: Actor
) -> None:
    with correlated("click-1"):
        request = JobRequest("train", "run-1", "experiment-1", {"run_id": "run-1"})
        LocalScheduler(db).submit(analyst, request)
        LocalScheduler(db).submit(analyst, JobRequest("train", "never", "experiment-1", {}))
    LocalScheduler(db).cancel(analyst, "never", "before it began")
    with db.write() as session:
        session.get_one(Job, "run-1").attempt = 1
        session.get_one(Job, "run-1").state = JobState.FAILED.value
    _make_up(db)
    _make_up(db)
    _after(db, LocalScheduler(db).status("run-1"))
    with db.read() as session:
        [follower] = session.exec(select(Job).where(Job.kind == "record")).all()
    assert follower.key == "record-run-1"
    assert follower.payload == {"run_id": "run-1"}
    assert (follower.owner_id, follower.correlation_id) == (analyst.id, "click-1")
    assert follower.retries > 0


def test_wrong_configuration_ends_with_one_sentence(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAAS_LIMITS__WORKERS", "many")
    command = [sys.executable, "-m", "app.worker"]
    ended = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert ended.returncode == 2
    assert "limits.workers" in ended.stderr
    assert "Traceback" not in ended.stderr
