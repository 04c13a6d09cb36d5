"""Finished jobs go after their time with their logs; nothing that runs, and no audit row, does."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlmodel import select

from engines.core.access import Actor
from engines.core.database import Database, now
from engines.core.errors import BackendUnavailable
from engines.core.scheduling import JobState
from engines.orchestration import housekeeping
from engines.orchestration.housekeeping import Housekeeping, forget_old
from engines.orchestration.models import Job, JobLog, JobWorker
from tests.harness.audit import audit_events

Add = Callable[..., str]


@pytest.fixture
def add(db: Database, analyst: Actor) -> Add:
    """Add a job that ended so many days ago, with two lines of log; its key."""

    def made(key: str, days: float, state: JobState = JobState.SUCCEEDED, worker: str = "") -> str:
        at = now() - timedelta(days=days)
        job = Job(
            key=key, kind="probe", experiment_id="e", payload={}, owner_id=analyst.id,
            owner_name=analyst.name, correlation_id="c", state=state.value, created_at=at,
            finished_at=None if state in ("queued", "running") else at, worker_id=worker or None,
        )  # fmt: skip
        with db.write() as session:
            session.add(job)
            session.flush()
            session.add_all([JobLog(job_key=key, number=n, line="x") for n in range(2)])
        return key

    return made


def left(db: Database) -> set[str]:
    with db.read() as session:
        keys = set(session.exec(select(Job.key)))
        assert set(session.exec(select(JobLog.job_key))) == keys
    return keys


def test_jobs_that_ended_long_ago_go_with_their_logs(db: Database, add: Add) -> None:
    for state in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED):
        add(f"old-{state}", 91, state)
        add(f"new-{state}", 89, state)
    assert forget_old(db, 90) == 3
    assert left(db) == {"new-succeeded", "new-failed", "new-cancelled"}
    assert forget_old(db, 90) == 0


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_live_job_stays_however_old_it_is(db: Database, add: Add, state: JobState) -> None:
    add("live", 1000, state)
    assert forget_old(db, 1) == 0
    assert left(db) == {"live"}


def test_forgetting_is_one_audit_row_and_takes_none_away(db: Database, add: Add) -> None:
    add("old", 91)
    forget_old(db, 90)
    forget_old(db, 90)
    assert [event.detail["jobs"] for event in audit_events(db, "job.forgotten")] == [1]


def test_more_than_one_batch_goes_at_once(
    db: Database, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "AT_ONCE", 2)
    for n in range(5):
        add(f"old-{n}", 100 + n)
    assert forget_old(db, 90) == 5
    assert left(db) == set()


def test_workers_of_that_time_go_unless_a_job_names_them(db: Database, add: Add) -> None:
    long_ago = now() - timedelta(days=100)
    with db.write() as session:
        for name, at in (("gone", long_ago), ("busy", long_ago), ("here", now())):
            session.add(JobWorker(id=name, host="h", process="p", slots=1, heartbeat_at=at))
    add("live", 100, JobState.RUNNING, worker="busy")
    forget_old(db, 90)
    with db.read() as session:
        assert set(session.exec(select(JobWorker.id))) == {"busy", "here"}


def test_two_workers_that_tidy_at_once_count_each_job_once(db: Database, add: Add) -> None:
    for n in range(20):
        add(f"old-{n}", 100)
    together, gone = Barrier(2), []

    def tidy() -> None:
        together.wait()
        gone.append(forget_old(db, 90))

    threads = [Thread(target=tidy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        sum(gone) == sum(event.detail["jobs"] for event in audit_events(db, "job.forgotten")) == 20
    )
    assert left(db) == set()


def test_tidying_waits_an_hour_before_the_next_time(db: Database, add: Add) -> None:
    keeper = Housekeeping(db, 90)
    add("one", 91)
    keeper.tidy()
    add("two", 91)
    keeper.tidy()
    assert left(db) == {"two"}


def test_database_that_is_away_stops_nobody(
    db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> int:
        raise BackendUnavailable("The database did not answer.")

    monkeypatch.setattr(housekeeping, "forget_old", away)
    Housekeeping(db, 90).tidy()
    assert "Old jobs stay for now: The database did not answer." in caplog.text
