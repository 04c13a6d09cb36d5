"""MLflow as the tracker: a server over HTTP, or an SQLite file with a folder beside it."""

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pandas as pd
import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

from engines.core.errors import InvalidInput, MlaasError
from engines.core.trusted_types import TRUSTED_TYPES
from engines.tracking import records
from engines.tracking.port import Candidate, Model, ModelVersion, Run, Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Metric

PING_SECONDS = 3
PARAMS_A_BATCH = 100
METRICS_A_BATCH = 1000
STATUS = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}
NEWEST = "candidate"  # the alias of the version that was registered last
RUN = "tags.`mlaas.run_id` = '{}'"
EXPERIMENT = "tags.`mlaas.experiment_id` = '{}'"
OUR_ERRORS = ("mlflow", "requests", "urllib3", "urllib", "sqlalchemy")


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

    @cached_property
    def _client(self) -> "MlflowClient":
        # Imported at first use: a page that only shows a link must not wait for it.
        for name, value in records.CLIENT_ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def start_run(self, run: Run) -> str:
        """Open the parent run with its parameters, data set and environment; return its id."""
        with self._translated():
            self._ping()
            folder = self._experiment(run.experiment_id, run.name)
            known = self._client.search_runs([folder], RUN.format(run.run_id), max_results=1)
            return str(known[0].info.run_id) if known else self._open(folder, run)

    def candidate(self, parent_id: str, candidate: Candidate) -> str:
        """Record one candidate under the parent; fold values become the steps of its metrics."""
        with self._translated():
            metrics = [*_steps(candidate.folds), *_values(candidate.metrics, "mean_")]
            metrics += _values({"seconds": candidate.seconds})
            tags = records.candidate_tags(candidate)
            return self._child(parent_id, candidate.name, tags, candidate.parameters, metrics)

    def trial(self, parent_id: str, candidate_id: str, trial: Trial) -> None:
        """Record one tuning trial under its candidate, in three requests."""
        with self._translated():
            scores = {} if trial.score is None else {trial.metric: trial.score}
            metrics = _values({**scores, "seconds": trial.seconds})
            tags = {"mlaas.trial": str(trial.number)}
            self._child(candidate_id, f"trial {trial.number}", tags, trial.parameters, metrics)

    def register(self, parent_id: str, model: Model) -> str:
        """Store a model as skops with signature and example, and register it by name."""
        with self._translated():
            run = self._client.get_run(parent_id)
            logged = self._keep(run.info.experiment_id, parent_id, model)
            self._name(model.registered_name, run.data.tags.get("mlaas.experiment_id", ""))
            version = self._client.create_model_version(
                model.registered_name,
                source=f"models:/{logged.model_id}",
                run_id=parent_id,
                tags=records.version_tags(model, run.data.tags),
                model_id=logged.model_id,
            )
            self._client.set_registered_model_alias(model.registered_name, NEWEST, version.version)
            return str(version.version)

    def finish(
        self, parent_id: str, state: str, metrics: Mapping[str, float], folder: Path
    ) -> None:
        """Draw the plots, upload everything but the models themselves, close the parent run."""
        with self._translated():
            self._log(parent_id, {}, _values(metrics))
            for task in sorted(path.parent for path in folder.glob("*/model.json")):
                self._plots(task)
            for file in sorted(p for p in folder.rglob("*") if p.is_file()):
                if file.suffix != ".skops":  # kept by `register`, in the model's own folder
                    place = "/".join(file.parent.relative_to(folder).parts)
                    self._client.log_artifact(parent_id, str(file), place or None)
            self._client.set_terminated(parent_id, STATUS.get(state, "FAILED"))

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

    def link(self, tracking_id: str) -> str:
        """The address of a run in MLflow's own pages; asks no server."""
        return f"{self._link_base}/#/runs/{tracking_id}" if tracking_id and self._link_base else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what MLflow or the network raises into our own tree, once."""
        try:
            yield
        except UntrustedTypesFoundException as error:
            raise InvalidInput(
                f"The model holds types that are not trusted: {error}.",
                hint="Only the learners MLAAS trains can be stored.",
            ) from error
        except Exception as error:
            vendor = type(error).__module__.split(".")[0] in OUR_ERRORS
            if isinstance(error, MlaasError) or not (vendor or isinstance(error, OSError)):
                raise
            raise records.unavailable(str(error)) from error

    def _ping(self) -> None:
        """Refuse a server that does not answer, long before MLflow's own time-outs."""
        if self.uri.startswith("http"):
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

    def _open(self, folder: str, run: Run) -> str:
        name = f"{run.name} {run.run_id[:8]}"
        tags = records.texts(records.run_tags(run))
        opened = str(self._client.create_run(folder, tags=tags, run_name=name).info.run_id)
        self._log(opened, {**run.parameters, "seed": run.seed}, [])
        self._client.log_inputs(opened, [_dataset(run)])
        lock = "environment/requirements.txt"
        self._client.log_text(opened, records.environment_lock(), lock)
        return opened

    def _child(
        self,
        parent: str,
        name: str,
        tags: Mapping[str, str],
        params: Mapping[str, Any],
        metrics: "list[Metric]",
    ) -> str:
        folder = self._client.get_run(parent).info.experiment_id
        marks = {**tags, "mlflow.parentRunId": parent}
        run = self._client.create_run(folder, tags=marks, run_name=name)
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

    def _keep(self, folder: str, run: str, model: Model) -> "LoggedModel":
        """Write the model in MLflow's layout, upload it, and tie it to its run."""
        from mlflow.entities import LoggedModelOutput

        logged = self._client.create_logged_model(
            folder, name=model.task, source_run_id=run, tags=records.texts(model.tags)
        )
        with tempfile.TemporaryDirectory() as place:
            _write_model(Path(place) / "model", model, run, logged.model_id)
            self._client.log_model_artifacts(logged.model_id, str(Path(place) / "model"))
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


