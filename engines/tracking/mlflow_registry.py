"""Models in MLflow: kept in its layout without pickle, registered by name and version."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow.entities import LoggedModelOutput
from mlflow.exceptions import MlflowException

from engines.core.model_card import ModelCard, read_card
from engines.tracking import mlflow_entities, records
from engines.tracking.port import ModelVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

NEWEST = "candidate"  # the alias of the version that was registered last


def register(client: "MlflowClient", run: str, folder: Path, is_server: bool) -> str:
    """Register the folder's model by name, as a new version with tags and alias; its number."""
    card, above = read_card(folder), client.get_run(run)
    logged = _keep(client, above.info.experiment_id, run, folder, card)
    title = client.get_experiment(above.info.experiment_id).name
    name = records.model_name(title, card.task)
    _name(client, name, above.data.tags.get("mlaas.experiment_id", ""))
    version = client.create_model_version(
        name,
        # An embedded registry would look the model up in MLflow's global default store.
        source=f"models:/{logged.model_id}" if is_server else logged.artifact_location,
        run_id=run,
        tags=records.version_tags(card, records.final_scores(folder), above.data.tags),
        model_id=logged.model_id,
        await_creation_for=0,
    )
    client.set_registered_model_alias(name, NEWEST, version.version)
    return str(version.version)


def versions(client: "MlflowClient", name: str, link_base: str) -> list[ModelVersion]:
    """All versions of one registered model."""
    aliases = client.get_registered_model(name).aliases
    found = client.search_model_versions(f"name = '{name}'", max_results=500)
    return [records.model_version(v, aliases, link_base) for v in found]


def _keep(
    client: "MlflowClient", place: str, run: str, folder: Path, card: ModelCard
) -> "LoggedModel":
    """Write the model in MLflow's layout, upload it, and tie it to its run."""
    logged = client.create_logged_model(place, card.task, source_run_id=run)
    with tempfile.TemporaryDirectory() as scratch:
        mlflow_entities.write_model(Path(scratch) / "model", folder, card, run, logged.model_id)
        client.log_model_artifacts(logged.model_id, str(Path(scratch) / "model"))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run, [LoggedModelOutput(logged.model_id, step=0)])
    return logged


def _name(client: "MlflowClient", name: str, experiment_id: str) -> None:
    try:
        client.create_registered_model(name, {"mlaas.experiment_id": experiment_id})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
