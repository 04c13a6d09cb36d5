"""MLflow as the tracker: a server over HTTP, or an SQLite file with a folder beside it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from engines.core.errors import MlaasError
from engines.core.model_card import CARD_FILE, read_card
from engines.core.tables import Table
from engines.core.trusted_types import untrusted
from engines.tracking import records
from engines.tracking.port import ModelVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

PING_SECONDS = 3
EXPERIMENT = "tags.`mlaas.experiment_id` = '{}'"
REGISTERED, KEPT = "mlaas.registered.", "mlaas.kept."  # tags, each followed by a task
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
        self._plots = plots or _no_plots

    @property
    def _is_server(self) -> bool:
        return self.uri.startswith("http")

    def __getstate__(self) -> dict[str, Any]:
        # A copy in another process makes a connection of its own.
        return {k: v for k, v in self.__dict__.items() if k != "_client"}

    def _part(self, name: str) -> ModuleType:
        _ = self._client  # its import comes after the variables it reads are set
        return import_module(f"engines.tracking.mlflow_{name}")

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
            wanted = self._part("tree").RUN.format(run_id)
            known = self._client.search_runs([folder], wanted, max_results=1)
            marks = {**records.run_tags(experiment_id, run_id, table), **records.texts(tags)}
            run = known[0] if known else self._open(folder, run_id, table, marks)
            self._client.update_run(run.info.run_id, status="RUNNING")
            self._log(run, {task: params})
            return records.handle(run.info.run_id, task)

    def log_candidate(
        self,
        parent: str,
        name: str,
        params: Mapping[str, Any],
        folds: Mapping[str, Sequence[float]],
        metrics: Mapping[str, float],
        trials: Sequence[Mapping[str, Any]] = (),
        key: str = "",
        state: str = "succeeded",
        reason: str = "",
    ) -> str:
        """Record a candidate, its fold values as steps, and each trial below it, all once."""
        with self._translated():
            run, task = records.split(parent)
            entities, tree = self._part("entities"), self._part("tree")
            values = [*entities.steps(folds), *entities.values(metrics, "mean_")]
            leaf = tree.Leaf(name, task, key, state, reason, params, values)
            above = self._client.get_run(run)
            child = tree.sprout(self._client, above, leaf, tree.find(self._client, above, key))
            self._trials(child, name, task, trials)
            tree.settle(self._client, child, leaf)
            return str(child.info.run_id)

    def finish(self, parent: str, folder: Path, register: bool = True) -> str:
        """Draw a task's plots, keep its folder and model; return the run's link."""
        with self._translated():
            run, task = records.split(parent)
            had = self._client.get_run(run)
            if KEPT + task in had.data.tags:
                return self.link(parent)
            scores = {f"{task}.{k}": v for k, v in records.final_scores(folder).items()}
            self._log(had, {}, self._part("entities").values(scores))
            if register and REGISTERED + task not in had.data.tags:
                number = self._part("registry").register(self._client, run, folder, self._is_server)
                self._client.set_tag(run, REGISTERED + task, number)
            self._keep_files(had, task, folder)
            self._client.set_tag(run, KEPT + task, "true")
            return self.link(parent)

    def end(self, parent: str) -> None:
        """Close a training's run as finished: all its tasks are recorded."""
        with self._translated():
            run, _ = records.split(parent)
            reason = self._part("tree").REASON
            if reason in self._client.get_run(run).data.tags:
                self._client.delete_tag(run, reason)  # of an attempt that was broken off
            self._client.set_terminated(run, "FINISHED")

    def abandon(self, run_id: str, state: str, reason: str) -> None:
        """Close whatever is still open of a training as "failed" or "cancelled"."""
        with self._translated():
            self._ping()
            self._part("tree").close_all(self._client, run_id, state, reason)

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
            listed = self._part("registry").versions
            found = [v for name in names for v in listed(self._client, name, self._link_base)]
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

    def _open(self, folder: str, run_id: str, table: Table, tags: dict[str, str]) -> "Run":
        name = f"Training {run_id[:8]}"
        opened = self._client.create_run(folder, tags=tags, run_name=name)
        identity = opened.info.run_id
        self._client.log_inputs(identity, [self._part("entities").dataset(table)])
        lock = "environment/requirements.txt"
        self._client.log_text(identity, records.environment_lock(), lock)
        return opened

    def _trials(
        self, child: "Run", name: str, task: str, trials: Sequence[Mapping[str, Any]]
    ) -> None:
        """Record those trials of a candidate that are not there yet."""
        tree, values = self._part("tree"), self._part("entities").values
        known = tree.below(self._client, child) if trials else {}
        for number, trial in enumerate(trials, 1):
            leaf = tree.Leaf(
                f"{name}, trial {trial.get('number', number)}",
                task,
                trial.get("key", ""),
                trial.get("state", "succeeded"),
                trial.get("reason", ""),
                trial.get("params", {}),
                values(trial.get("metrics", {})),
            )
            tree.settle(self._client, tree.sprout(self._client, child, leaf, known), leaf)

    def _keep_files(self, run: "Run", task: str, folder: Path) -> None:
        """Upload a task's folder with its plots; the model itself lies with the registry."""
        if (folder / CARD_FILE).exists():
            self._plots(folder)
            self._log(run, {task: {"winner": read_card(folder).algorithm}})
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            if file.suffix != ".skops":
                place = "/".join((task, *file.parent.relative_to(folder).parts))
                self._client.log_artifact(run.info.run_id, str(file), place)

    def _log(self, run: "Run", params: Mapping[str, Any], metrics: "Sequence[Metric]" = ()) -> None:
        known = run.data.params
        self._part("tree").log(self._client, run.info.run_id, params, metrics, known)


def _no_plots(_folder: Path) -> Sequence[Path]:
    return []
