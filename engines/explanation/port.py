"""What an explanation asks of the other engines, and where it works."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.core.gate import Gate
from engines.core.model_ref import ModelRef
from engines.core.runs import Runs
from engines.core.scheduling import Scheduler
from engines.core.tables import Table


@dataclass(frozen=True)
class Origin:
    """Whence a model comes: its experiment, data set, and what the questionnaire calls protected.

    `protected` is the answer as it was written, names parted by commas.
    """

    experiment_id: str
    dataset_id: str
    protected: str = ""


class Origins(Protocol):
    """Where models come from, checked for the acting person."""

    def of(self, actor: Actor, model: ModelRef) -> Origin:
        """The model's origin. Raises NotFound or NotAllowed."""


class Tables(Protocol):
    """Access to stored tables, checked for the acting person."""

    def table(self, actor: Actor, dataset_id: str) -> Table:
        """The table of a data set. Raises NotAllowed or NotFound."""


@dataclass(frozen=True)
class Desk:
    """Where explanations are made and kept."""

    db: Database
    experiments: Experiments
    tables: Tables
    runs: Runs
    origins: Origins
    scheduler: Scheduler
    gate: Gate
    folder: Path
