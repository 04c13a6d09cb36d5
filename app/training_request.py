"""From advice, or from an earlier run, to a training request, and from a request to code."""

from dataclasses import fields, replace

from engines.core.tables import Table
from engines.projects import Experiment
from engines.recommendation import Recommendation
from engines.training import (
    METRICS,
    SUPERVISED,
    Mode,
    Split,
    Task,
    TrainingRequest,
    TrainingRun,
)

FIRST_GROUPS = (Task.CLUSTERING, Task.REDUCTION)


def suggested(experiment: Experiment, table: Table, advice: Recommendation) -> TrainingRequest:
    """The request that follows the advice in everything."""
    groups = tuple(task for task in FIRST_GROUPS if task.value in advice.algorithms)
    supervised = (Task(advice.task.value),) if advice.task else ()
    return TrainingRequest(
        experiment_id=experiment.id,
        dataset_id=table.dataset_id,
        tasks=supervised + groups,
        target=advice.target,
        time_column=advice.evaluation.time_column,
        metric=_known_metric(supervised, advice.metric),
        left_out=tuple(choice.value for choice in advice.leave_out),
        holdout_share=advice.evaluation.held_out,
        folds=advice.evaluation.folds,
        split=Split(advice.evaluation.split) if advice.evaluation.time_column else Split.RANDOM,
    )


def repeated(
    run: TrainingRun, table: Table, target: str, fresh: TrainingRequest
) -> TrainingRequest:
    """The request of an earlier run on the present data; another target takes fresh advice."""
    request = replace(TrainingRequest.from_json(run.request), dataset_id=table.dataset_id)
    kept = tuple(name for name in request.left_out if name in table.public_names)
    if target == request.target or not request.target:
        return replace(request, left_out=kept)
    groups = tuple(task for task in request.tasks if task not in SUPERVISED)
    tasks = tuple(task for task in fresh.tasks if task in SUPERVISED) + groups
    return replace(
        request, tasks=tasks, target=target, metric=fresh.metric, left_out=fresh.left_out,
        split=fresh.split, time_column=fresh.time_column, known_ahead=(), starting_values={},
    )  # fmt: skip


def code(request: TrainingRequest) -> str:
    """The engine call for the request, as Python that can be run."""
    blank = TrainingRequest(request.experiment_id, request.dataset_id, ())
    given = [(f.name, getattr(request, f.name), getattr(blank, f.name)) for f in fields(request)]
    required = {"experiment_id", "dataset_id", "tasks"}
    shown = [(name, value) for name, value, usual in given if name in required or value != usual]
    lines = "".join(f"    {name}={_literal(value)},\n" for name, value in shown)
    return (
        "from engines import training\nfrom engines.core import settings\n"
        "from engines.wiring import build\n\nsvc = build(settings.load())\n"
        f"request = training.TrainingRequest(\n{lines})\n"
        "run = training.start(\n"
        "    svc.db, actor, request, svc.experiments, svc.datasets, svc.scheduler\n)\n"
    )


def _literal(value: object) -> str:
    if isinstance(value, Task | Mode | Split):
        return f"training.{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        inner = ", ".join(_literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _known_metric(tasks: tuple[Task, ...], identifier: str) -> str:
    known = {metric.id for task in tasks for metric in METRICS[task]}
    return identifier if identifier in known else ""
