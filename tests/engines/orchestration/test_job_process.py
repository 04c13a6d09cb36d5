"""The job's side: who may run it, started by a worker or by hand."""

from typing import Any

import pytest

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import NotAllowed, NotReady
from engines.core.progress import Progress
from engines.core.scheduling import JobRequest, JobState
from engines.orchestration import LocalScheduler, run_job
from tests.engines.orchestration.conftest import SCRIPTS


def idle(actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    progress.report(0.3, f"Working on {payload['what']}")


@pytest.fixture
def scheduler(db: Database, analyst: Actor) -> LocalScheduler:
    """A scheduler with one queued job."""
    scheduler = LocalScheduler(db, SCRIPTS)
    scheduler.submit(analyst, JobRequest("probe", "job-1", "e", {"what": "nothing"}))
    return scheduler


def test_queued_job_started_by_hand_is_taken_and_ended(
    db: Database, analyst: Actor, scheduler: LocalScheduler
) -> None:
    assert run_job(db, "job-1", idle, lambda user_id: analyst) == 0
    assert scheduler.status("job-1").state is JobState.SUCCEEDED
    with pytest.raises(NotReady, match="does not wait"):
        run_job(db, "job-1", idle, lambda user_id: analyst)


def test_person_who_lost_the_role_meanwhile_is_refused(
    db: Database, analyst: Actor, scheduler: LocalScheduler
) -> None:
    def gone(user_id: str) -> Actor:
        raise NotAllowed(f"{user_id} may no longer act.")

    assert run_job(db, "job-1", idle, gone) == 1
    status = scheduler.status("job-1")
    assert (status.state, status.error) == (JobState.FAILED, "user-analyst may no longer act.")


def test_foreign_lease_is_refused(
    db: Database, analyst: Actor, scheduler: LocalScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAAS_JOB_LEASE", "not-the-one")
    with pytest.raises(NotReady, match="given to another process"):
        run_job(db, "job-1", idle, lambda user_id: analyst)
    assert scheduler.status("job-1").state is JobState.QUEUED
