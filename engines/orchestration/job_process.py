"""Inside a job's own process: restore who asked and why, do the work, say how it ended."""

import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from engines.core.access import Actor
from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, MlaasError, NotReady
from engines.core.progress import Progress
from engines.core.scheduling import JobState
from engines.orchestration import processes, queue
from engines.orchestration.limits import WorkerLimits
from engines.orchestration.models import Job
from engines.orchestration.progress import DatabaseProgress

Work = Callable[[Actor, dict[str, Any], Progress], None]
Around = Callable[[Actor, Job], AbstractContextManager[object]]
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries to say how the job ended

log = logging.getLogger(__name__)


def run_job(
    db: Database,
    key: str,
    work: Work,
    actor_of: Callable[[str], Actor],
    around: Around = lambda actor, job: nullcontext(),
) -> int:
    """Do the work of the job and return the exit code of the process, 0 or 1.

    `actor_of` gives the person with the roles held now, not those held when the job was asked for.
    `around` wraps the work, for what a log line should carry. A job that waits and was not started
    by a worker is taken by this process itself. Raises NotReady when it is somebody else's.
    """
    lease = os.environ.get(processes.LEASE, "")
    job = _leased(db, key, lease) if lease else _taken(db, key)
    with correlated(job.correlation_id):
        with DatabaseProgress(db, key, job.lease, _end_own_group) as progress:
            outcome, error = _attempt(job, work, actor_of, around, progress)
        _say(db, job.lease, outcome, error)
    if not lease:
        queue.conclude(db, job.lease, error, WorkerLimits(slots=1))
    return 0 if outcome == JobState.SUCCEEDED else 1


def _attempt(
    job: Job,
    work: Work,
    actor_of: Callable[[str], Actor],
    around: Around,
    progress: DatabaseProgress,
) -> tuple[str, str]:
    if job.attempt > 1:
        progress.log(f"Attempt {job.attempt} of {job.retries + 1}")
    try:
        actor = actor_of(job.owner_id)
        with around(actor, job):
            work(actor, job.payload, progress)
    except MlaasError as error:
        log.warning("Job ended with a sentence: %s", error, extra={"job": job.key})
        progress.log(str(error))
        may_help = isinstance(error, BackendUnavailable)
        return JobState.FAILED if may_help else queue.REFUSED, str(error)
    except Exception:
        log.exception("Job ended with an unexpected fault", extra={"job": job.key})
        return JobState.FAILED, unexpected(job.correlation_id)
    return JobState.SUCCEEDED, ""


def unexpected(correlation_id: str) -> str:
    """The sentence for a fault whose details belong in the log alone."""
    return f"An unexpected fault ended this job. Give the platform team its id {correlation_id}."


def _leased(db: Database, key: str, lease: str) -> Job:
    with db.write() as session:
        job = queue.leased(session, lease)
    if job is None or job.key != key:
        raise NotReady(f"Job {key} was ended or given to another process meanwhile.")
    return job


def _taken(db: Database, key: str) -> Job:
    job = queue.take(db, key, queue.register(db, os.getpid(), slots=1))
    if job is None:
        raise NotReady(
            f"Job {key} does not wait to be run.", hint="Only a queued job can be started by hand."
        )
    return job


def _say(db: Database, lease: str, outcome: str, error: str) -> None:
    # Hours of work must not be lost to a database that is away for a moment.
    for wait in PATIENCE:
        try:
            queue.say(db, lease, outcome, error)
        except BackendUnavailable:
            time.sleep(wait)
        else:
            return
    queue.say(db, lease, outcome, error)


def _end_own_group() -> None:
    log.warning("This job is no longer ours; its process ends")
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
