"""What the other engines may ask about an experiment; `engines.projects` answers."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from engines.core.access import Actor
from engines.core.tables import Column


class ExperimentState(StrEnum):
    """How far an experiment has come; later steps arrive with later parts of the flow."""

    DRAFT = "draft"
    DATA = "data"
    EXPLORED = "explored"
    TRAINED = "trained"


class Experiments(Protocol):
    """Access to experiments and their progress, checked for the acting person."""

    def check_readable(self, actor: Actor, experiment_id: str) -> None:
        """Return when the actor may see the experiment. Raises NotAllowed or NotFound."""

    def check_editable(self, actor: Actor, experiment_id: str) -> None:
        """Return when the actor may change it (its owner). Raises NotAllowed or NotFound."""

    def advance(self, actor: Actor, experiment_id: str, state: ExperimentState) -> None:
        """Move the experiment to `state`; moving to where it already is or was does nothing."""

    def describe(self, actor: Actor, experiment_id: str, columns: Sequence[Column]) -> None:
        """Fill the experiment's data dictionary; what was written about a column is kept."""
