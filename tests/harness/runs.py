"""Finished training runs in the tables, as training leaves them."""

from typing import Any

from engines.core.access import Actor
from engines.core.database import now
from engines.core.tables import Table
from engines.training import TaskResult, TrainingRequest, TrainingRun
from engines.wiring import Services


def add_run(
    services: Services, person: Actor, table: Table, request: TrainingRequest, metric: str,
    **values: Any,
) -> TrainingRun:  # fmt: skip
    """A run of that request, ended with one result for its first task; `values` are the run's."""
    run = TrainingRun(
        experiment_id=request.experiment_id, dataset_id=table.dataset_id,
        dataset_sha256=table.sha256, state="succeeded", request=request.as_json(),
        actor_id=person.id, actor_name=person.name, finished_at=now(), **({"notes": []} | values),
    )  # fmt: skip
    with services.db.write() as session:
        session.add(run)
        session.flush()
        session.add(TaskResult(run_id=run.id, task=request.tasks[0].value, metric=metric))
    return run
