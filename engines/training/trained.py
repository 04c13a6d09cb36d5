"""Every trained model there is, in a line each: what an inventory needs of a run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, columns
from engines.training.models import TaskResult, TrainingRun

SUCCEEDED = "succeeded"
NEWEST_FIRST = (col(TaskResult.finished_at).desc(), col(TaskResult.id))


@dataclass(frozen=True)
class TrainedTask:
    """One task of a run that ended with a model; `score` is the hold-out's, of `metric`."""

    id: str
    run_id: str
    task: str
    experiment_id: str
    dataset_id: str
    dataset_sha256: str
    algorithm: str
    target: str
    metric: str
    score: float | None
    trained_at: datetime | None
    trainer_id: str


@needs(Capability.INVENTORY_READ)
def trained(db: Database, actor: Actor, run_id: str = "", task: str = "") -> list[TrainedTask]:
    """All tasks that ended with a model, newest first; of one run, or one task of it, when named.

    Everybody may see that a model exists; its results are read elsewhere.
    """
    with db.read() as session:
        return [_as_task(row) for row in session.execute(_query(run_id, task))]


@needs(Capability.INVENTORY_READ)
def trained_ids(db: Database, actor: Actor) -> list[str]:
    """The ids of all tasks that ended with a model, newest first.

    What ended with a model does not change any more: who has its `TrainedTask` may keep it.
    """
    ended = sa.select(TaskResult.id).where(col(TaskResult.state) == SUCCEEDED)  # type: ignore[call-overload]
    with db.read() as session:
        return list(session.scalars(ended.order_by(*NEWEST_FIRST)))


def _query(run_id: str, task: str) -> sa.Select[Any]:
    t, r = TaskResult, TrainingRun
    of_task = ("id", "run_id", "task", "winner_name", "target", "metric", "holdout", "finished_at")
    of_run = ("experiment_id", "dataset_id", "dataset_sha256", "actor_id")
    query = sa.select(*columns(t, *of_task), *columns(r, *of_run))
    query = query.join(r, col(r.id) == col(t.run_id))
    query = query.where(col(t.state) == SUCCEEDED)
    query = query.where(col(t.run_id) == run_id) if run_id else query
    query = query.where(col(t.task) == task) if task else query
    return query.order_by(*NEWEST_FIRST)


def _as_task(row: Any) -> TrainedTask:
    return TrainedTask(
        id=row.id,
        run_id=row.run_id,
        task=row.task,
        experiment_id=row.experiment_id,
        dataset_id=row.dataset_id,
        dataset_sha256=row.dataset_sha256,
        algorithm=row.winner_name,
        target=row.target,
        metric=row.metric,
        score=(row.holdout or {}).get(row.metric),
        trained_at=row.finished_at,
        trainer_id=row.actor_id,
    )