def _write_model(place: Path, model: Model, run: str, model_id: str) -> None:
    """Write the MLflow model folder from the run folder's skops file; never a pickle."""
    from mlflow.models import Model as MlflowModel
    from mlflow.models import infer_signature
    from mlflow.sklearn import SERIALIZATION_FORMAT_SKOPS, save_model

    fitted = skops.io.load(model.folder / "model.skops", trusted=list(TRUSTED_TYPES))
    sample = pd.read_parquet(model.sample)
    answer = fitted.predict(sample) if hasattr(fitted, "predict") else fitted.transform(sample)
    save_model(
        fitted,
        str(place),
        mlflow_model=MlflowModel(run_id=run, model_uuid=model_id, model_id=model_id),
        serialization_format=SERIALIZATION_FORMAT_SKOPS,
        skops_trusted_types=list(TRUSTED_TYPES),
        signature=infer_signature(sample, answer),
        input_example=sample.head(3),
        pip_requirements=records.requirements(model.folder),
    )


def _dataset(run: Run) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=run.dataset_name[:500],
        digest=run.dataset_sha256[:36],  # the longest MLflow keeps; the tag below has it whole
        source_type="mlaas",
        source=f'{{"sha256": "{run.dataset_sha256}"}}',
        schema=records.schema_json(run.schema),
        profile=records.profile_json(run),
    )
    tags = [InputTag("mlflow.data.context", "training"), InputTag("sha256", run.dataset_sha256)]
    return DatasetInput(dataset, tags)


def _steps(folds: Mapping[str, Sequence[float]]) -> "list[Metric]":
    from mlflow.entities import Metric

    at = int(time.time() * 1000)
    numbered = [(key, n, v) for key, values in folds.items() for n, v in enumerate(values)]
    return [Metric(key, float(v), at, n) for key, n, v in numbered if math.isfinite(v)]


def _values(metrics: Mapping[str, float], prefix: str = "") -> "list[Metric]":
    return _steps({f"{prefix}{key}": [value] for key, value in metrics.items()})
