"""Our nouns as MLflow's: data set, metrics, and a model written without pickle."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import skops.io
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric
from mlflow.models import Model, infer_signature
from mlflow.sklearn import SERIALIZATION_FORMAT_SKOPS, save_model

from engines.core.model_card import MODEL_FILE, ModelCard
from engines.core.tables import Table
from engines.core.trusted_types import TRUSTED_TYPES
from engines.tracking import records


def write_model(place: Path, folder: Path, card: ModelCard, run: str, model_id: str) -> None:
    """Write the MLflow model folder from the run folder's skops file; never a pickle."""
    fitted = skops.io.load(folder / MODEL_FILE, trusted=list(TRUSTED_TYPES))
    row = records.example(card)
    answers = fitted.predict(row) if hasattr(fitted, "predict") else fitted.transform(row)
    save_model(
        fitted,
        str(place),
        mlflow_model=Model(run_id=run, model_uuid=model_id, model_id=model_id),
        serialization_format=SERIALIZATION_FORMAT_SKOPS,
        skops_trusted_types=list(TRUSTED_TYPES),
        signature=infer_signature(row, answers),
        input_example=row,
        pip_requirements=records.requirements(card),
    )


def dataset(table: Table) -> DatasetInput:
    """The training data by hash, size and schema under public names; never its rows."""
    described = Dataset(
        name=f"dataset-{table.dataset_id[:12]}",
        digest=table.sha256[:36],  # the longest MLflow keeps; the tag below has it whole
        source_type="mlaas",
        source=f'{{"sha256": "{table.sha256}"}}',
        schema=records.schema_json(table),
        profile=records.profile_json(table),
    )
    tags = [InputTag("mlflow.data.context", "training"), InputTag("sha256", table.sha256)]
    return DatasetInput(described, tags)


def steps(folds: Mapping[str, Sequence[float]]) -> list[Metric]:
    """Each metric's values as its steps 0, 1, …; what is not finite is left out."""
    at = int(time.time() * 1000)
    numbered = [(key, n, v) for key, found in folds.items() for n, v in enumerate(found)]
    return [Metric(key, float(v), at, n) for key, n, v in numbered if math.isfinite(v)]


def values(metrics: Mapping[str, float], prefix: str = "") -> list[Metric]:
    """Single values as metrics of one step."""
    return steps({f"{prefix}{key}": [value] for key, value in metrics.items()})
