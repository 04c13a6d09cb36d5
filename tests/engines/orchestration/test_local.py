"""The embedded scheduler: submit, follow, cancel."""

from collections.abc import Callable

import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.scheduling import JobRequest, JobState, Scheduler
from engines.orchestration import LocalScheduler
from tests.engines.orchestration.conftest import SCRIPTS
from tests.harness.audit import audit_events


@pytest.fixture
def scheduler(db: Database) -> LocalScheduler:
    return LocalScheduler(db, SCRIPTS)


def request(key: str = "job-1", **changes: object) -> JobRequest:
    values = {"kind": "probe", "key": key, "experiment_id": "experiment-1", "payload": {"a": 1}}
    return JobRequest(**{**values, **changes})


def test_scheduler_fits_the_port(scheduler: LocalScheduler) -> None:
    port: Scheduler = scheduler
    with pytest.raises(NotFound, match="no job “nothing”"):
        port.status("nothing")
    with pytest.raises(NotFound):
        port.log("nothing")


def test_submit_twice_queues_once(scheduler: LocalScheduler, analyst: Actor) -> None:
    scheduler.submit(analyst, request())
    scheduler.submit(analyst, request(experiment_id="experiment-2"))
    status = scheduler.status("job-1")
    assert (status.state, status.experiment_id) == (JobState.QUEUED, "experiment-1")
    assert (status.attempt, status.fraction, status.is_live) == (0, 0.0, True)


@pytest.mark.parametrize("kind", ["nothing", "os", "../probe", "probe;ls", "Probe", "", "_x"])
def test_submit_unknown_kind_is_refused(
    scheduler: LocalScheduler, analyst: Actor, kind: str
) -> None:
    with pytest.raises(InvalidInput, match="no job of the kind"):
        scheduler.submit(analyst, request(kind=kind))


@pytest.mark.parametrize("key", ["", " ", "--help", "x" * 201])
def test_submit_impossible_key_is_refused(
    scheduler: LocalScheduler, analyst: Actor, key: str
) -> None:
    with pytest.raises(InvalidInput, match="cannot be the key"):
        scheduler.submit(analyst, request(key))


def test_cancel_waiting_job_ends_it_and_is_audited(
    scheduler: LocalScheduler, analyst: Actor, db: Database
) -> None:
    scheduler.submit(analyst, request())
    scheduler.cancel(analyst, "job-1", "  not needed ")
    status = scheduler.status("job-1")
    assert status.state is JobState.CANCELLED
    assert status.error == "Cancelled by analyst: not needed"
    assert status.finished_at is not None
    (event,) = audit_events(db)
    assert (event.act, event.subject) == ("job.cancelled", "job:job-1")
    assert event.detail["reason"] == "not needed"
    with pytest.raises(NotReady, match="already ended"):
        scheduler.cancel(analyst, "job-1", "again")


def test_cancel_without_a_reason_is_refused(scheduler: LocalScheduler, analyst: Actor) -> None:
    scheduler.submit(analyst, request())
    with pytest.raises(InvalidInput, match="reason"):
        scheduler.cancel(analyst, "job-1", "  ")
    assert scheduler.status("job-1").is_live


def test_cancel_is_for_owner_and_administrator(
    scheduler: LocalScheduler, analyst: Actor, make_actor: Callable[..., Actor]
) -> None:
    scheduler.submit(analyst, request())
    with pytest.raises(NotAllowed, match="started by analyst"):
        scheduler.cancel(make_actor("analyst", name="other"), "job-1", "mine now")
    with pytest.raises(NotAllowed, match=r"job\.cancel"):
        scheduler.cancel(make_actor("auditor"), "job-1", "mine now")
    scheduler.cancel(make_actor("admin"), "job-1", "maintenance")
    assert scheduler.status("job-1").error == "Cancelled by admin: maintenance"
