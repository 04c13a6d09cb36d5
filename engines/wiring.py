"""Config choice to backend: the only module that knows both sides of every port."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engines import projects
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.experiments import Experiments, ExperimentState
from engines.core.settings import Settings


class ProjectExperiments:
    """The projects engine, as the other engines see it."""

    def __init__(self, db: Database) -> None:
        self.check_readable = partial(_check_readable, db)
        self.check_editable = partial(projects.check_editable, db)
        self._db = db

    def advance(self, actor: Actor, experiment_id: str, state: ExperimentState) -> None:
        """Move the experiment to `state`; moving to where it already is or was does nothing."""
        projects.advance(self._db, actor, experiment_id, state)


def _check_readable(db: Database, actor: Actor, experiment_id: str) -> None:
    projects.get(db, actor, experiment_id)


@dataclass(frozen=True)
class Services:
    """Everything a page, a route or a job may call on."""

    settings: Settings
    db: Database
    experiments: Experiments

    @property
    def store_dir(self) -> Path:
        """Where data sets lie, named by content."""
        return self.settings.paths.data / "store"

    @property
    def uploads_dir(self) -> Path:
        """Where uploads grow until they are complete."""
        return self.settings.paths.data / "uploads"

    @property
    def reports_dir(self) -> Path:
        """Where EDA reports lie, named by content."""
        return self.settings.paths.data / "reports"

    @property
    def runs_dir(self) -> Path:
        """Where training runs keep their models and results."""
        return self.settings.paths.data / "runs"


def build(settings: Settings) -> Services:
    """Choose every backend named in the settings. Raises InvalidInput for one that cannot be."""
    db = Database(settings.database.url)
    return Services(settings=settings, db=db, experiments=ProjectExperiments(db))
