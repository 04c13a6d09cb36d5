"""What a model answers, as numbers to be explained: one column per output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.model_card import ModelCard

Numbers = NDArray[np.float64]
CLASSES = ("binary", "multiclass")
LETTERS = {"binary": "probability", "multiclass": "probability", "clustering": "membership"}


@dataclass(frozen=True)
class Asked:
    """A model as a function from conforming rows to answers (rows, outputs), outputs named."""

    names: tuple[str, ...]
    ask: Callable[[pd.DataFrame], Numbers]
    unit: str


def asked(card: ModelCard, model: Any, rows: pd.DataFrame) -> Asked:
    """How the model is asked; `rows` show which clusters or components there are.

    Two classes have one output, the positive class's probability; clusters have membership, 0 or
    1; anomalies a score that is higher for the stranger.
    """
    unit = LETTERS.get(card.task, card.target or "score")
    if card.task in CLASSES:
        first = 1 if card.task == "binary" else 0
        names = tuple(str(name) for name in model.classes_[first:])
        return Asked(names, lambda x: _numbers(model.predict_proba(x))[:, first:], unit)
    if card.task == "clustering":
        known = _clusters(model, rows)
        named = tuple(f"cluster {one}" if one >= 0 else "no cluster" for one in known)
        return Asked(
            named, lambda x: _numbers(np.asarray(model.predict(x))[:, None] == known), unit
        )
    if card.task == "dimensionality_reduction":
        count = _numbers(model.transform(rows.head(1))).shape[1]
        named = tuple(f"component {n + 1}" for n in range(count))
        return Asked(named, lambda x: _numbers(model.transform(x)), unit)
    if card.task == "anomaly":
        return Asked(("anomaly score",), lambda x: -_numbers(model.decision_function(x)), unit)
    return Asked((card.target,), lambda x: _numbers(model.predict(x)), unit)


def _clusters(model: Any, rows: pd.DataFrame) -> NDArray[Any]:
    """The clusters by number, also those of which no row is among `rows`; -1 is none of them."""
    learner = model[-1]
    if hasattr(learner, "classes_"):
        return np.asarray(learner.classes_)
    count = getattr(learner, "n_clusters", getattr(learner, "n_components", 0))
    return np.arange(count) if count else np.unique(model.predict(rows))


def _numbers(values: Any) -> Numbers:
    found = np.asarray(values, dtype="float64")
    return found[:, None] if found.ndim == 1 else found
