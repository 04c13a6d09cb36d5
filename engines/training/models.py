"""Tables of training: runs, their tasks, candidates and tuning trials."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import JSON, Column, Field, SQLModel

from engines.core.database import UtcDateTime, new_id, now
from engines.core.scheduling import LIVE

_LIVE = sa.text("state IN ('queued', 'running')")


class TrainingRun(SQLModel, table=True):
    """One press of Train. `id` is the job's key; `state` is a JobState value.

    `request` is a TrainingRequest as JSON; `notes` are sentences on what was changed in the data;
    `warning` says what went wrong beside the training (for example tracking); `error` is a
    sentence when the state is failed.
    """

    __tablename__ = "training_run"
    __table_args__ = (
        sa.Index(
            "one_live_training_per_experiment",
            "experiment_id",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    dataset_id: str = Field(index=True)
    dataset_sha256: str
    state: str = "queued"
    request: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    notes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    warning: str = ""
    error: str = ""
    actor_id: str
    actor_name: str
    correlation_id: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def is_live(self) -> bool:
        """True while the run waits or trains."""
        return self.state in LIVE


class TaskResult(SQLModel, table=True):
    """One task of a run: its winner, and the winner's hold-out scores.

    `holdout` maps metric id to value; `intervals` maps metric id to [low, mean, high] from the
    folds (95 %); `facts` holds figures for the page (rows, classes, clusters, seconds).
    """

    __tablename__ = "training_task"

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = Field(foreign_key="training_run.id", index=True)
    task: str
    state: str = "queued"
    target: str = ""
    metric: str
    winner_id: str = ""
    winner_name: str = ""
    holdout: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    intervals: dict[str, list[float]] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    notes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    error: str = ""
    tracking_link: str = ""
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Candidate(SQLModel, table=True):
    """One line of the leaderboard; it appears when its first fold is done.

    `score` is the fold mean of the task's metric; `metrics` maps metric id to fold mean;
    `folds` maps metric id to the list of fold values; `state` is running, succeeded, stopped
    (given up as hopeless, or out of time) or failed. `seconds` is the compute time of its folds.
    """

    __tablename__ = "training_candidate"

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = Field(foreign_key="training_run.id", index=True)
    task: str
    algorithm: str
    name: str
    metric: str
    state: str = "running"
    score: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    folds: dict[str, list[float]] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    folds_done: int = 0
    parameters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    seconds: float = 0.0
    trials: int = 0
    is_winner: bool = False
    reason: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Trial(SQLModel, table=True):
    """One set of hyperparameters tried for a candidate in Best mode."""

    __tablename__ = "training_trial"

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = Field(foreign_key="training_run.id", index=True)
    candidate_id: str = Field(foreign_key="training_candidate.id", index=True)
    number: int
    parameters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    score: float | None = None
    folds_done: int = 0
    seconds: float = 0.0
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
