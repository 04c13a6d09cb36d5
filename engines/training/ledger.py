"""Where a task under way writes: its rows in the database, its log, its progress."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import SQLModel

from engines.core.database import Database
from engines.core.errors import BackendUnavailable
from engines.core.progress import Progress
from engines.training.models import Candidate, TaskResult
from engines.training.tasks import TITLES, Metric, Task, metric

PATIENCE = (0.5, 2.0, 8.0)  # seconds between tries for what must not be lost


@dataclass(frozen=True)
class Ledger:
    """One task's writing. `low` to `high` is its window of the run's progress, 0 to 1.

    `finish_by` is a time.monotonic() moment; `budget` the seconds until it from
    the start, 0 in Base mode.
    """

    db: Database
    progress: Progress
    log_file: Path
    result: TaskResult
    finish_by: float
    budget: float = 0.0
    low: float = 0.0
    high: float = 1.0

    @property
    def task(self) -> Task:
        """The task."""
        return Task(self.result.task)

    @property
    def metric(self) -> Metric:
        """What chooses its winner."""
        return metric(self.task, self.result.metric)

    @property
    def left(self) -> float:
        """Seconds until the budget is spent."""
        return self.finish_by - time.monotonic()

    def say(self, fraction: float, step: str) -> None:
        """Report how far this task is, 0 to 1."""
        done = self.low + (self.high - self.low) * min(max(fraction, 0.0), 1.0)
        self.progress.report(done, f"{TITLES[self.task]}: {step}")

    def log(self, line: str) -> None:
        """Add a line to the job's log and to the run's own."""
        self.progress.log(line)
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{stamp} {line}\n")

    def note(self, *sentences: str) -> None:
        """Log what the analyst should know of the data, and keep it with the result."""
        for sentence in sentences:
            self.log(sentence)
        self.result.notes = [*self.result.notes, *sentences]

    def show(self, *rows: SQLModel) -> None:
        """Write rows that people watch; when the database is away, the next one brings them."""
        with suppress(BackendUnavailable):
            self._write(rows)

    def keep(self, *rows: SQLModel) -> None:
        """Write rows that must not be lost. Raises BackendUnavailable after several tries."""
        for wait in PATIENCE:
            try:
                return self._write(rows)
            except BackendUnavailable:
                time.sleep(wait)
        return self._write(rows)

    def candidate(self, algorithm: str, name: str) -> Candidate:
        """A new line of the leaderboard, not yet written."""
        return Candidate(
            run_id=self.result.run_id,
            task=self.result.task,
            algorithm=algorithm,
            name=name,
            metric=self.metric.id,
        )

    def _write(self, rows: tuple[SQLModel, ...]) -> None:
        with self.db.write() as session:
            for row in rows:
                session.merge(row)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Log how long a step took."""
        began = time.monotonic()
        yield
        self.log(f"{step}: {time.monotonic() - began:.1f} s")
