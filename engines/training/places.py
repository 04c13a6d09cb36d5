"""Where runs keep their files, for those who may read them."""

from pathlib import Path

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.experiments import Experiments
from engines.training.runs import run


class RunFolders:
    """The folders of all runs, opened only to people who may read the experiment."""

    def __init__(self, db: Database, experiments: Experiments, runs_dir: Path) -> None:
        self._db = db
        self._experiments = experiments
        self._runs_dir = runs_dir

    @needs(Capability.RESULTS_READ)
    def folder(self, actor: Actor, run_id: str) -> Path:
        """The folder of a run the actor may see. Raises NotFound or NotAllowed."""
        return self._runs_dir / run(self._db, actor, run_id, self._experiments).id
