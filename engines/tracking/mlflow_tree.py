"""The runs below a training's: candidates and their trials, each recorded once and closed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from mlflow.entities import Metric, Param, RunTag

from engines.tracking import records

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARAMS_A_BATCH, METRICS_A_BATCH = 100, 800  # MLflow refuses more at once
INHERITED = ("mlaas.experiment_id", "mlaas.correlation_id")
STATUS = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED", "stopped": "KILLED"}
KEYED = "tags.`mlaas.key` = '{}'"
BELOW = "tags.`mlflow.parentRunId` = '{}'"
RUN, PART = "tags.`mlaas.run_id` = '{}'", "tags.`mlaas.part_of` = '{}'"
OPEN = "attributes.status = 'RUNNING'"
RECORDED, REASON = "mlaas.recorded", "mlaas.reason"


@dataclass(frozen=True)
class Leaf:
    """What one run below says. `key` makes recording it again harmless; "" has no such memory.

    `state` is succeeded, failed, stopped, or running for one that is not complete yet.
    """

    name: str
    task: str
    key: str = ""
    state: str = "succeeded"
    reason: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[Metric] = ()


def find(client: "MlflowClient", parent: "Run", key: str) -> dict[str, "Run"]:
    """The run of that key right below a run, if an earlier attempt made it."""
    if not key:
        return {}
    wanted = f"{BELOW.format(parent.info.run_id)} and {KEYED.format(key)}"
    found = client.search_runs([parent.info.experiment_id], wanted, max_results=1)
    return {key: found[0]} if found else {}


def below(client: "MlflowClient", parent: "Run") -> dict[str, "Run"]:
    """All runs right below a run, by their key."""
    wanted = BELOW.format(parent.info.run_id)
    found = client.search_runs([parent.info.experiment_id], wanted, max_results=10_000)
    return {run.data.tags.get("mlaas.key", ""): run for run in found}


def sprout(client: "MlflowClient", parent: "Run", leaf: Leaf, known: Mapping[str, "Run"]) -> "Run":
    """The leaf's run: the one known by its key, or a new one that is open."""
    return (known.get(leaf.key) if leaf.key else None) or _open(client, parent, leaf)


def settle(client: "MlflowClient", run: "Run", leaf: Leaf) -> None:
    """Say all of a leaf that is over and close its run, unless that was done before."""
    if leaf.state == "running" or RECORDED in run.data.tags:
        return
    identity, had = run.info.run_id, run.data
    new = [metric for metric in leaf.metrics if metric.key not in had.metrics]
    tags = {RECORDED: "true"}
    if leaf.reason or REASON in had.tags:
        tags[REASON] = leaf.reason[:500]
    log(client, identity, leaf.params, new, had.params, tags)
    client.set_terminated(identity, STATUS.get(leaf.state, "FAILED"))


def log(
    client: "MlflowClient",
    run: str,
    params: Mapping[str, Any],
    metrics: Sequence[Metric] = (),
    known: Collection[str] = (),
    tags: Mapping[str, str] | None = None,
) -> None:
    """Log in as few requests as MLflow allows, the tags in the last of them.

    Parameters named in `known` are left as they are: MLflow refuses another value for them.
    """
    flat = {k: v for k, v in records.flat(params).items() if k not in known}
    given = [Param(key, value) for key, value in flat.items()]
    marks = [RunTag(key, value) for key, value in (tags or {}).items()]
    count = max(ceil(len(given) / PARAMS_A_BATCH), ceil(len(metrics) / METRICS_A_BATCH), 1)
    for n in range(count):
        client.log_batch(
            run,
            params=given[n * PARAMS_A_BATCH : (n + 1) * PARAMS_A_BATCH],
            metrics=metrics[n * METRICS_A_BATCH : (n + 1) * METRICS_A_BATCH],
            tags=marks if n == count - 1 else [],
        )


def close_all(client: "MlflowClient", run_id: str, state: str, reason: str) -> None:
    """Close whatever is open of a training, the runs below first."""
    places = [experiment.experiment_id for experiment in client.search_experiments()]
    for kind in (PART, RUN):
        wanted = f"{kind.format(run_id)} and {OPEN}"
        for run in client.search_runs(places, wanted, max_results=10_000) if places else []:
            client.set_tag(run.info.run_id, REASON, reason[:500])
            client.set_terminated(run.info.run_id, STATUS.get(state, "FAILED"))


def _open(client: "MlflowClient", parent: "Run", leaf: Leaf) -> "Run":
    above = parent.data.tags
    tags = {k: v for k, v in above.items() if k in INHERITED} | {
        "mlaas.part_of": above.get("mlaas.run_id") or above.get("mlaas.part_of", ""),
        "mlaas.task": leaf.task,
        "mlflow.parentRunId": parent.info.run_id,
    }
    if leaf.key:
        tags["mlaas.key"] = leaf.key
    return client.create_run(parent.info.experiment_id, tags=tags, run_name=leaf.name)
