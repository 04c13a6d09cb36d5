"""Where a training run keeps its files, and who may look."""

import re
from pathlib import Path
from typing import Protocol

from engines.core.access import Actor
from engines.core.errors import NotFound


class Runs(Protocol):
    """Access to training runs, checked for the acting person; training answers."""

    def folder(self, actor: Actor, run_id: str) -> Path:
        """The folder of a run the actor may see. Raises NotFound or NotAllowed."""


def task_folder(runs: Runs, actor: Actor, run_id: str, task: str) -> Path:
    """The folder of one task of a run. Raises NotFound or NotAllowed."""
    if not re.fullmatch(r"[a-z_]{1,40}", task):
        raise NotFound("There is no such task.", hint="Choose one of the run's tasks.")
    return runs.folder(actor, run_id) / task
