"""The tables of the queue: jobs, their log lines, and the workers that run them."""

from datetime import datetime
from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel

from engines.core.database import UtcDateTime, new_id, now


class JobWorker(SQLModel, table=True):
    """One worker process. `process` tells it from any later process with the same number."""

    __tablename__ = "job_worker"

    id: str = Field(default_factory=new_id, primary_key=True)
    host: str
    process: str
    slots: int
    started_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    heartbeat_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Job(SQLModel, table=True):
    """One piece of long work and where it is.

    `lease` is a fresh secret per attempt: only the process that holds it may write to the row, so
    an attempt that was given up can no longer speak for the job. `outcome` is what that process
    said of its own end; the worker turns it into the job's state once the whole group is gone.
    """

    __tablename__ = "job"

    key: str = Field(primary_key=True)
    kind: str
    experiment_id: str = Field(index=True)
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    owner_id: str = Field(index=True)
    owner_name: str
    correlation_id: str
    state: str = Field(index=True)
    attempt: int = 0
    retries: int = 0
    timeout_seconds: float | None = None
    fraction: float = 0.0
    step: str = ""
    error: str = ""
    outcome: str = ""
    cancel_reason: str = ""
    worker_id: str | None = Field(default=None, foreign_key="job_worker.id", index=True)
    lease: str = Field(default="", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    due_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    heartbeat_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class JobLog(SQLModel, table=True):
    """One line of a job's log, numbered from 0 over all its attempts."""

    __tablename__ = "job_log"

    job_key: str = Field(primary_key=True, foreign_key="job.key")
    number: int = Field(primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    line: str
