"""The queue alone: who gets which job, and what becomes of it."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from engines.core.access import Actor
from engines.core.database import Database, now
from engines.core.scheduling import JobRequest, JobState
from engines.orchestration import Job, JobWorker, LocalScheduler, WorkerLimits, queue
from tests.engines.orchestration.conftest import SCRIPTS, wait_for

LIMITS = WorkerLimits(slots=4, backoff_seconds=5.0)


def submit(db: Database, actor: Actor, *keys: str, kind: str = "probe", retries: int = 0) -> None:
    for key in keys:
        request = JobRequest(kind, key, "experiment-1", {}, retries=retries)
        LocalScheduler(db, SCRIPTS).submit(actor, request)


def job(db: Database, key: str) -> Job:
    with db.read() as session:
        return session.get_one(Job, key)


def change(db: Database, table: type[Job] | type[JobWorker], **values: object) -> None:
    with db.write() as session:
        session.connection().execute(sa.update(table).values(**values))


@pytest.fixture
def me(db: Database) -> JobWorker:
    return queue.register(db, os.getpid(), slots=4)


def test_two_workers_racing_take_each_of_fifty_jobs_once(
    db: Database, analyst: Actor, tmp_path: Path
) -> None:
    keys = [f"job-{n:02}" for n in range(50)]
    submit(db, analyst, *keys)
    url, gate = db.url.render_as_string(hide_password=False), tmp_path / "gate"
    ready = [tmp_path / "ready-1", tmp_path / "ready-2"]
    module = "tests.engines.orchestration.claimer"
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", module, url, str(gate), str(mark)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for mark in ready
    ]
    wait_for(lambda: all(mark.exists() for mark in ready))
    gate.touch()
    taken = [racer.communicate(timeout=60)[0].splitlines() for racer in racers]
    assert sorted(taken[0] + taken[1]) == [f"{key} 1" for key in keys]
    assert all(taken), "one of them got nothing: that was no race"


def test_claim_takes_the_oldest_first(db: Database, analyst: Actor, me: JobWorker) -> None:
    submit(db, analyst, "b", "a")
    first, second = (queue.claim(db, me, LIMITS) for _ in range(2))
    assert first is not None
    assert second is not None
    assert [first.key, second.key] == ["b", "a"]
    assert queue.claim(db, me, LIMITS) is None


def test_claim_leaves_a_second_training_until_the_first_has_ended(
    db: Database, analyst: Actor, me: JobWorker
) -> None:
    submit(db, analyst, "train-1", "train-2", kind="train")
    submit(db, analyst, "other")
    first, second = (queue.claim(db, me, LIMITS) for _ in range(2))
    assert first is not None
    assert second is not None
    assert [first.key, second.key] == ["train-1", "other"]
    assert queue.claim(db, me, LIMITS) is None
    queue.conclude(db, first.lease, "gone", LIMITS)
    third = queue.claim(db, me, LIMITS)
    assert third is not None
    assert third.key == "train-2"


def test_failed_attempts_wait_twice_as_long_each_time(
    db: Database, analyst: Actor, me: JobWorker
) -> None:
    submit(db, analyst, "flaky", retries=2)
    waits = []
    for _ in range(3):
        change(db, Job, due_at=now())
        taken = queue.claim(db, me, LIMITS)
        assert taken is not None
        ended = queue.conclude(db, taken.lease, "It broke.", LIMITS)
        assert ended is not None
        waits.append(round((ended.due_at - now()).total_seconds()))
        assert queue.claim(db, me, LIMITS) is None
    assert waits[:2] == [5, 10]
    final = job(db, "flaky")
    assert (final.state, final.error, final.attempt) == (JobState.FAILED, "It broke.", 3)
    assert LIMITS.backoff(30) == LIMITS.longest_backoff_seconds


def test_success_said_before_a_cancel_stands(db: Database, analyst: Actor, me: JobWorker) -> None:
    submit(db, analyst, "late")
    taken = queue.claim(db, me, LIMITS)
    assert taken is not None
    queue.say(db, taken.lease, JobState.SUCCEEDED, "")
    LocalScheduler(db, SCRIPTS).cancel(analyst, "late", "too late")
    queue.conclude(db, taken.lease, "", LIMITS)
    assert job(db, "late").state == JobState.SUCCEEDED


def test_given_up_attempt_can_no_longer_speak(db: Database, analyst: Actor, me: JobWorker) -> None:
    submit(db, analyst, "twice", retries=1)
    first = queue.claim(db, me, LIMITS)
    assert first is not None
    queue.conclude(db, first.lease, "It hung.", LIMITS)
    change(db, Job, due_at=now())
    second = queue.claim(db, me, LIMITS)
    assert second is not None
    assert second.lease != first.lease
    queue.say(db, first.lease, JobState.SUCCEEDED, "")
    assert queue.conclude(db, first.lease, "", LIMITS) is None
    assert (job(db, "twice").state, job(db, "twice").outcome) == (JobState.RUNNING, "")


def test_recover_leaves_the_jobs_of_a_living_worker(
    db: Database, analyst: Actor, me: JobWorker
) -> None:
    submit(db, analyst, "busy")
    queue.claim(db, me, LIMITS)
    change(db, JobWorker, heartbeat_at=now() - timedelta(days=1))
    assert queue.recover(db, LIMITS) == []
    assert job(db, "busy").state == JobState.RUNNING


@pytest.mark.parametrize(("silent", "state"), [(59, JobState.RUNNING), (70, JobState.FAILED)])
def test_recover_gives_up_another_machine_after_its_lease(
    db: Database, analyst: Actor, me: JobWorker, silent: int, state: JobState
) -> None:
    submit(db, analyst, "far")
    queue.claim(db, me, LIMITS)
    heard = now() - timedelta(seconds=silent)
    change(db, JobWorker, host="elsewhere", heartbeat_at=heard)
    queue.recover(db, LIMITS)
    assert job(db, "far").state == state


def test_recover_keeps_what_the_process_said_before_its_worker_died(
    db: Database, analyst: Actor, me: JobWorker
) -> None:
    submit(db, analyst, "done")
    taken = queue.claim(db, me, LIMITS)
    assert taken is not None
    queue.say(db, taken.lease, JobState.SUCCEEDED, "")
    change(db, JobWorker, process="another-boot/1/1")
    queue.recover(db, LIMITS)
    assert job(db, "done").state == JobState.SUCCEEDED


def test_beat_reaches_the_worker_and_its_jobs(db: Database, analyst: Actor, me: JobWorker) -> None:
    submit(db, analyst, "busy")
    queue.claim(db, me, LIMITS)
    long_ago = now() - timedelta(hours=1)
    change(db, JobWorker, heartbeat_at=long_ago)
    change(db, Job, heartbeat_at=long_ago)
    queue.beat(db, me)
    beat = job(db, "busy").heartbeat_at
    assert beat is not None
    assert beat > long_ago
    with db.read() as session:
        workers = session.connection().execute(sa.select(col(JobWorker.heartbeat_at)))
        assert workers.scalar_one() > long_ago
