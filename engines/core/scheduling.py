"""The scheduler port: long work is submitted under a key, followed, and cancelled."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from engines.core.access import Actor


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = frozenset({JobState.QUEUED, JobState.RUNNING})


@dataclass(frozen=True)
class JobStatus:
    """A job as its scheduler reports it. `fraction` is 0 to 1; `error` is a sentence or empty."""

    key: str
    kind: str
    experiment_id: str
    state: JobState
    fraction: float
    step: str
    error: str
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_live(self) -> bool:
        """True while the job waits or runs."""
        return self.state in LIVE


@dataclass(frozen=True)
class JobRequest:
    """What to run: `kind` names a script of `spark_jobs/`, `key` makes resubmitting harmless."""

    kind: str
    key: str
    experiment_id: str
    payload: dict[str, Any]
    timeout_seconds: float | None = None
    retries: int = 0


class Scheduler(Protocol):
    """Runs jobs outside the page's process."""

    def submit(self, actor: Actor, request: JobRequest) -> None:
        """Queue the job; a key already known is left as it is. Raises BackendUnavailable."""

    def status(self, key: str) -> JobStatus:
        """The job's present state. Raises NotFound."""

    def log(self, key: str, after: int = 0) -> list[str]:
        """The job's log lines from number `after` on."""

    def cancel(self, actor: Actor, key: str, reason: str) -> None:
        """Stop the job and everything it started. Raises NotFound, NotReady (already ended)."""
