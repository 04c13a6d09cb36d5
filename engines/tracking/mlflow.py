"""MLflow as the tracker: a server over HTTP, or an SQLite file with a folder beside it."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from engines.core.errors import MlaasError
from engines.core.model_card import CARD_FILE, ModelCard, read_card
from engines.core.tables import Table
from engines.core.trusted_types import untrusted
from engines.tracking import records
from engines.tracking.port import ModelVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Metric

PING_SECONDS = 3
PARAMS_A_BATCH = 100
METRICS_A_BATCH = 1000
STATUS = {"failed": "FAILED", "cancelled": "KILLED"}
NEWEST = "candidate"  # the alias of the version that was registered last
RUN = "tags.`mlaas.run_id` = '{}'"
EXPERIMENT = "tags.`mlaas.experiment_id` = '{}'"
INHERITED = ("mlaas.experiment_id", "mlaas.correlation_id")
VENDORS = ("mlflow", "requests", "urllib3", "urllib", "sqlalchemy")


class MlflowTracker:
    """The tracking port on MLflow. Keeps no global state: every call names its server.

    `artifact_root` is where an embedded store (sqlite:///…) keeps files; a server decides itself.
    `plots` draws the figures of a task's folder and returns their files, to be uploaded with it.
    """

    def __init__(
        self,
        uri: str,
        link_base: str = "",
        artifact_root: Path | None = None,
        plots: Callable[[Path], Sequence[Path]] | None = None,
    ) -> None:
        self.uri = uri.rstrip("/")
        self._link_base = link_base.rstrip("/")
        self._artifact_root = artifact_root
        self._plots = plots or (lambda _folder: [])

    @property
    def _is_server(self) -> bool:
        return self.uri.startswith("http")

    @cached_property
    def _entities(self) -> ModuleType:
        _ = self._client  # its import comes after the variables it reads are set
        return import_module("engines.tracking.mlflow_entities")

    @cached_property
    def _client(self) -> "MlflowClient":
        # Imported at first use: a page that only shows a link must not wait for it.
        for name, value in records.CLIENT_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def start(
        self,
        experiment_id: str,
        experiment_name: str,
        run_id: str,
        task: str,
        table: Table,
        params: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> str:
        """Open a task: the training's run with parameters, data set and environment."""
        with self._translated():
            self._ping()
            folder = self._experiment(experiment_id, experiment_name)
            known = self._client.search_runs([folder], RUN.format(run_id), max_results=1)
            marks = {**records.run_tags(experiment_id, run_id, table), **records.texts(tags)}
            run = known[0].info.run_id if known else self._open(folder, run_id, table, marks)
            self._client.update_run(run, status="RUNNING")
            self._log(run, {task: params}, [])
            return records.handle(run, task)

    def log_candidate(
        self,
        parent: str,
        name: str,
        params: Mapping[str, Any],
        folds: Mapping[str, Sequence[float]],
        metrics: Mapping[str, float],
        trials: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Record a finished candidate, its fold values as steps, and each trial below it."""
        with self._translated():
            run, task = records.split(parent)
            values = [*self._entities.steps(folds), *self._entities.values(metrics, "mean_")]
            child = self._child(run, name, task, params, values)
            for number, trial in enumerate(trials, 1):
                scores = self._entities.values(trial.get("metrics", {}))
                title = f"{name}, trial {number}"
                self._child(child, title, task, trial.get("params", {}), scores)
            return child

    def finish(self, parent: str, folder: Path, register: bool = True) -> str:
        """Draw the plots, keep folder and model, close the run; return its link."""
        with self._translated():
            run, task = records.split(parent)
            scores = {f"{task}.{k}": v for k, v in records.final_scores(folder).items()}
            self._log(run, {}, self._entities.values(scores))
            if register:
                self._register(run, folder)
            if (folder / CARD_FILE).exists():
                self._plots(folder)
            for file in sorted(p for p in folder.rglob("*") if p.is_file()):
                if file.suffix != ".skops":  # that one is kept with the model
                    place = "/".join((task, *file.parent.relative_to(folder).parts))
                    self._client.log_artifact(run, str(file), place)
            self._client.set_terminated(run, "FINISHED")
            return self.link(parent)

    def abandon(self, run_id: str, state: str, reason: str) -> None:
        """Close whatever is still open of a training as "failed" or "cancelled"."""
        with self._translated():
            self._ping()
            folders = [e.experiment_id for e in self._client.search_experiments()]
            for run in self._client.search_runs(folders, RUN.format(run_id)):
                if run.info.status == "RUNNING":
                    self._client.set_tag(run.info.run_id, "mlaas.reason", reason[:500])
                    self._client.set_terminated(run.info.run_id, STATUS.get(state, "FAILED"))

    def log_report(
        self,
        experiment_id: str,
        experiment_name: str,
        files: Sequence[Path],
        tags: Mapping[str, str],
    ) -> str:
        """Keep the files of an exploration in a run of their own; return a link to it."""
        with self._translated():
            self._ping()
            folder = self._experiment(experiment_id, experiment_name)
            marks = {"mlaas.experiment_id": experiment_id, **records.texts(tags)}
            run = self._client.create_run(folder, tags=marks, run_name="Exploration").info.run_id
            for file in files:
                self._client.log_artifact(run, str(file), "exploration")
            self._client.set_terminated(run, "FINISHED")
            return self.link(run)

    def versions(self, experiment_id: str) -> list[ModelVersion]:
        """The registered versions of an experiment's models, newest first."""
        with self._translated():
            self._ping()
            wanted = EXPERIMENT.format(experiment_id)
            names = [m.name for m in self._client.search_registered_models(wanted)]
            found = [version for name in names for version in self._versions(name)]
            return sorted(found, key=lambda version: version.created_at, reverse=True)

    def link(self, parent: str) -> str:
        """The address of a run in MLflow's own pages; asks no server."""
        run, _ = records.split(parent)
        return f"{self._link_base}/#/runs/{run}" if run and self._link_base else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what MLflow or the network raises into our own tree, once."""
        try:
            yield
        except Exception as error:
            # By its name: importing skops for it would slow every start by seconds.
            if type(error).__name__ == "UntrustedTypesFoundException":
                hint = "Only the learners MLAAS trains can be stored."
                raise untrusted(str(error), hint) from error
            vendor = type(error).__module__.split(".")[0] in VENDORS
            if isinstance(error, MlaasError) or not (vendor or isinstance(error, OSError)):
                raise
            raise records.unavailable(str(error)) from error

    def _ping(self) -> None:
        """Refuse a server that does not answer, long before MLflow's own time-outs."""
        if self._is_server:
            urlopen(f"{self.uri}/health", timeout=PING_SECONDS).close()  # noqa: S310

    def _experiment(self, experiment_id: str, name: str) -> str:
        wanted = EXPERIMENT.format(experiment_id)
        found = self._client.search_experiments(filter_string=wanted, max_results=1)
        return str(found[0].experiment_id) if found else self._create(experiment_id, name)

    def _create(self, experiment_id: str, name: str) -> str:
        from mlflow.exceptions import MlflowException

        title = records.experiment_title(name, experiment_id)
        root = self._artifact_root
        place = (root / experiment_id).absolute().as_uri() if root else None
        try:
            tags = {"mlaas.experiment_id": experiment_id}
            return str(self._client.create_experiment(title, place, tags=tags))
        except MlflowException:
            made = self._client.get_experiment_by_name(title)  # another job was quicker
            if made is None:
                raise
            return str(made.experiment_id)

    def _open(self, folder: str, run_id: str, table: Table, tags: dict[str, str]) -> str:
        name = f"Training {run_id[:8]}"
        opened = str(self._client.create_run(folder, tags=tags, run_name=name).info.run_id)
        self._client.log_inputs(opened, [self._entities.dataset(table)])
        lock = "environment/requirements.txt"
        self._client.log_text(opened, records.environment_lock(), lock)
        return opened

    def _child(
        self,
        parent: str,
        name: str,
        task: str,
        params: Mapping[str, Any],
        metrics: "list[Metric]",
    ) -> str:
        above = self._client.get_run(parent)
        kept = {k: v for k, v in above.data.tags.items() if k in INHERITED}
        tags = {**kept, "mlaas.task": task, "mlflow.parentRunId": parent}
        run = self._client.create_run(above.info.experiment_id, tags=tags, run_name=name)
        self._log(run.info.run_id, params, metrics)
        self._client.set_terminated(run.info.run_id, "FINISHED")
        return str(run.info.run_id)

    def _log(self, run: str, params: Mapping[str, Any], metrics: "list[Metric]") -> None:
        from mlflow.entities import Param

        given = [Param(key, value) for key, value in records.flat(params).items()]
        for first in range(0, len(given), PARAMS_A_BATCH):
            self._client.log_batch(run, params=given[first : first + PARAMS_A_BATCH])
        for first in range(0, len(metrics), METRICS_A_BATCH):
            self._client.log_batch(run, metrics=metrics[first : first + METRICS_A_BATCH])

    def _register(self, run: str, folder: Path) -> None:
        """Register the folder's model by name, as a new version with tags and alias."""
        card, above = read_card(folder), self._client.get_run(run)
        logged = self._keep(above.info.experiment_id, run, folder, card)
        title = self._client.get_experiment(above.info.experiment_id).name
        name = records.model_name(title, card.task)
        self._name(name, above.data.tags.get("mlaas.experiment_id", ""))
        version = self._client.create_model_version(
            name,
            # An embedded registry would look the model up in MLflow's global default store.
            source=f"models:/{logged.model_id}" if self._is_server else logged.artifact_location,
            run_id=run,
            tags=records.version_tags(card, records.final_scores(folder), above.data.tags),
            model_id=logged.model_id,
            await_creation_for=0,
        )
        self._client.set_registered_model_alias(name, NEWEST, version.version)

    def _keep(self, place: str, run: str, folder: Path, card: ModelCard) -> "LoggedModel":
        """Write the model in MLflow's layout, upload it, and tie it to its run."""
        from mlflow.entities import LoggedModelOutput

        logged = self._client.create_logged_model(place, card.task, source_run_id=run)
        with tempfile.TemporaryDirectory() as scratch:
            self._entities.write_model(Path(scratch) / "model", folder, card, run, logged.model_id)
            self._client.log_model_artifacts(logged.model_id, str(Path(scratch) / "model"))
        self._client.finalize_logged_model(logged.model_id, "READY")
        self._client.log_outputs(run, [LoggedModelOutput(logged.model_id, step=0)])
        return logged

    def _name(self, name: str, experiment_id: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name, {"mlaas.experiment_id": experiment_id})
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _versions(self, name: str) -> list[ModelVersion]:
        aliases = self._client.get_registered_model(name).aliases
        found = self._client.search_model_versions(f"name = '{name}'", max_results=500)
        return [records.model_version(v, aliases, self._link_base) for v in found]
