"""Progress into the database: batched, bounded, fenced, and patient."""

import os
import time

import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import BackendUnavailable
from engines.core.scheduling import JobRequest
from engines.orchestration import LocalScheduler, WorkerLimits, progress, queue
from engines.orchestration.progress import DatabaseProgress
from tests.engines.orchestration.conftest import SCRIPTS


@pytest.fixture
def lease(db: Database, analyst: Actor) -> str:
    """The lease of a running job with the key `job-1`."""
    LocalScheduler(db, SCRIPTS).submit(analyst, JobRequest("probe", "job-1", "e", {}))
    taken = queue.claim(db, queue.register(db, os.getpid(), 1), WorkerLimits(slots=1))
    assert taken is not None
    return taken.lease


def test_ten_thousand_reports_cost_little_and_the_last_one_counts(db: Database, lease: str) -> None:
    began = time.monotonic()
    with DatabaseProgress(db, "job-1", lease, pytest.fail) as told:
        for number in range(10_000):
            told.report(number / 10_000, f"Step {number}")
            told.log(f"line {number}")
    assert time.monotonic() - began < 10
    scheduler = LocalScheduler(db, SCRIPTS)
    assert scheduler.status("job-1").step == "Step 9999"
    assert scheduler.log("job-1") == [f"line {number}" for number in range(10_000)]


def test_reports_are_clipped_and_the_log_is_bounded(
    db: Database, lease: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINES", 3)
    with DatabaseProgress(db, "job-1", lease, pytest.fail) as told:
        told.report(7.0, "Too far")
        told.log("x" * 10_000 + "\0")
        for number in range(10):
            told.log(f"line {number}")
    scheduler = LocalScheduler(db, SCRIPTS)
    assert scheduler.status("job-1").fraction == 1.0
    lines = scheduler.log("job-1")
    assert len(lines) == 4
    assert len(lines[0]) == progress.LINE_CHARACTERS
    assert lines[3].startswith("The log is full")


def test_next_attempt_goes_on_with_the_numbering(db: Database, lease: str) -> None:
    for attempt in ("first", "second"):
        with DatabaseProgress(db, "job-1", lease, pytest.fail) as told:
            told.log(attempt)
    assert LocalScheduler(db, SCRIPTS).log("job-1", after=1) == ["second"]


def test_lost_lease_is_noticed_even_when_nothing_is_said(
    db: Database, lease: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "FLUSH_SECONDS", 0.01)
    lost: list[bool] = []
    with DatabaseProgress(db, "job-1", lease, lambda: lost.append(True)):
        queue.conclude(db, lease, "It hung.", WorkerLimits(slots=1))
        until = time.monotonic() + 10
        while not lost and time.monotonic() < until:
            time.sleep(0.01)
    assert lost
    assert LocalScheduler(db, SCRIPTS).log("job-1") == []


def test_lines_survive_a_database_that_is_away(
    db: Database, lease: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = DatabaseProgress(db, "job-1", lease, pytest.fail)
    told.log("first")
    with monkeypatch.context() as away:
        away.setattr(db, "write", _away)
        with pytest.raises(BackendUnavailable):
            told.flush()
    told.log("second")
    told.flush()
    assert LocalScheduler(db, SCRIPTS).log("job-1") == ["first", "second"]


def _away() -> None:
    raise BackendUnavailable("The database did not answer.")
