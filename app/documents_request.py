"""What a training was asked for, in words, as a document tells it."""

from collections.abc import Mapping
from typing import Any

from app.documents_explained import Names, Rows, public
from engines import results
from engines.training import TITLES, Task, TrainingRequest, algorithms
from engines.training.request import Mode, Split

MODES = {Mode.BASE: "Base: a good model quickly", Mode.BEST: "Best: search until the time is up"}
SPLITS = {Split.RANDOM: "at random", Split.TIME: "by time, the newest rows held out"}


def request_rows(stored: Mapping[str, Any], names: Names) -> Rows:
    """Every setting that had an effect, with its title; columns under names that may leave."""
    asked = TrainingRequest.from_json(dict(stored))
    told = {
        "Tasks": ", ".join(TITLES[task] for task in asked.tasks),
        "Target": public(names, asked.target),
        "Mode": MODES[asked.mode],
        "Time for each task": _seconds(asked),
        "Metric that chooses": results.metric(asked.metric).title if asked.metric else "",
        "Algorithms": _algorithms(asked),
        "Columns left out": _columns(asked.left_out, names),
        "Rows held out": f"{asked.holdout_share:.0%}",
        "Folds": str(asked.folds),
        "Split": SPLITS[asked.split],
        "Time column": public(names, asked.time_column),
        "Steps ahead": str(asked.horizon) if asked.horizon else "",
        "Known ahead": _columns(asked.known_ahead, names),
        "Clusters": str(asked.clusters) if asked.clusters else "",
        "Seed": str(asked.seed),
    }
    return tuple({"name": name, "value": value} for name, value in told.items() if value)


def _seconds(asked: TrainingRequest) -> str:
    return f"{asked.budget_seconds:,.0f} seconds" if asked.mode is Mode.BEST else ""


def _algorithms(asked: TrainingRequest) -> str:
    known = {one.id: one.name for task in asked.tasks for one in algorithms(Task(task))}
    return ", ".join(known.get(each, each) for each in asked.algorithms)


def _columns(columns: tuple[str, ...], names: Names) -> str:
    return ", ".join(public(names, column) for column in columns)
