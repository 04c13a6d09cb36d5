"""What a run's record says, in MLflow's vocabulary but without its library."""

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd

from engines.core import scoring
from engines.core.correlation import correlation_id
from engines.core.errors import BackendUnavailable
from engines.core.model_card import ModelCard
from engines.core.tables import ColumnType, Table
from engines.tracking.port import ModelVersion

# Read by MLflow when it is first imported; a server that is down must be noticed in seconds.
CLIENT_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
LONGEST_VALUE = 5000  # MLflow refuses a parameter or tag beyond 6000 or 8000 characters
SCHEMA_TYPES = {
    ColumnType.INTEGER: "long",
    ColumnType.NUMERIC: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATETIME: "datetime",
}


def experiment_title(name: str, experiment_id: str) -> str:
    """The experiment's name as the tracker lists it: readable and unique."""
    return f"{name} ({experiment_id[:8]})"


def model_name(title: str, task: str) -> str:
    """The name a task's model is registered under: readable, unique, without / and :."""
    slug = re.sub(r"\W+", "-", title).strip("-").lower()
    return f"{slug[-80:].strip('-') or 'model'}-{task}"


def handle(run: str, task: str) -> str:
    """What `start` gives: the tracked run and the task that is being worked on."""
    return f"{run}.{task}"


def split(parent: str) -> tuple[str, str]:
    """The tracked run and the task of a handle."""
    run, _, task = parent.partition(".")
    return run, task


def run_tags(experiment_id: str, run_id: str, table: Table) -> dict[str, str]:
    """The tags that lead from a tracked run back to the click that started it."""
    return {
        "mlaas.experiment_id": experiment_id,
        "mlaas.run_id": run_id,
        "mlaas.correlation_id": correlation_id(),
        "mlaas.anonymised": str(table.anonymised).lower(),
        "mlaas.dataset_sha256": table.sha256,
        "mlflow.source.name": "MLAAS",
        "mlflow.source.git.commit": git_commit(),
        "python": platform.python_version(),
    }


def version_tags(card: ModelCard, scores: Mapping[str, float], run_tags: Any) -> dict[str, str]:
    """The tags of a registered version: whence it comes, and how it scored on the hold-out."""
    origin = {k: v for k, v in run_tags.items() if k.startswith("mlaas.")}
    held = {name: f"{value:.6g}" for name, value in scores.items()}
    own = {"mlaas.task": card.task, "mlaas.algorithm": card.algorithm, "metric": card.metric}
    return {**origin, **own, **held}


def final_scores(folder: Path) -> dict[str, float]:
    """The scores in a task's `metrics.json`: on the hold-out, or of the fit without a target."""
    told = read_json(folder / "metrics.json")
    kinds = [(kind, told.get(kind) or {}) for kind in ("holdout", "fit")]
    flat = {f"{kind}_{name}": v for kind, scores in kinds for name, v in scores.items()}
    return {name: float(v) for name, v in flat.items() if isinstance(v, int | float)}


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as texts short enough to be kept."""
    return {name: str(value)[:LONGEST_VALUE] for name, value in values.items()}


def schema_json(table: Table) -> str:
    """Public column names and types in MLflow's column-spec form."""
    public = table.public_names
    columns = [
        {
            "type": SCHEMA_TYPES.get(column.type, "string"),
            "name": public[column.name],
            "required": column.missing == 0,
        }
        for column in table.columns
    ]
    return json.dumps({"mlflow_colspec": columns})


def profile_json(table: Table) -> str:
    """Size of the table, as MLflow shows it beside the data set."""
    return json.dumps({"num_rows": table.rows, "num_elements": table.cells})


def example(card: ModelCard) -> pd.DataFrame:
    """One row of usual values, as the model's input example."""
    row = pd.DataFrame([{feature.name: feature.example for feature in card.features}])
    return scoring.conform(row, card.as_json()["features"])


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


def requirements(card: ModelCard) -> list[str]:
    """The pinned libraries the model was fitted with."""
    return [f"{name}=={version}" for name, version in card.versions.items() if name != "python"]


@cache
def git_commit() -> str:
    """The commit of the running code, or "unknown" outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    asked = [git, "rev-parse", "HEAD"]
    answer = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True)  # noqa: S603
    return answer.stdout.strip() or "unknown"


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
