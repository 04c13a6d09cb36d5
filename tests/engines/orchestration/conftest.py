"""A queue with a worker that the test itself moves on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.scheduling import JobRequest, JobStatus
from engines.orchestration import ForkServer, Launcher, LocalScheduler, Worker, WorkerLimits

SCRIPTS = "tests.engines.orchestration.jobs"
SECONDS = 60.0


def wait_for(true: Callable[[], bool], tick: Callable[[], None] = lambda: None) -> None:
    """Call `tick` until `true` holds; fails after a minute."""
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until, "waited in vain"
        tick()
        time.sleep(0.05)


def living(pids: Path) -> list[int]:
    """Those of the processes named in the file that live; a zombie of a stranger's is dead."""
    known = [int(pid) for pid in pids.read_text().split()]
    there = [psutil.Process(pid) for pid in known if psutil.pid_exists(pid)]
    return [process.pid for process in there if process.status() != psutil.STATUS_ZOMBIE]


class Bench:
    """A scheduler, a worker in this process, and their folders."""

    def __init__(
        self,
        db: Database,
        folder: Path,
        actor: Actor,
        limits: WorkerLimits,
        forks: ForkServer | None,
    ) -> None:
        self.db, self.actor, self.folder = db, actor, folder
        self.scheduler = LocalScheduler(db, SCRIPTS)
        self.ended: list[JobStatus] = []
        self.launcher = Launcher(SCRIPTS, folder / "output", folder / "scratch", forks)
        self.worker = Worker(db, self.launcher, limits, self.ended.append)
        self.worker.begin()

    def submit(self, key: str, kind: str = "probe", retries: int = 0, **payload: Any) -> str:
        """Queue a job of the test scripts."""
        timeout = payload.pop("timeout", None)
        request = JobRequest(kind, key, "experiment-1", payload, timeout, retries)
        self.scheduler.submit(self.actor, request)
        return key

    def until(self, true: Callable[[], bool]) -> None:
        """Move the worker on until it holds."""
        wait_for(true, self.worker.tick)

    def settled(self, key: str) -> JobStatus:
        """Move the worker on until the job has ended."""
        self.until(lambda: not self.scheduler.status(key).is_live)
        return self.scheduler.status(key)

    def family(self, key: str, **payload: Any) -> list[int]:
        """Start a job with children; the process ids of it and of them."""
        pids = self.folder / f"{key}.pids"
        self.submit(key, act="family", pids=str(pids), **payload)
        self.until(pids.exists)
        return [int(pid) for pid in pids.read_text().split()]


def ready(forks: ForkServer) -> ForkServer:
    """The server, once it has imported what it was told to."""
    forks.begin()
    wait_for(lambda: forks.is_ready)
    return forks


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """One that has imported what the test scripts import."""
    forks = ready(ForkServer(["engines.orchestration", "numpy"]))
    yield forks
    forks.end()


@pytest.fixture
def forks() -> ForkServer | None:
    """What the benches' launchers fork with: nothing, each job is a fresh interpreter."""
    return None


@pytest.fixture
def make_bench(
    db: Database,
    tmp_path: Path,
    analyst: Actor,
    forks: ForkServer | None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Bench]]:
    """Benches with the limits of a test; their workers end with it."""
    made: list[Bench] = []
    monkeypatch.setenv("MLAAS_DATABASE__URL", db.url.render_as_string(hide_password=False))

    def make(**limits: Any) -> Bench:
        quick = {"slots": 2, "poll_seconds": 0.05, "grace_seconds": 0.5, "backoff_seconds": 0.1}
        bench = Bench(db, tmp_path, analyst, WorkerLimits(**{**quick, **limits}), forks)
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.worker.end()
        left = [pid for file in bench.folder.glob("*.pids") for pid in living(file)]
        assert not left, f"processes of a job outlive its worker: {left}"


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """A bench with quick limits."""
    return make_bench()
