"""The advice for one table and objective: target, task, metric, algorithms, what to leave out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput
from engines.core.experiments import Experiments
from engines.core.tables import Table
from engines.recommendation.advice import Choice, Recommendation, Task
from engines.recommendation.algorithms import rank_algorithms
from engines.recommendation.characteristics import Characteristics, measure
from engines.recommendation.evaluation import advise_evaluation
from engines.recommendation.features import (
    concerns,
    leave_out,
    protected_attributes,
    spellings,
    usable,
)
from engines.recommendation.hyperparameters import suggest_hyperparameters
from engines.recommendation.metrics import TITLES as METRIC_TITLES
from engines.recommendation.metrics import suggest_metrics
from engines.recommendation.sampling import sample
from engines.recommendation.signals import NOTHING, Probe, probe
from engines.recommendation.targets import CLEAR, rank_targets
from engines.recommendation.tasks import (
    amount_before_rare_classes,
    match_tasks,
    unsupervised_tasks,
    why_none,
)

CLASSES = (Task.BINARY, Task.MULTICLASS)
TITLES = {
    Task.BINARY: "a yes/no question",
    Task.MULTICLASS: "a choice between classes",
    Task.REGRESSION: "an amount",
    Task.TIME_SERIES: "a forecast over time",
}


@needs(Capability.DATA_READ)
def recommend(
    actor: Actor,
    experiments: Experiments,
    table: Table,
    objective: Mapping[str, Any],
    target: str = "",
    known: Iterable[str] = (),
) -> Recommendation:
    """Advise on training; under a second on 50,000 rows x 20 columns, by sampling.

    `objective` is the questionnaire. Without `target` the likeliest column is taken. `known`
    keeps the algorithms to identifiers that can be trained. The same input gives the same advice.
    Raises NotAllowed, NotFound, or InvalidInput for a target that is no column.
    """
    experiments.check_readable(actor, table.experiment_id)
    if target and target not in table.public_names:
        raise InvalidInput(f"There is no column “{target}”.", hint="Choose one of the table's.")
    return advise(sample(table), table, objective, target, tuple(known))


def advise(
    frame: pd.DataFrame,
    table: Table,
    objective: Mapping[str, Any],
    target: str = "",
    known: tuple[str, ...] = (),
) -> Recommendation:
    """The advice from a sampled frame; pure."""
    targets = rank_targets(table, objective)
    chosen = target or (targets[0].value if targets else "")
    tasks = amount_before_rare_classes(frame, match_tasks(table, chosen), chosen) if chosen else ()
    study = _study(frame, table, objective, chosen, tasks)
    ranked = {
        task: rank_algorithms(task, study.facts, study.probe, known)
        for task in [Task(choice.value) for choice in (*tasks, *unsupervised_tasks(table))]
    }
    metrics = suggest_metrics(study.task, study.facts, objective) if study.task else ()
    return Recommendation(
        verdict=_verdict(table, chosen, targets, tasks, metrics, ranked),
        target=chosen,
        targets=targets,
        tasks=tasks,
        algorithms=ranked,
        metrics=metrics,
        hyperparameters=_values(study, ranked),
        signals=study.probe.signals,
        signal_rows=study.probe.rows,
        concerns=(
            *spellings(frame, chosen if study.task in CLASSES else ""),
            *concerns(frame, table, study.probe, protected_attributes(table, objective)),
        ),
        leave_out=study.left_out,
        evaluation=advise_evaluation(table, study.facts, study.task),
    )


@dataclass(frozen=True)
class _Study:
    task: Task | None
    left_out: tuple[Choice, ...]
    facts: Characteristics
    probe: Probe


def _study(
    frame: pd.DataFrame,
    table: Table,
    objective: Mapping[str, Any],
    target: str,
    tasks: tuple[Choice, ...],
) -> _Study:
    task = Task(tasks[0].value) if tasks else None
    left_out = leave_out(frame, table, target, objective)
    features = usable(table, target, left_out)
    found = probe(frame, table, features, target, task) if task else NOTHING
    return _Study(task, left_out, measure(frame, table, features, target, task), found)


def _values(study: _Study, ranked: Mapping[Task, Any]) -> Any:
    task = study.task or Task.CLUSTERING
    return suggest_hyperparameters(task, study.facts, ranked[task])


def _verdict(
    table: Table,
    target: str,
    targets: tuple[Choice, ...],
    tasks: tuple[Choice, ...],
    metrics: tuple[Choice, ...],
    ranked: Mapping[Task, Any],
) -> str:
    if target and not tasks:
        return f"“{target}” cannot be predicted: {why_none(table.column(target))}."
    if not target:
        return "No column fits as a target: group the rows and look for unusual ones instead."
    task = Task(tasks[0].value)
    best = " and ".join(algorithm.name for algorithm in ranked[task][:2])
    judge = METRIC_TITLES[metrics[0].value]
    start = f", beginning with {best}" if best else ""
    doubt = "" if any(c.value == target and c.score >= CLEAR for c in targets) else DOUBT
    return f"Predict “{target}” as {TITLES[task]}, judged by {judge}{start}.{doubt}"


DOUBT = " Nothing clearly marks this column as the target, so check it first."
