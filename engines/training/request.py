"""What an analyst asks for when pressing Train."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from engines.training.tasks import Task

HOLDOUT_MIN, HOLDOUT_MAX = 0.05, 0.5
FOLDS_MIN, FOLDS_MAX = 2, 10
BUDGET_MIN, BUDGET_MAX = 30.0, 4 * 3600.0
HORIZON_MAX = 1_000


class Mode(StrEnum):
    """Base: a good model quickly. Best: search until the time budget is spent."""

    BASE = "base"
    BEST = "best"


class Split(StrEnum):
    """How rows are dealt out: at random, or the newest held out and folds that follow in time."""

    RANDOM = "random"
    TIME = "time"


@dataclass(frozen=True)
class TrainingRequest:
    """One press of Train.

    `target` serves the supervised tasks, `time_column` time series and a `split` by time; a time
    series is always split by time. `horizon` is how many steps a time series is forecast and
    scored ahead (0: one season), `known_ahead` the columns whose future values will be known.
    `starting_values` maps an algorithm's id to parameters tried beside its defaults.

    `metric` names the metric that chooses the winner of the supervised task (empty: the task's
    first). `algorithms` restricts the candidates by id (empty: a choice fitting the task).
    `budget_seconds` is the wall time of each task in Best mode, from start to saved model.
    `left_out` are columns not to be used. `clusters` 0 chooses their number by silhouette.
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
    split: Split = Split.RANDOM
    horizon: int = 0
    known_ahead: tuple[str, ...] = ()
    starting_values: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The request as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TrainingRequest":
        """The request back from its JSON object."""
        names = ("algorithms", "left_out", "known_ahead")
        lists = {name: tuple(value.get(name) or ()) for name in names}
        tasks = tuple(Task(task) for task in value["tasks"])
        kinds = {"mode": Mode(value["mode"]), "split": Split(value.get("split", Split.RANDOM))}
        return cls(**{**value, **lists, "tasks": tasks, **kinds})
