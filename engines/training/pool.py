"""Workers that fit folds: forked processes, one thread each, that can be stopped in the middle.

A stopped future of the standard library's pool goes on to its end; a time budget and a cancel
need a worker that dies at once and is replaced.
"""

import multiprocessing as mp
import os
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

ORPHAN_CHECK = 2.0  # seconds between looks whether the parent still lives
FORK = mp.get_context("fork")  # data is inherited, not copied; nothing is imported again


@dataclass(frozen=True)
class Job:
    """A function of the pool's material and arguments; `tag` tells the caller what it was."""

    tag: Any
    work: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Done:
    """A job's end: its value, or the sentence of its failure. `seconds` is its wall time."""

    tag: Any
    value: Any
    error: str
    seconds: float


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: Job | None = None
    since: float = 0.0


@dataclass
class Pool:
    """`size` workers that share read-only `material`. Use as a context manager."""

    material: Any
    size: int
    _workers: list[_Worker] = field(default_factory=list)

    def __enter__(self) -> "Pool":
        self._workers = [self._fork() for _ in range(self.size)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            _end(worker)

    @property
    def free(self) -> int:
        """How many workers wait for a job."""
        return sum(worker.job is None for worker in self._workers)

    @property
    def busy(self) -> bool:
        """True while a job runs."""
        return self.free < self.size

    def submit(self, job: Job) -> None:
        """Give the job to a free worker. Call only when one is free."""
        worker = next(w for w in self._workers if w.job is None)
        worker.job, worker.since = job, time.monotonic()
        worker.pipe.send(job)

    def next(self, until: float = float("inf")) -> Done | None:
        """Wait for one job to end; None when time.monotonic() passes `until` first."""
        busy = {w.pipe: w for w in self._workers if w.job is not None}
        left = None if until == float("inf") else max(0.0, until - time.monotonic())
        ready = wait(list(busy), left) if busy else []
        return self._collect(busy[ready[0]]) if ready else None  # type: ignore[index]

    def stop(self, tag: Any) -> None:
        """End the job of that tag at once; its worker is replaced."""
        for number, worker in enumerate(self._workers):
            if worker.job is not None and worker.job.tag == tag:
                _end(worker)
                self._workers[number] = self._fork()

    def run(
        self, jobs: list[Job], until: float = float("inf"), at_least: int = 0
    ) -> Iterator[Done]:
        """Run all jobs in order as workers become free; those unfinished at `until` are ended.

        The end waits until `at_least` jobs gave a value, or there is no other to try.
        """
        waiting, good = list(jobs), 0
        while waiting or self.busy:
            limit = until if good >= at_least else float("inf")
            while waiting and self.free and time.monotonic() < limit:
                self.submit(waiting.pop(0))
            done = self.next(limit)
            if done is None:
                self._stop_all()
                return
            good += done.value is not None
            yield done

    def _stop_all(self) -> None:
        for worker in list(self._workers):
            if worker.job is not None:
                self.stop(worker.job.tag)

    def _collect(self, worker: _Worker) -> Done:
        job, took = worker.job, time.monotonic() - worker.since
        tag = job.tag if job else None
        worker.job = None
        try:
            value, error = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._workers[self._workers.index(worker)] = self._fork()
            _end(worker)
            return Done(tag, None, "Its process was killed; perhaps memory ran out.", took)
        return Done(tag, value, error, took)

    def _fork(self) -> _Worker:
        ours, theirs = FORK.Pipe()
        arguments = (theirs, self.material, os.getpid())
        process = FORK.Process(target=_serve, args=arguments, daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _serve(pipe: Connection, material: Any, parent: int) -> None:
    """A worker's life: one job after the other until the parent is gone."""
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        while os.getppid() == parent:
            if pipe.poll(ORPHAN_CHECK):
                job = pipe.recv()
                pipe.send(_answer(job, material))


def _answer(job: Job, material: Any) -> tuple[Any, str]:
    try:
        return job.work(material, *job.arguments), ""
    except Exception as error:  # a candidate that fails must not take the others with it
        last = traceback.extract_tb(error.__traceback__)[-1]
        first_line = str(error).strip().split("\n")[0][:300]
        return None, f"{type(error).__name__}: {first_line} ({last.name})"
