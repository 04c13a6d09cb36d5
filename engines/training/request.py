"""What an analyst asks for when pressing Train."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from engines.training.tasks import Task

HOLDOUT_MIN, HOLDOUT_MAX = 0.05, 0.5
FOLDS_MIN, FOLDS_MAX = 2, 10
BUDGET_MIN, BUDGET_MAX = 30.0, 4 * 3600.0


class Mode(StrEnum):
    """Base: a good model quickly. Best: search until the time budget is spent."""

    BASE = "base"
    BEST = "best"


@dataclass(frozen=True)
class TrainingRequest:
    """One press of Train.

    `target` serves the supervised tasks, `time_column` time series. `metric` names the metric
    that chooses the winner of the supervised task (empty: the task's first). `algorithms`
    restricts the candidates by id (empty: a choice fitting the task). `budget_seconds` is the
    wall time of each task in Best mode, from start to saved model. `left_out` are columns not
    to be used. `clusters` 0 chooses their number by silhouette.
    """

    experiment_id: str
    dataset_id: str
    tasks: tuple[Task, ...]
    target: str = ""
    time_column: str = ""
    mode: Mode = Mode.BASE
    budget_seconds: float = 300.0
    metric: str = ""
    algorithms: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    holdout_share: float = 0.2
    folds: int = 5
    seed: int = 42
    clusters: int = 0

    def as_json(self) -> dict[str, Any]:
        """The request as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TrainingRequest":
        """The request back from its JSON object."""
        lists = {name: tuple(value[name]) for name in ("algorithms", "left_out")}
        tasks = tuple(Task(task) for task in value["tasks"])
        return cls(**{**value, **lists, "tasks": tasks, "mode": Mode(value["mode"])})
