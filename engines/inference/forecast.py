"""Continue a series with a stored model: from its own end of the history, or from a newer one."""

import json
from typing import IO, Any

import pandas as pd

from engines.core import forecasting
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotFound
from engines.core.gate import Gate
from engines.core.runs import Runs
from engines.core.scoring import SchemaFault
from engines.inference.load import StoredModel, load

FORECAST_FILE = "forecast.json"


@needs(Capability.RESULTS_READ)
def forecast(
    runs: Runs,
    gate: Gate,
    actor: Actor,
    run_id: str,
    task: str,
    steps: int,
    future: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The next `steps` values under the model's own column names: moment, step, prediction, bounds.

    `future` are rows of the columns known ahead, `history` newer rows of moment and target.
    Raises InvalidInput for what does not fit, NotFound (also for a model that is no forecaster)
    or NotAllowed.
    """
    model = load(runs, gate, actor, run_id, task)
    stored = _stored(model)
    try:
        card = model.card.as_json()
        return forecasting.forecast(model.pipeline, card, stored, steps, future, history)
    except SchemaFault as fault:
        raise InvalidInput(str(fault), hint="Correct the data and try again.") from fault


def read_rows(file: IO[bytes], name: str) -> pd.DataFrame:
    """The rows of a CSV as texts; what they mean is decided per column. Raises InvalidInput."""
    try:
        frame = pd.read_csv(file, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except (ValueError, OSError) as fault:
        raise InvalidInput(f"“{name}” cannot be read as CSV.", hint="Save it as CSV.") from fault
    if frame.empty:
        raise InvalidInput(f"“{name}” has no rows.", hint="Choose another file.")
    return frame


def _stored(model: StoredModel) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(model.files(FORECAST_FILE))
    except NotFound as error:
        raise NotFound("This model does not forecast.", hint="Train a time series.") from error
    return found
