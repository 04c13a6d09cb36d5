"""What the worker tidies up: finished jobs and their logs, after the time the settings say."""

import logging
import time
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.database import Database, now
from engines.core.errors import MlaasError
from engines.core.scheduling import LIVE
from engines.core.users import SYSTEM
from engines.orchestration.models import Job, JobLog, JobWorker

AT_ONCE = 200  # jobs deleted in one transaction, so that the queue is never locked for long
EVERY_SECONDS = 3600.0

log = logging.getLogger(__name__)


def forget_old(db: Database, keep_days: int) -> int:
    """Delete jobs that ended more than `keep_days` ago, their logs, and workers of that time.

    Gives how many jobs are gone. The audit trail keeps every row, and gets one about this.
    """
    before, gone = now() - timedelta(days=keep_days), 0
    while keys := _oldest(db, before):
        gone += _forget(db, keys, before)
    with db.write() as session:
        _forget_workers(session, before)
    return gone


class Housekeeping:
    """Tidies up when called, at most once an hour.

    The worker calls it when a job ends, which is when there is more to tidy. It has no thread of
    its own: the worker must not have any, since it starts processes.
    """

    def __init__(self, db: Database, keep_days: int) -> None:
        self._db, self._keep_days, self._due = db, keep_days, 0.0

    def tidy(self) -> None:
        """Forget what is old, if it is time; a database that is away is tried again later."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_SECONDS
        try:
            gone = forget_old(self._db, self._keep_days)
        except MlaasError as error:
            log.warning("Old jobs stay for now: %s", error)
            return
        if gone:
            log.info("Old jobs are deleted", extra={"jobs": gone})


def _oldest(db: Database, before: datetime) -> list[str]:
    ended = select(Job.key).where(col(Job.state).not_in([*LIVE]), col(Job.finished_at).is_not(None))
    old = ended.where(col(Job.finished_at) < before).order_by(col(Job.finished_at))
    with db.read() as session:
        return list(session.exec(old.limit(AT_ONCE)))


def _forget(db: Database, keys: list[str], before: datetime) -> int:
    """Delete these jobs; two workers may meet here, and only one of them counts each."""
    with db.write() as session:
        connection = session.connection()
        connection.execute(sa.delete(JobLog).where(col(JobLog.job_key).in_(keys)))
        gone = connection.execute(sa.delete(Job).where(col(Job.key).in_(keys))).rowcount
        if gone:
            events.record(session, SYSTEM, "job.forgotten", "jobs", jobs=gone, ended_before=before)
    return gone


def _forget_workers(session: Session, before: datetime) -> None:
    unused = ~sa.exists().where(col(Job.worker_id) == col(JobWorker.id))
    old = sa.delete(JobWorker).where(col(JobWorker.heartbeat_at) < before, unused)
    session.connection().execute(old)
