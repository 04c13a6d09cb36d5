"""What the engine answers: choices, each with its reason, as plain JSON-ready nouns."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter


class Task(StrEnum):
    """What kind of model is asked for."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    CLUSTERING = "clustering"
    REDUCTION = "dimensionality_reduction"
    ANOMALY = "anomaly"
    TIME_SERIES = "time_series"


class TimeClass(StrEnum):
    """How long one fit of an algorithm is expected to take here."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    LONG = "long"


class Split(StrEnum):
    """How rows are dealt out between training and testing."""

    STRATIFIED = "stratified"
    RANDOM = "random"
    TIME = "time"


@dataclass(frozen=True)
class Choice:
    """One suggestion. `score` orders suggestions of one kind and means nothing across kinds."""

    value: str
    reason: str
    score: float = 0.0


@dataclass(frozen=True)
class Algorithm:
    """One algorithm for this table, by the identifier the training engine knows it under."""

    id: str
    name: str
    reason: str
    score: float
    time: TimeClass
    interpretable: bool


@dataclass(frozen=True)
class Hyperparameter:
    """A starting value and a range worth searching; `low` and `high` are None for one choice."""

    algorithm: str
    name: str
    start: float | int | str
    low: float | int | None
    high: float | int | None
    reason: str


@dataclass(frozen=True)
class Signal:
    """How much one feature tells about the target, before any model is trained.

    `information` is the share (0 to 1) of the target's uncertainty the feature removes alone;
    `importance` its share (all sum to 1) in a quick forest that sees all features together.
    """

    feature: str
    information: float
    importance: float


@dataclass(frozen=True)
class Concern:
    """Something to look at before training; `question` when only a person can answer."""

    feature: str
    text: str
    question: bool


@dataclass(frozen=True)
class Evaluation:
    """How to measure: cross-validation folds, held-out share (0 to 1), how rows are dealt out."""

    folds: int
    held_out: float
    split: Split
    time_column: str
    reason: str


@dataclass(frozen=True)
class Recommendation:
    """Everything advised for one table and target; an empty `target` means none was found."""

    verdict: str
    target: str
    targets: tuple[Choice, ...]
    tasks: tuple[Choice, ...]
    algorithms: dict[Task, tuple[Algorithm, ...]]
    metrics: tuple[Choice, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    signals: tuple[Signal, ...]
    signal_rows: int
    concerns: tuple[Concern, ...]
    leave_out: tuple[Choice, ...]
    evaluation: Evaluation

    @property
    def task(self) -> Task | None:
        """The supervised task advised for the target, or None without a target."""
        return Task(self.tasks[0].value) if self.tasks else None

    @property
    def metric(self) -> str:
        """The metric advised, or an empty string without a target."""
        return self.metrics[0].value if self.metrics else ""

    def as_json(self) -> dict[str, Any]:
        """The advice as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Recommendation":
        """The advice back from its JSON object. Raises pydantic.ValidationError."""
        return TypeAdapter(cls).validate_python(value)
