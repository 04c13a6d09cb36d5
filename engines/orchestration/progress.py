"""A job's progress on its way into the database: batched, and only while the lease holds."""

import math
from collections.abc import Callable
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlmodel import Session, col

from engines.core.database import Database
from engines.core.errors import BackendUnavailable
from engines.orchestration import queue
from engines.orchestration.models import Job, JobLog

FLUSH_SECONDS = 0.5
LEASE_CHECKS = 10  # flushes between two looks at the lease when there is nothing to write
LINE_CHARACTERS = 2_000
LINES = 20_000


class DatabaseProgress:
    """Takes reports at memory speed; a thread writes them twice a second.

    `on_lost` is called once when the job was given to someone else or ended meanwhile. While the
    database does not answer, reports are kept and written later.
    """

    def __init__(self, db: Database, key: str, lease: str, on_lost: Callable[[], None]) -> None:
        self._db, self._key, self._lease, self._on_lost = db, key, lease, on_lost
        self._lock, self._write_lock, self._stop = Lock(), Lock(), Event()
        self._lines: list[str] = []
        self._state: tuple[float, str] | None = None
        self._next = self._known = 0
        self._idle = 0
        self._thread = Thread(target=self._run, name="job-progress", daemon=True)

    def report(self, fraction: float, step: str) -> None:
        """Say how far the work is (0 to 1, clipped) and what it is doing."""
        share = fraction if math.isfinite(fraction) else 0.0
        with self._lock:
            self._state = (min(max(share, 0.0), 1.0), step[:LINE_CHARACTERS])

    def log(self, line: str) -> None:
        """Append one line; very long lines and those beyond the job's share are cut."""
        with self._lock:
            if self._known < LINES:
                self._lines.append(line[:LINE_CHARACTERS].replace("\0", ""))
            elif self._known == LINES:
                self._lines.append(f"The log is full at {LINES} lines; what follows is not kept.")
            self._known += 1

    def flush(self) -> None:
        """Write what has gathered. Raises BackendUnavailable, and then keeps it."""
        with self._write_lock:
            with self._lock:
                lines, state = self._lines, self._state
                self._lines, self._state = [], None
            try:
                self._write(lines, state)
            except BackendUnavailable:
                with self._lock:
                    self._lines, self._state = lines + self._lines, self._state or state
                raise

    def __enter__(self) -> Self:
        with self._db.read() as session:
            lines = sa.select(sa.func.count()).where(col(JobLog.job_key) == self._key)
            self._next = self._known = session.connection().execute(lines).scalar_one()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._try_flush()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self.flush()
        except BackendUnavailable:
            return  # kept, and tried again at the next flush

    def _write(self, lines: list[str], state: tuple[float, str] | None) -> None:
        self._idle = 0 if lines or state else self._idle + 1
        if self._idle % LEASE_CHECKS:
            return
        with self._db.write() as session:
            lost = queue.leased(session, self._lease) is None
            if not lost:
                self._store(session, lines, state)
        self._next += 0 if lost else len(lines)
        if lost:
            self._on_lost()

    def _store(self, session: Session, lines: list[str], state: tuple[float, str] | None) -> None:
        numbered = enumerate(lines, self._next)
        session.add_all(JobLog(job_key=self._key, number=n, line=text) for n, text in numbered)
        if state:
            mine = sa.update(Job).where(col(Job.key) == self._key)
            session.connection().execute(mine.values(fraction=state[0], step=state[1]))
