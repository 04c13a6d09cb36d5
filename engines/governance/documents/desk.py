"""Where documents are written: the database, the experiments, the runs' origin, the templates."""

from dataclasses import dataclass
from typing import Protocol

from engines.core.access import Actor
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.governance.documents.templates import Templates


class Origins(Protocol):
    """What documents ask about a run; training answers."""

    def experiment_of(self, actor: Actor, run_id: str) -> str:
        """The experiment a run belongs to. Raises NotFound or NotAllowed."""


@dataclass(frozen=True)
class Desk:
    """Everything that reading and writing documents needs."""

    db: Database
    experiments: Experiments
    origins: Origins
    templates: Templates
