"""What a run's record says, in MLflow's vocabulary but without its library."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from engines.core.correlation import correlation_id
from engines.core.errors import BackendUnavailable
from engines.tracking.port import Candidate, Model, ModelVersion, Run

# Read by MLflow when it is first imported; a server that is down must be noticed in seconds.
CLIENT_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
LONGEST_VALUE = 5000  # MLflow refuses a parameter or tag beyond 6000 or 8000 characters
SCHEMA_TYPES = {
    "integer": "long",
    "numeric": "double",
    "boolean": "boolean",
    "datetime": "datetime",
}


def experiment_title(name: str, experiment_id: str) -> str:
    """The experiment's name as the tracker lists it: readable and unique."""
    return f"{name} ({experiment_id[:8]})"


def run_tags(run: Run) -> dict[str, str]:
    """The tags that lead from a tracked run back to the click that started it."""
    return {
        "mlaas.experiment_id": run.experiment_id,
        "mlaas.run_id": run.run_id,
        "mlaas.correlation_id": run.correlation_id,
        "mlaas.anonymised": str(run.anonymised).lower(),
        "mlflow.user": run.actor_name,
        "mlflow.source.name": "MLAAS",
        "mlflow.source.git.commit": run.environment.get("git_commit", "unknown"),
        **{f"environment.{name}": value for name, value in run.environment.items()},
    }


def candidate_tags(candidate: Candidate) -> dict[str, str]:
    """What distinguishes a candidate's run from its siblings."""
    return {
        "mlaas.task": candidate.task,
        "mlaas.algorithm": candidate.algorithm,
        "mlaas.state": candidate.state,
        "mlaas.winner": str(candidate.is_winner).lower(),
        "mlaas.correlation_id": correlation_id(),
    }


def version_tags(model: Model, run_tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a registered version: whence it comes, and how it scored on the hold-out."""
    origin = {k: v for k, v in run_tags.items() if k.startswith("mlaas.")}
    scores = {f"holdout.{name}": f"{value:.6g}" for name, value in model.metrics.items()}
    return {**origin, "mlaas.task": model.task, **scores, **texts(model.tags)}


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as texts short enough to be kept."""
    return {name: str(value)[:LONGEST_VALUE] for name, value in values.items()}


def schema_json(schema: Mapping[str, str]) -> str:
    """Public column names and types in MLflow's column-spec form."""
    columns = [
        {"type": SCHEMA_TYPES.get(kind, "string"), "name": name, "required": False}
        for name, kind in schema.items()
    ]
    return json.dumps({"mlflow_colspec": columns})


def profile_json(run: Run) -> str:
    """Size of the table, as MLflow shows it beside the data set."""
    return json.dumps({"num_rows": run.rows, "num_elements": run.rows * len(run.schema)})


def flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested parameters as dotted names and texts short enough to be kept."""
    found: dict[str, str] = {}
    for key, value in params.items():
        name = re.sub(r"[^\w\-. /]", "_", f"{prefix}{key}")
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}.")
        else:
            found[name] = str(value)[:LONGEST_VALUE]
    return found


@cache
def environment_lock() -> str:
    """Every installed distribution with its exact version, one a line, sorted."""
    installed = {f"{d.metadata['Name']}=={d.version}" for d in distributions()}
    return "\n".join(sorted(installed, key=str.lower)) + "\n"


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or an empty one when there is no file."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def requirements(folder: Path) -> list[str]:
    """The pinned libraries a task's model was fitted with, as its `model.json` tells."""
    versions = read_json(folder / "model.json").get("versions", {})
    return [f"{name}=={version}" for name, version in versions.items() if name != "python"]


def model_version(found: Any, aliases: Mapping[str, Any], link_base: str) -> ModelVersion:
    """A registered version as MLflow returns it, in our own nouns."""
    return ModelVersion(
        name=found.name,
        version=int(found.version),
        run_id=found.tags.get("mlaas.run_id", ""),
        task=found.tags.get("mlaas.task", ""),
        created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        aliases=tuple(a for a, v in aliases.items() if str(v) == str(found.version)),
        tags=dict(found.tags),
        link=f"{link_base}/#/models/{found.name}/versions/{found.version}",
    )


def unavailable(reason: str) -> BackendUnavailable:
    """The failure to raise when the tracking server did not do what was asked."""
    first = (reason.strip().splitlines() or ["no answer"])[0][:300]
    return BackendUnavailable(
        f"The tracking server did not do what was asked: {first}",
        hint="The work itself is kept. Start the tracking server, or tell the platform team.",
    )
