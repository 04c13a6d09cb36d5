"""The workflow's steps for one experiment: done, open, or blocked and why."""

from dataclasses import dataclass
from enum import StrEnum

from engines.core.experiments import ExperimentState
from engines.projects.models import Experiment


class StepState(StrEnum):
    """How a step stands."""

    DONE = "done"
    OPEN = "open"
    WAITING = "waiting"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Step:
    """One step: its page's key, its title, how it stands, and why."""

    key: str
    title: str
    state: StepState
    why: str = ""


@dataclass(frozen=True)
class _Rule:
    key: str
    title: str
    opens_at: ExperimentState
    done_at: ExperimentState
    why: str


_RULES = (
    _Rule("experiment", "Experiment", ExperimentState.DRAFT, ExperimentState.DRAFT, ""),
    _Rule("data", "Data", ExperimentState.DRAFT, ExperimentState.DATA, ""),
    _Rule("eda", "Explore", ExperimentState.DATA, ExperimentState.EXPLORED, "Set the data first."),
    _Rule("training", "Train", ExperimentState.DATA, ExperimentState.TRAINED,
          "Set the data first."),
    _Rule("results", "Results", ExperimentState.TRAINED, ExperimentState.TRAINED,
          "Train a model first."),
)  # fmt: skip
_ORDER = tuple(ExperimentState)


def steps(experiment: Experiment, approval: str = "") -> list[Step]:
    """The steps in workflow order, as they stand for this experiment.

    `approval` is how far its models have come: "submitted", "approved" or nothing yet. It is not
    a state of the experiment, because an approval can end and a state never moves back.
    """
    reached = _ORDER.index(ExperimentState(experiment.state))
    return [*(_step(rule, reached) for rule in _RULES), _approve(reached, approval)]


def _step(rule: _Rule, reached: int) -> Step:
    if reached < _ORDER.index(rule.opens_at):
        return Step(rule.key, rule.title, StepState.BLOCKED, rule.why)
    done = reached >= _ORDER.index(rule.done_at)
    return Step(rule.key, rule.title, StepState.DONE if done else StepState.OPEN)


def _approve(reached: int, approval: str) -> Step:
    if reached < _ORDER.index(ExperimentState.TRAINED):
        return Step("approvals", "Approve", StepState.BLOCKED, "Train a model first.")
    if approval == "approved":
        return Step("approvals", "Approve", StepState.DONE)
    if approval == "submitted":
        return Step("approvals", "Approve", StepState.WAITING, "A submission waits for votes.")
    return Step("approvals", "Approve", StepState.OPEN)
