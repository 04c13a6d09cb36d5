"""Config choice to backend: the only module that knows both sides of every port."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NoReturn

from engines import (
    artifacts,
    explanation,
    observability,
    orchestration,
    projects,
    results,
    training,
)
from engines.core import settings as configuration
from engines.core import users
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import NotAllowed
from engines.core.experiments import Experiments, ExperimentState
from engines.core.gate import Gate
from engines.core.model_ref import ModelRef
from engines.core.progress import Progress
from engines.core.scheduling import Scheduler
from engines.core.secret_store import secret_store
from engines.core.secrets import Secrets
from engines.core.settings import Settings
from engines.core.tables import Column
from engines.data_sources import Datasets
from engines.eda import Study
from engines.governance import approvals, documents
from engines.governance.policies import Fact
from engines.tracking import Tracker
from engines.tracking.mlflow import MlflowTracker
from engines.training import RunFolders
from engines.wired_content import ModelSources
from engines.wired_facts import ModelFacts
from engines.wired_models import TrainedModels
from engines.wired_origins import ModelOrigins
from engines.wired_releases import ReleaseSources, announce, artifact_store

EXPLANATIONS = "explanations"


class ProjectExperiments:
    """The projects engine, as the other engines see it."""

    def __init__(self, db: Database) -> None:
        self.check_readable = partial(_check_readable, db)
        self.check_editable = partial(projects.check_editable, db)
        self._db = db

    def advance(self, actor: Actor, experiment_id: str, state: ExperimentState) -> None:
        """Move the experiment to `state`; moving to where it already is or was does nothing."""
        projects.advance(self._db, actor, experiment_id, state)

    def describe(self, actor: Actor, experiment_id: str, columns: Sequence[Column]) -> None:
        """Fill the experiment's data dictionary; what was written about a column is kept."""
        projects.fill_dictionary(self._db, actor, experiment_id, columns)


class RunOrigins:
    """The training engine, as documents see it."""

    def __init__(self, db: Database, experiments: Experiments) -> None:
        self._db = db
        self._experiments = experiments

    def experiment_of(self, actor: Actor, run_id: str) -> str:
        """The experiment a run belongs to. Raises NotFound or NotAllowed."""
        return training.run(self._db, actor, run_id, self._experiments).experiment_id


def _check_readable(db: Database, actor: Actor, experiment_id: str) -> None:
    projects.get(db, actor, experiment_id)


@dataclass(frozen=True)
class Services:
    """Everything a page, a route or a job may call on."""

    settings: Settings
    db: Database
    experiments: Experiments
    scheduler: Scheduler
    tracker: Tracker
    secrets: Secrets
    templates: documents.Templates
    file_hashes: approvals.FileHashes

    @property
    def documents(self) -> documents.Desk:
        """Where the models' documents are written."""
        origins = RunOrigins(self.db, self.experiments)
        return documents.Desk(self.db, self.experiments, origins, self.templates)

    @property
    def datasets(self) -> Datasets:
        """The data sets of all experiments."""
        limits = self.settings.limits
        return Datasets(self.db, self.store_dir, self.experiments, self.uploads_dir, limits)

    @property
    def runs(self) -> RunFolders:
        """The training runs' folders."""
        return RunFolders(self.db, self.experiments, self.runs_dir)

    @cached_property  # it keeps what it has read
    def models(self) -> TrainedModels:
        """Every trained model."""
        return TrainedModels(self.db, self.runs_dir)

    @property
    def facts(self) -> ModelFacts:
        """What is measured of the models."""
        days = self.settings.governance.advisories_days
        file = self.settings.paths.data / "audit.json"
        return ModelFacts(self.db, self.runs_dir, (self._explained,), file, days)

    @property
    def board(self) -> approvals.Board:
        """Where it is decided which models may be used."""
        data = self.settings.paths.data
        return approvals.Board(
            db=self.db,
            experiments=self.experiments,
            sources=ModelSources(self.db, self.runs_dir, self.store_dir, data / EXPLANATIONS),
            facts=self.facts,
            secrets=self.secrets,
            templates=self.templates,
            policy=self.settings.governance.policy,
            hashes=self.file_hashes,
        )

    @property
    def gate(self) -> Gate:
        """What every use of a model passes."""
        return approvals.ApprovalGate(self.board)

    @property
    def explaining(self) -> explanation.Desk:
        """Where models are explained."""
        return explanation.Desk(
            db=self.db,
            experiments=self.experiments,
            tables=self.datasets,
            runs=self.runs,
            origins=ModelOrigins(self.db, self.experiments),
            scheduler=self.scheduler,
            gate=self.gate,
            folder=self.settings.paths.data / EXPLANATIONS,
        )

    def _explained(self, actor: Actor, model: ModelRef) -> Mapping[str, Fact]:
        return explanation.facts(self.explaining, actor, model)

    @property
    def depot(self) -> artifacts.Depot:
        """Where releases are made and kept."""
        return artifacts.Depot(
            db=self.db,
            experiments=self.experiments,
            gate=self.gate,
            store=artifact_store(self.settings, self.secrets),
            scheduler=self.scheduler,
            sources=ReleaseSources(self.db, self.experiments, self.runs, self.datasets, self.board),
            work_dir=self.settings.paths.data / "releasing",
            announce=announce,
        )

    @property
    def study(self) -> Study:
        """Where explorations work."""
        return Study(
            self.db,
            self.experiments,
            self.datasets,
            self.scheduler,
            self.tracker,
            self.reports_dir,
            self.settings.limits.inline_cells,
        )

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


Work = Callable[[Services, Actor, dict[str, Any], Progress], None]


def build(settings: Settings) -> Services:
    """Choose every backend named in the settings. Raises InvalidInput for one that cannot be."""
    db = Database(settings.database.url)
    return Services(
        settings=settings,
        db=db,
        experiments=ProjectExperiments(db),
        scheduler=orchestration.LocalScheduler(db),
        tracker=MlflowTracker(
            settings.tracking.uri, settings.tracking.link_base, plots=results.write_plots
        ),
        secrets=secret_store(settings),
        templates=documents.load_templates(settings.governance.templates),
        file_hashes=approvals.FileHashes(),
    )


def job_main(work: Work) -> NoReturn:
    """Run `work` as the job named by `--job`, for its owner, and leave with its exit code."""
    parser = argparse.ArgumentParser(description="One job of the queue.")
    parser.add_argument("--job", required=True, help="key of the job")
    key = parser.parse_args().job
    settings = configuration.load()
    observability.configure(settings.logging, settings.paths.logs, "job", settings.secrets)
    services = build(settings)
    sys.exit(
        orchestration.run_job(
            services.db,
            key,
            partial(work, services),
            partial(_acting, services.db),
            lambda actor, job: observability.bound(
                user=actor.name, project=job.experiment_id, run=job.key
            ),
        )
    )


def _acting(db: Database, user_id: str) -> Actor:
    with db.read() as session:
        user = users.find(session, user_id)
    if user.disabled_at:
        raise NotAllowed(
            f"{user.name}, who asked for this work, was disabled meanwhile.",
            hint="Somebody else has to ask for it again.",
        )
    return user.actor
