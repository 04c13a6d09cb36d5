"""What the register asks of the rest of the product; `engines.wiring` answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engines.core.access import Actor
from engines.core.model_ref import ModelRef


@dataclass(frozen=True)
class ModelRecord:
    """One trained model as its record has it.

    `makers` are the ids of the experiment's owner and of whoever trained it; `task_title` and
    `metric_title` say in words what `model.task` and `metric` hold as ids.
    """

    model: ModelRef
    task_title: str
    experiment_id: str
    experiment: str
    owner_id: str
    owner: str
    archived: bool
    algorithm: str
    target: str
    metric: str
    metric_title: str
    score: float | None
    trained_at: datetime | None
    data: str
    data_sha256: str
    rows: int
    makers: frozenset[str]

    @property
    def title(self) -> str:
        """The model in words: its experiment and its task."""
        return f"{self.experiment} · {self.task_title}"


class Models(Protocol):
    """Every trained model there is."""

    def all(self, actor: Actor) -> Sequence[ModelRecord]:
        """All models, newest first."""

    def of(self, actor: Actor, model: ModelRef) -> ModelRecord:
        """One of them. Raises NotFound."""

    def libraries(self, actor: Actor, model: ModelRef) -> Mapping[str, str]:
        """Library to exact version, as the model was trained with. Raises NotFound."""
