"""Reading about jobs: pages, filters, logs, the queue at a glance."""

import os
from collections.abc import Callable

import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import NotAllowed, NotFound
from engines.core.scheduling import JobRequest, JobState
from engines.orchestration import (
    JobFilter,
    JobLog,
    LocalScheduler,
    QueueState,
    WorkerLimits,
    busy_experiments,
    job,
    job_kinds,
    job_log,
    jobs,
    queue,
    queue_state,
)
from tests.engines.orchestration.conftest import SCRIPTS


@pytest.fixture
def five(db: Database, analyst: Actor, make_actor: Callable[..., Actor]) -> Database:
    """Three jobs of the analyst, two of somebody else, the first one cancelled."""
    scheduler, other = LocalScheduler(db, SCRIPTS), make_actor("analyst", name="other")
    for number in range(5):
        owner = analyst if number < 3 else other
        kind = "train" if number == 4 else "probe"
        scheduler.submit(owner, JobRequest(kind, f"job-{number}", f"experiment-{number % 2}", {}))
    scheduler.cancel(analyst, "job-0", "no")
    return db


def test_jobs_are_paged_newest_first(five: Database, analyst: Actor) -> None:
    first, last = (jobs(five, analyst, page=page, size=2) for page in (1, 9))
    assert [entry.status.key for entry in first.entries] == ["job-4", "job-3"]
    assert [entry.status.key for entry in last.entries] == ["job-0"]
    assert first.total == last.total == 5


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        (JobFilter(state="cancelled"), {"job-0"}),
        (JobFilter(kind="train"), {"job-4"}),
        (JobFilter(experiment_id="experiment-1"), {"job-1", "job-3"}),
        (JobFilter(owner_id="user-other", kind="probe"), {"job-3"}),
        (JobFilter(kind="nothing"), set()),
    ],
)
def test_jobs_are_narrowed(
    five: Database, analyst: Actor, chosen: JobFilter, keys: set[str]
) -> None:
    found = jobs(five, analyst, chosen)
    assert {entry.status.key for entry in found.entries} == keys
    assert found.total == len(keys)


def test_jobs_say_what_the_reader_may_cancel(
    five: Database, analyst: Actor, make_actor: Callable[..., Actor]
) -> None:
    def cancellable(reader: Actor) -> set[str]:
        entries = jobs(five, reader).entries
        return {entry.status.key for entry in entries if entry.cancellable}

    assert cancellable(analyst) == {"job-1", "job-2"}
    assert cancellable(make_actor("admin")) == {"job-1", "job-2", "job-3", "job-4"}
    assert cancellable(make_actor("auditor")) == set()


def test_job_log_gives_the_last_lines_in_order(five: Database, analyst: Actor) -> None:
    with five.write() as session:
        session.add_all(JobLog(job_key="job-1", number=n, line=f"line {n}") for n in range(30))
    assert job_log(five, analyst, "job-1", last=2) == ["line 28", "line 29"]
    assert LocalScheduler(five, SCRIPTS).log("job-1", after=29) == ["line 29"]
    with pytest.raises(NotFound):
        job_log(five, analyst, "nothing")


def test_queue_state_counts_jobs_and_present_workers(five: Database, analyst: Actor) -> None:
    assert queue_state(five, analyst) == QueueState(waiting=4, running=0, workers=0, slots=0)
    worker = queue.register(five, os.getpid(), slots=3)
    queue.claim(five, worker, WorkerLimits(slots=3))
    assert queue_state(five, analyst) == QueueState(waiting=3, running=1, workers=1, slots=3)
    queue.deregister(five, worker)
    assert queue_state(five, analyst).workers == 0


def test_one_job_and_the_kinds_are_readable(five: Database, analyst: Actor) -> None:
    entry = job(five, analyst, "job-3")
    assert (entry.owner_name, entry.status.state) == ("other", JobState.QUEUED)
    assert job_kinds(five, analyst) == ["probe", "train"]


def test_listing_needs_the_permission(five: Database) -> None:
    nobody = Actor("user-x", "x", frozenset())
    for ask in (jobs, queue_state, job_kinds):
        with pytest.raises(NotAllowed, match=r"job\.read"):
            ask(five, nobody)


def test_busy_experiments_are_those_with_a_live_job(db: Database, analyst: Actor) -> None:
    scheduler = LocalScheduler(db, SCRIPTS)
    for key, experiment in (("one", "a"), ("two", "a"), ("three", "b")):
        scheduler.submit(analyst, JobRequest("probe", key, experiment, {}))
    scheduler.cancel(analyst, "three", "not needed")
    assert busy_experiments(db, analyst, ["a", "b", "c"]) == {"a"}
