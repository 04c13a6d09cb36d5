"""Ask a stored model: a whole frame, a sample of the data set, or one record."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from engines.core import scoring
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput
from engines.core.gate import Gate
from engines.core.model_card import ModelCard
from engines.core.runs import Runs
from engines.core.tables import Table
from engines.inference.load import StoredModel, load

SAMPLE_ROWS = 100


def predict_frame(model: StoredModel, frame: pd.DataFrame) -> pd.DataFrame:
    """Answers for every row of `frame` (n rows, the model's own column names), index kept.

    Columns as in `scoring.answer`. Raises InvalidInput naming the column at fault.
    """
    card = model.card.as_json()
    try:
        ready = scoring.conform(frame, card["features"])
        return scoring.answer(model.pipeline, card, ready)
    except scoring.SchemaFault as fault:
        raise InvalidInput(str(fault), hint="Correct the data and try again.") from fault


@needs(Capability.DATA_READ)
def predict_sample(
    runs: Runs,
    gate: Gate,
    actor: Actor,
    run_id: str,
    task: str,
    table: Table,
    rows: int = SAMPLE_ROWS,
) -> pd.DataFrame:
    """The first `rows` rows of the table under real names, the model's answers in front.

    Raises NotFound, NotAllowed or InvalidInput.
    """
    model = load(runs, gate, actor, run_id, task)
    if model.card.facts.get("series"):
        raise InvalidInput("A series is continued, not asked row by row.", hint="Use its forecast.")
    frame = _head(table, rows)
    public = frame.rename(columns=table.public_names) if model.card.anonymised else frame
    answers = predict_frame(model, public)
    apart = {name: f"{name} (model)" for name in answers if name in frame}
    return pd.concat([answers.rename(columns=apart), frame], axis=1)


@needs(Capability.RESULTS_READ)
def predict_record(
    runs: Runs, gate: Gate, actor: Actor, run_id: str, task: str, record: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer for one record typed in, under the model's own column names.

    None stands for a missing value. Raises InvalidInput for a wrong type or a category the
    model never saw, NotFound or NotAllowed.
    """
    model = load(runs, gate, actor, run_id, task)
    frame = pd.DataFrame([dict(record)])
    _refuse_unknown(model.card, frame)
    answers = predict_frame(model, frame)
    return {str(name): answers[name].iloc[0] for name in answers}


def _refuse_unknown(card: ModelCard, frame: pd.DataFrame) -> None:
    features = [f for f in card.as_json()["features"] if f["name"] in frame.columns]
    unknown = scoring.unknown_categories(frame, features)
    if unknown:
        raise InvalidInput(unknown[0], hint="Choose one of the known categories.")


def _head(table: Table, rows: int) -> pd.DataFrame:
    """The first rows without reading the rest of the file."""
    batches = pq.ParquetFile(table.path).iter_batches(batch_size=rows)
    first = next(batches, None)
    return pd.read_parquet(table.path) if first is None else first.to_pandas()
