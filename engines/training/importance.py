"""How much each column matters to a stored model: permutation importance on the hold-out.

Breiman, Random Forests, Machine Learning 45 (2001).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.training.folds import Material, ask
from engines.training.ledger import Ledger
from engines.training.pool import Job, Pool
from engines.training.scores import score

LOOKS = 50_000  # rows times columns shuffled
CALL_ROWS = 8_000  # rows answered at once: one call's fixed cost is that of hundreds of rows
TURNS = 4  # calls at least, so that every worker has some


def measure(
    ledger: Ledger, pool: Pool, made: Material, model: Path, until: float
) -> list[dict[str, Any]]:
    """Every column's mean loss of score when shuffled, and its spread, most important first.

    A budget that is nearly spent (`until`, of time.monotonic) leaves columns unmeasured rather
    than being overrun.
    """
    ledger.say(0.93, "measuring how much each column matters")
    rows, repeats = _looks(made)
    jobs = [
        Job(number, shuffled_loss, (model, ledger.metric.id, columns, rows, repeats))
        for number, columns in enumerate(_shares(made))
    ]
    lost: dict[str, list[float]] = {}
    with ledger.timed("Importance"):
        for done in pool.run(jobs, until):
            lost |= done.value or {}
    sign = 1 if ledger.metric.greater_is_better else -1
    rated = [
        {"feature": k, "importance": sign * float(np.mean(v)), "std": float(np.std(v))}
        for k, v in lost.items()
    ]
    return sorted(rated, key=lambda r: -float(r["importance"]))


def cost(made: Material) -> tuple[int, int]:
    """How many rows will be answered for it, and in how many calls."""
    rows, repeats = _looks(made)
    calls = len(_shares(made))
    return rows * (repeats * len(made.blueprint.roles.names) + calls), 2 * calls


def shuffled_loss(
    material: Material, model: Path, metric: str, columns: tuple[str, ...], rows: int, repeats: int
) -> dict[str, list[float]]:
    """How much the score of `rows` hold-out rows drops as each column is shuffled, `repeats` times.

    Its sign follows the metric's own direction.
    """
    some = np.random.default_rng(material.blueprint.seed).permutation(material.holdout)[:rows]
    frame, truth = material.features.iloc[some], material.target[some]
    stored = material.model(model)
    usual = _scored(material, truth, *ask(stored, frame, material.classes))[metric]
    turns = [turn for column in columns for turn in _shuffled(material, frame, column, repeats)]
    predicted, shares = ask(stored, pd.concat(turns), material.classes)
    parts = [slice(n * len(some), (n + 1) * len(some)) for n in range(len(turns))]
    drops = [usual - _scored(material, truth, predicted[p], shares[p])[metric] for p in parts]
    return {c: drops[n * repeats : (n + 1) * repeats] for n, c in enumerate(columns)}


def _looks(made: Material) -> tuple[int, int]:
    """Hold-out rows and repeats, fewer for more columns."""
    columns = max(len(made.blueprint.roles.names), 1)
    rows = int(np.clip(LOOKS / columns / 3, 150, 1500))
    return min(rows, len(made.holdout)), 3 if columns <= 100 else 1


def _shares(made: Material) -> list[tuple[str, ...]]:
    """The columns in groups that are shuffled and answered in one call."""
    rows, repeats = _looks(made)
    names = made.blueprint.roles.names
    size = max(1, min(CALL_ROWS // (rows * repeats), -(-len(names) // TURNS)))
    return [tuple(names[first : first + size]) for first in range(0, len(names), size)]


def _shuffled(
    material: Material, frame: pd.DataFrame, column: str, repeats: int
) -> list[pd.DataFrame]:
    mixed = np.random.default_rng([material.blueprint.seed, *column.encode()])
    return [frame.assign(**{column: mixed.permutation(frame[column])}) for _ in range(repeats)]


def _scored(
    material: Material, truth: NDArray[Any], predicted: NDArray[Any], shares: Any
) -> dict[str, float]:
    return score(material.blueprint.task, material.answers(truth, predicted, shares))
