"""The embedded scheduler: a queue in the database that `app/worker.py` empties."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.correlation import correlated, correlation_id
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.scheduling import JobRequest, JobState, JobStatus
from engines.orchestration.launch import SCRIPTS, check_kind
from engines.orchestration.listing import found, may_cancel, status_of
from engines.orchestration.models import Job, JobLog


class LocalScheduler:
    """The scheduler port on our own database; `scripts` is the package that holds the job kinds."""

    def __init__(self, db: Database, scripts: str = SCRIPTS) -> None:
        self._db, self._scripts = db, scripts

    def submit(self, actor: Actor, request: JobRequest) -> None:
        """Queue the job; a key already known is left as it is.

        Raises InvalidInput (no such kind, or a key that cannot be one), BackendUnavailable.
        """
        check_kind(request.kind, self._scripts)
        _check_key(request.key)
        try:
            with self._db.write() as session:
                if session.get(Job, request.key) is None:
                    session.add(_queued(actor, request))
        except IntegrityError:
            return  # another process queued the same key in this very moment

    def status(self, key: str) -> JobStatus:
        """The job's present state. Raises NotFound."""
        with self._db.read() as session:
            return status_of(found(session, key))

    def log(self, key: str, after: int = 0) -> list[str]:
        """The job's log lines from number `after` on; the first has number 0. Raises NotFound."""
        lines = select(JobLog.line).where(col(JobLog.job_key) == key, col(JobLog.number) >= after)
        with self._db.read() as session:
            found(session, key)
            return list(session.exec(lines.order_by(col(JobLog.number))))

    @needs(Capability.JOB_CANCEL)
    def cancel(self, actor: Actor, key: str, reason: str) -> None:
        """Stop the job and everything it started: at once when it waits, else by its worker.

        Raises NotFound, NotAllowed (somebody else's), NotReady (ended), InvalidInput (no reason).
        """
        if not reason.strip():
            raise InvalidInput("A job is not cancelled without a reason.", hint="Write why.")
        with self._db.write() as session:
            job = found(session, key)
            session.refresh(job, with_for_update=True)
            _check_cancellable(actor, job)
            _cancel(session, actor, job, reason.strip()[:500])


def follow_up(db: Database, key: str, kind: str, retries: int = 0) -> None:
    """Queue a job of `kind` after the job `key`: its owner, experiment, payload, correlation id.

    Doing so again queues nothing. Raises NotFound or BackendUnavailable.
    """
    with db.read() as session:
        first = found(session, key)
    owner = Actor(id=first.owner_id, name=first.owner_name, roles=frozenset())
    request = JobRequest(
        kind, f"{kind}-{key}"[:200], first.experiment_id, first.payload, retries=retries
    )
    with correlated(first.correlation_id):
        LocalScheduler(db).submit(owner, request)


def without_follow_up(db: Database, first: str, kind: str) -> list[str]:
    """Keys of jobs of the kind `first` that began, did not succeed, and have no follow-up yet."""
    after = sa.orm.aliased(Job)
    has_one = sa.exists().where(col(after.key) == sa.literal(f"{kind}-") + col(Job.key))
    ended = col(Job.state).in_([JobState.FAILED.value, JobState.CANCELLED.value])
    began = col(Job.kind) == first, ended, col(Job.attempt) > 0
    with db.read() as session:
        return list(session.exec(select(Job.key).where(*began, ~has_one)))


def _check_key(key: str) -> None:
    # The key becomes an argument of a command line.
    if not key.strip() or key.startswith("-") or len(key) > 200:
        raise InvalidInput(f"“{key[:50]}” cannot be the key of a job.")


def _queued(actor: Actor, request: JobRequest) -> Job:
    with correlated(correlation_id() or None) as identifier:
        return Job(
            key=request.key,
            kind=request.kind,
            experiment_id=request.experiment_id,
            payload=request.payload,
            owner_id=actor.id,
            owner_name=actor.name,
            correlation_id=identifier,
            state=JobState.QUEUED.value,
            retries=request.retries,
            timeout_seconds=request.timeout_seconds,
            step="Waiting for a free worker",
        )


def _check_cancellable(actor: Actor, job: Job) -> None:
    if not may_cancel(actor, job):
        raise NotAllowed(
            f"This job was started by {job.owner_name}.",
            hint="Its owner or an administrator may cancel it.",
        )
    if not status_of(job).is_live:
        raise NotReady("The job has already ended.", hint="There is nothing left to cancel.")
    if job.cancel_reason:
        raise NotReady("The job is already being cancelled.", hint="Wait a moment.")


def _cancel(session: Session, actor: Actor, job: Job, reason: str) -> None:
    job.cancel_reason = f"Cancelled by {actor.name}: {reason}"
    job.step = "Being cancelled"
    if job.state == JobState.QUEUED:
        job.state, job.error, job.finished_at = JobState.CANCELLED.value, job.cancel_reason, now()
    session.add(job)
    detail = {"reason": reason, "kind": job.kind, "experiment_id": job.experiment_id}
    events.record(session, actor, "job.cancelled", f"job:{job.key}", **detail)
