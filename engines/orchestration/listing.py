"""What people may read about jobs: the list, one job, its log, and whether a worker is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, Role, needs
from engines.core.database import Database, now
from engines.core.errors import NotFound
from engines.core.scheduling import LIVE, JobState, JobStatus
from engines.orchestration.models import Job, JobLog, JobWorker

WORKER_SILENCE_SECONDS = 20.0
PAGE_SIZE = 20


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to show; what is empty does not narrow."""

    state: str = ""
    kind: str = ""
    experiment_id: str = ""
    owner_id: str = ""


@dataclass(frozen=True)
class JobEntry:
    """One job with its owner; `cancellable` holds for the person who asked for the list."""

    status: JobStatus
    owner_id: str
    owner_name: str
    correlation_id: str
    cancellable: bool


@dataclass(frozen=True)
class JobPage:
    """One page of jobs, newest first, and how many there are in all."""

    entries: list[JobEntry]
    total: int


@dataclass(frozen=True)
class QueueState:
    """The queue at a glance: jobs by state, and workers heard of lately."""

    waiting: int
    running: int
    workers: int
    slots: int


@needs(Capability.JOB_READ)
def jobs(
    db: Database,
    actor: Actor,
    chosen: JobFilter = JobFilter(),
    page: int = 1,
    size: int = PAGE_SIZE,
) -> JobPage:
    """One page of the jobs, newest first; a page beyond the last gives the last."""
    narrowed = _narrowed(chosen)
    newest = select(Job).where(*narrowed).order_by(col(Job.created_at).desc(), col(Job.key))
    with db.read() as session:
        total = session.exec(select(sa.func.count()).select_from(Job).where(*narrowed)).one()
        skipped = size * min(max(page - 1, 0), max(total - 1, 0) // size)
        rows = session.exec(newest.offset(skipped).limit(size)).all()
    return JobPage([_entry(actor, job) for job in rows], total)


@needs(Capability.JOB_READ)
def job(db: Database, actor: Actor, key: str) -> JobEntry:
    """One job. Raises NotFound."""
    with db.read() as session:
        return _entry(actor, found(session, key))


@needs(Capability.JOB_READ)
def job_log(db: Database, actor: Actor, key: str, last: int = 200) -> list[str]:
    """The last lines of a job's log, oldest first. Raises NotFound."""
    mine = select(JobLog.line).where(col(JobLog.job_key) == key)
    with db.read() as session:
        found(session, key)
        return list(session.exec(mine.order_by(col(JobLog.number).desc()).limit(last)))[::-1]


@needs(Capability.JOB_READ)
def queue_state(db: Database, actor: Actor) -> QueueState:
    """How much waits and runs, and whether any worker is there to do it."""
    live = select(Job.state, sa.func.count()).where(col(Job.state).in_(LIVE))
    heard = now() - timedelta(seconds=WORKER_SILENCE_SECONDS)
    present = select(JobWorker.slots).where(
        col(JobWorker.heartbeat_at) > heard, col(JobWorker.stopped_at).is_(None)
    )
    with db.read() as session:
        counts = dict(session.exec(live.group_by(col(Job.state))).all())
        slots = session.exec(present).all()
    waiting, running = counts.get(JobState.QUEUED, 0), counts.get(JobState.RUNNING, 0)
    return QueueState(waiting, running, workers=len(slots), slots=sum(slots))


@needs(Capability.JOB_READ)
def job_kinds(db: Database, actor: Actor) -> list[str]:
    """The kinds of jobs there have been, in alphabetical order."""
    with db.read() as session:
        return list(session.exec(select(Job.kind).distinct().order_by(col(Job.kind))))


@needs(Capability.JOB_READ)
def busy_experiments(db: Database, actor: Actor, experiment_ids: Sequence[str]) -> set[str]:
    """Those of the experiments for which a job waits or runs."""
    live = select(Job.experiment_id).where(
        col(Job.experiment_id).in_(experiment_ids), col(Job.state).in_([*LIVE])
    )
    with db.read() as session:
        return set(session.exec(live.distinct()))


def found(session: Session, key: str) -> Job:
    """The job of that key. Raises NotFound."""
    row = session.get(Job, key)
    if row is None:
        raise NotFound(f"There is no job “{key}”.", hint="Look for it in the list of jobs.")
    return row


def may_cancel(actor: Actor, job: Job) -> bool:
    """Whether the actor may stop this job: its owner, or an administrator."""
    return job.owner_id == actor.id or Role.ADMIN in actor.roles


def status_of(job: Job) -> JobStatus:
    """The job as the scheduler port describes it."""
    return JobStatus(
        key=job.key,
        kind=job.kind,
        experiment_id=job.experiment_id,
        state=JobState(job.state),
        fraction=job.fraction,
        step=job.step,
        error=job.error,
        attempt=job.attempt,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def _entry(actor: Actor, job: Job) -> JobEntry:
    allowed = actor.may(Capability.JOB_CANCEL) and may_cancel(actor, job)
    status = status_of(job)
    open_ = status.is_live and not job.cancel_reason
    return JobEntry(status, job.owner_id, job.owner_name, job.correlation_id, allowed and open_)


def _narrowed(chosen: JobFilter) -> list[sa.ColumnElement[bool]]:
    wanted = {
        col(Job.state): chosen.state,
        col(Job.kind): chosen.kind,
        col(Job.experiment_id): chosen.experiment_id,
        col(Job.owner_id): chosen.owner_id,
    }
    return [column == value for column, value in wanted.items() if value]
