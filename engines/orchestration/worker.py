"""The worker: takes jobs from the queue, runs each in its own process group, sees them end."""

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, InvalidInput
from engines.core.scheduling import JobStatus
from engines.orchestration import processes, queue
from engines.orchestration.job_process import unexpected
from engines.orchestration.launch import Launcher
from engines.orchestration.limits import WorkerLimits
from engines.orchestration.listing import status_of
from engines.orchestration.models import Job, JobWorker
from engines.orchestration.processes import Child
from engines.orchestration.queue import Order

STOPPED = "The worker was stopped in the middle of this job."
LOST = "This attempt was given to another worker."
RECOVERY_BEATS = 3  # heartbeats between two looks for workers that died
EXIT_SECONDS = 30.0  # how long a process may linger after it has said how it ended

log = logging.getLogger(__name__)


@dataclass
class Running:
    """One attempt under way; times are on the monotonic clock."""

    job: Job
    process: Child
    deadline: float
    reason: str = ""
    kill_at: float | None = None


class Worker:
    """Runs up to `limits.slots` jobs until `stop` is called.

    `on_end` receives the status of each job that has ended or waits for another attempt; `on_beat`
    is called with every heartbeat, and must return at once.
    """

    def __init__(
        self,
        db: Database,
        launcher: Launcher,
        limits: WorkerLimits,
        on_end: Callable[[JobStatus], None] = lambda status: None,
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._db, self._launcher, self._limits, self._on_end = db, launcher, limits, on_end
        self._on_beat = on_beat
        self._running: list[Running] = []
        self._stopping = False
        self._beat_at = 0.0
        self._beats = 0

    def stop(self) -> None:
        """Ask the worker to end its jobs and return from `run`; safe inside a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Work until stopped. A database that is away is waited for."""
        self.begin()
        while not self._stopping:
            self._patiently(self.tick)
            time.sleep(self._limits.poll_seconds)
        self.end()

    def begin(self) -> None:
        """Enter this process among the workers, waiting for the database."""
        self._me = self._register()
        log.info("Worker ready", extra={"slots": self._limits.slots})

    def tick(self) -> None:
        """One look around: running jobs, heartbeat, lost jobs, free slots."""
        held = queue.held(self._db, self._me)
        for running in list(self._running):
            self._supervise(running, held)
        self._beat()
        while len(self._running) < self._limits.slots and not self._stopping:
            job = queue.claim(self._db, self._me, self._limits)
            if job is None:
                break
            self._start(job)

    def end(self) -> None:
        """End the running jobs; each waits for its next attempt, or has failed with the reason."""
        for running in self._running:
            if running.kill_at is None:
                running.reason = STOPPED
                self._end(running)
        while self._running:
            self._patiently(self._await_end)
        self._patiently(lambda: queue.deregister(self._db, self._me))
        log.info("Worker stopped")

    def _register(self) -> JobWorker:
        while True:
            try:
                return queue.register(self._db, os.getpid(), self._limits.slots)
            except BackendUnavailable:
                log.warning("The database does not answer yet")
                time.sleep(1)

    def _patiently(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BackendUnavailable as error:
            log.warning("Worker waits: %s", error)
            time.sleep(1)

    def _beat(self) -> None:
        if time.monotonic() < self._beat_at:
            return
        queue.beat(self._db, self._me)
        if self._beats % RECOVERY_BEATS == 0:
            self._recover()
        self._beats += 1
        self._beat_at = time.monotonic() + self._limits.beat_seconds
        self._on_beat()

    def _recover(self) -> None:
        for job in queue.recover(self._db, self._limits):
            log.warning("Recovered a lost job: %s", job.state, extra={"job": job.key})
            self._ended(job)
        for lease in self._launcher.left_behind() - queue.leases(self._db):
            self._launcher.clean(lease)

    def _start(self, job: Job) -> None:
        with correlated(job.correlation_id):
            try:
                process = self._launcher.start(job)
            except (InvalidInput, OSError) as error:
                log.exception("A job could not be started", extra={"job": job.key})
                self._conclude(job.lease, f"The job could not be started: {error}")
                return
            log.info("Job started", extra={"job": job.key, "pid": process.pid})
        limit = job.timeout_seconds or self._limits.job_seconds
        self._running.append(Running(job, process, time.monotonic() + limit))

    def _supervise(self, running: Running, held: dict[str, Order]) -> None:
        if running.process.has_exited():
            self._finish(running)
        elif running.kill_at is None:
            running.reason = self._why_end(running, held)
            if running.reason:
                self._end(running)
        elif time.monotonic() >= running.kill_at:
            processes.signal_group(running.process, signal.SIGKILL)

    def _why_end(self, running: Running, held: dict[str, Order]) -> str:
        order = held.get(running.job.lease)
        if order is None:
            return LOST
        if order.has_outcome:
            running.deadline = min(running.deadline, time.monotonic() + EXIT_SECONDS)
        if time.monotonic() >= running.deadline:
            limit = running.job.timeout_seconds or self._limits.job_seconds
            return f"The job ran longer than its limit of {_duration(limit)}."
        return order.cancel_reason

    def _end(self, running: Running) -> None:
        log.info("Ending a job: %s", running.reason, extra={"job": running.job.key})
        running.kill_at = time.monotonic() + self._limits.grace_seconds
        processes.signal_group(running.process, signal.SIGTERM)

    def _finish(self, running: Running) -> None:
        lease, job = running.job.lease, running.job
        # Before the process is reaped its number cannot be anybody else's, so the group is ours.
        processes.signal_group(running.process, signal.SIGKILL)
        processes.end_family(lease)
        code = running.process.wait()
        with correlated(job.correlation_id):
            words = self._launcher.last_words(lease) if code else ""
            log.info("Process ended", extra={"job": job.key, "code": code, "output": words})
            self._conclude(lease, running.reason or _why_ended(code, job.correlation_id))
        self._running.remove(running)
        self._launcher.clean(lease)

    def _conclude(self, lease: str, reason: str) -> None:
        job = queue.conclude(self._db, lease, reason, self._limits)
        if job:
            log.info("Job is %s", job.state, extra={"job": job.key})
            self._ended(job)

    def _ended(self, job: Job) -> None:
        try:
            self._on_end(status_of(job))
        except Exception:
            log.exception("What follows a job's end failed", extra={"job": job.key})

    def _await_end(self) -> None:
        for running in list(self._running):
            self._supervise(running, {})
        time.sleep(self._limits.poll_seconds / 5)


def _why_ended(code: int, correlation_id: str) -> str:
    if code == -signal.SIGKILL:
        return "The job's process was killed, most often because the machine ran out of memory."
    return unexpected(correlation_id)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min" if minutes and not rest else f"{round(seconds, 1):g} s"
