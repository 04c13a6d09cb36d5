"""The queue in the database: claim, heartbeat, conclude, recover. Each change is conditional."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core.database import Database, new_id, now
from engines.core.scheduling import JobState
from engines.orchestration import processes
from engines.orchestration.limits import WorkerLimits
from engines.orchestration.models import Job, JobWorker

CLAIM_LOCK = 0x4D4C4A4F  # any constant: the PostgreSQL advisory lock that serialises claims
REFUSED = "refused"  # the job said a sentence its user must act on: trying again cannot help


def register(db: Database, pid: int, slots: int) -> JobWorker:
    """Enter this process among the workers."""
    worker = JobWorker(host=processes.host(), process=processes.identity(pid), slots=slots)
    with db.write() as session:
        session.add(worker)
    return worker


def deregister(db: Database, worker: JobWorker) -> None:
    """Note that the worker has stopped by itself."""
    with db.write() as session:
        _set_worker(session, worker.id, stopped_at=now())


def beat(db: Database, worker: JobWorker) -> None:
    """Say that the worker and its jobs are alive."""
    with db.write() as session:
        _set_worker(session, worker.id, heartbeat_at=now())
        mine = sa.update(Job).where(col(Job.worker_id) == worker.id)
        running = mine.where(col(Job.state) == JobState.RUNNING)
        session.connection().execute(running.values(heartbeat_at=now()))


def claim(db: Database, worker: JobWorker, limits: WorkerLimits) -> Job | None:
    """Take the oldest job that is due, or None. No two workers ever take the same one."""
    with db.read() as session:  # an idle worker takes no write lock
        if _next(session, worker.host, limits) is None:
            return None
    with db.write() as session:
        if not db.is_sqlite:
            session.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(CLAIM_LOCK)))
        key = _next(session, worker.host, limits)
        return _take(session, key, worker) if key else None


def take(db: Database, key: str, worker: JobWorker) -> Job | None:
    """Take one named job if it waits, or None."""
    with db.write() as session:
        return _take(session, key, worker)


@dataclass(frozen=True)
class Order:
    """What the database says about a running attempt: cancel it, or that its work has ended."""

    cancel_reason: str
    has_outcome: bool


def held(db: Database, worker: JobWorker) -> dict[str, Order]:
    """The running jobs of the worker, by lease."""
    mine = select(Job.lease, Job.cancel_reason, Job.outcome).where(
        col(Job.worker_id) == worker.id, col(Job.state) == JobState.RUNNING
    )
    with db.read() as session:
        rows = session.exec(mine).all()
    return {lease: Order(reason, bool(outcome)) for lease, reason, outcome in rows}


def leases(db: Database) -> set[str]:
    """The leases of all running jobs, whoever runs them."""
    with db.read() as session:
        running = select(Job.lease).where(col(Job.state) == JobState.RUNNING)
        return set(session.exec(running).all())


def leased(session: Session, lease: str) -> Job | None:
    """The running job of that lease, locked for this transaction; None when it was given up."""
    job = select(Job).where(col(Job.lease) == lease, col(Job.state) == JobState.RUNNING)
    return session.exec(job.with_for_update()).first() if lease else None


def say(db: Database, lease: str, outcome: str, error: str) -> None:
    """Keep what the job's process says of its own end; the worker concludes from it."""
    with db.write() as session:
        job = leased(session, lease)
        if job:
            job.outcome, job.error = outcome, error
            session.add(job)


def conclude(db: Database, lease: str, fallback: str, limits: WorkerLimits) -> Job | None:
    """End the attempt when its processes are gone: succeeded, cancelled, queued again, or failed.

    `fallback` is the reason when the process could not say one. None when the lease is not valid.
    """
    with db.write() as session:
        job = leased(session, lease)
        if job:
            _conclude(job, job.error or fallback, limits)
            session.add(job)
        return job


def recover(db: Database, limits: WorkerLimits) -> list[Job]:
    """Conclude the jobs of workers that died, ending on this machine what they left behind."""
    concluded = [_recover(db, job, worker, limits) for job, worker in _lost(db, limits)]
    return [job for job in concluded if job]


def _recover(db: Database, job: Job, worker: JobWorker, limits: WorkerLimits) -> Job | None:
    if worker.host == processes.host():
        processes.end_family(job.lease)
    return conclude(db, job.lease, "The worker stopped in the middle of this job.", limits)


def _lost(db: Database, limits: WorkerLimits) -> list[tuple[Job, JobWorker]]:
    running = select(Job, JobWorker).where(
        col(Job.state) == JobState.RUNNING, col(Job.worker_id) == col(JobWorker.id)
    )
    oldest = now() - timedelta(seconds=limits.lease_seconds)
    with db.read() as session:
        pairs = session.exec(running).all()
    return [(job, worker) for job, worker in pairs if _is_lost(worker, oldest)]


def _is_lost(worker: JobWorker, oldest: datetime) -> bool:
    # A process of this machine can be looked at; of another one only the heartbeat is known.
    if worker.host == processes.host():
        return not processes.is_alive(worker.process)
    return worker.heartbeat_at < oldest


def _next(session: Session, host: str, limits: WorkerLimits) -> str | None:
    busy = (
        sa.select(col(Job.kind))
        .join(JobWorker, col(Job.worker_id) == col(JobWorker.id))
        .where(col(Job.state) == JobState.RUNNING, col(JobWorker.host) == host)
        .where(col(Job.kind).in_(limits.alone))
    )
    waiting = (
        select(Job.key)
        .where(col(Job.state) == JobState.QUEUED, col(Job.due_at) <= now())
        .where(col(Job.kind).not_in(busy))
        .order_by(col(Job.created_at), col(Job.key))
    )
    return session.exec(waiting.limit(1)).first()


def _take(session: Session, key: str, worker: JobWorker) -> Job | None:
    waiting = sa.update(Job).where(col(Job.key) == key, col(Job.state) == JobState.QUEUED)
    taken = waiting.values(
        state=JobState.RUNNING.value,
        attempt=col(Job.attempt) + 1,
        worker_id=worker.id,
        lease=new_id(),
        started_at=now(),
        heartbeat_at=now(),
        fraction=0.0,
        step="Starting",
        error="",
        outcome="",
    )
    changed = session.connection().execute(taken).rowcount
    return session.get(Job, key, populate_existing=True) if changed else None


def _conclude(job: Job, reason: str, limits: WorkerLimits) -> None:
    job.lease, job.worker_id = "", None
    if job.outcome == JobState.SUCCEEDED:
        _finish(job, JobState.SUCCEEDED, "")
    elif job.cancel_reason:
        _finish(job, JobState.CANCELLED, job.cancel_reason)
    elif job.outcome != REFUSED and job.attempt <= job.retries:
        _queue_again(job, reason, limits.backoff(job.attempt))
    else:
        _finish(job, JobState.FAILED, reason)


def _finish(job: Job, state: JobState, error: str) -> None:
    job.state, job.error, job.finished_at = state.value, error, now()
    if state is JobState.SUCCEEDED:
        job.fraction, job.step = 1.0, "Done"


def _queue_again(job: Job, reason: str, wait: float) -> None:
    job.state, job.error, job.fraction = JobState.QUEUED.value, reason, 0.0
    job.step = f"Waiting for attempt {job.attempt + 1} of {job.retries + 1}"
    job.due_at = now() + timedelta(seconds=wait)


def _set_worker(session: Session, worker_id: str, **values: datetime) -> None:
    chosen = sa.update(JobWorker).where(col(JobWorker.id) == worker_id)
    session.connection().execute(chosen.values(**values))
