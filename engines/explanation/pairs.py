"""SHAP interaction values of one tree learner: what pairs of columns add to an answer together.

A row's matrix sums, line by line, to its Shapley values; the diagonal is what a column does alone
(Lundberg et al., Nature Machine Intelligence 2, 2020, after Fujimoto's interaction index). By
`shap.TreeExplainer`, and by the booster itself for XGBoost, whose models shap does not read.
"""

import re
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.explanation.interactions import pair, strongest_first
from engines.explanation.parts import Kind, Part
from engines.explanation.raw_columns import sources

Numbers = NDArray[np.float64]
MOST, FEWEST = 100, 20  # rows; where fewer are affordable, second differences are taken
STEPS = (
    40_000_000  # leaves times the columns of their tree, over all rows: some 20 s of a processor
)
TURN = 5  # rows at a time: a row's matrix has as many cells as prepared columns squared
METHOD = "SHAP interaction values"


def affordable(part: Part, wanted: int) -> int:
    """How many of the wanted rows are explained; 0 where the learner has no such values.

    It depends on the learner alone, so that the same model is explained by the same rows again.
    """
    if part.kind not in (Kind.BOOSTER, Kind.FOREST):
        return 0
    rows = STEPS // max(_steps(part.learner), 1)
    return min(rows, MOST, wanted) if rows >= FEWEST else 0


def pair_values(part: Part, frame: pd.DataFrame) -> Numbers:
    """Interaction values (rows, columns, columns, outputs) of the learner's margin, raw columns."""
    places = sources(part.preparation, list(frame.columns))
    fold = (places[:, None] == np.arange(frame.shape[1])).astype("float64")
    ready = part.preparation.transform(frame)
    starts = range(0, len(frame), TURN)
    turns = [_on_prepared(part.learner, ready[at : at + TURN]) for at in starts]
    whole = [np.einsum("pi,npqk,qj->nijk", fold, turn, fold, optimize=True) for turn in turns]
    values: Numbers = np.concatenate(whole) * part.slope
    return values


def ranked_pairs(values: Numbers, columns: list[str], names: list[str]) -> list[dict[str, Any]]:
    """Each pair of `names` with its mean size and standard error, the strongest first.

    A pair's size in a row is that of both its cells together, meaned over outputs.
    """
    places = {name: columns.index(name) for name in names}
    found = []
    for (one, i), (two, j) in combinations(places.items(), 2):
        both = np.abs(values[:, i, j] + values[:, j, i])
        found.append(pair(one, two, both.mean(axis=1)))
    return strongest_first(found)


def _on_prepared(learner: Any, ready: Any) -> Numbers:
    if _is_xgboost(learner):
        import xgboost

        rows = xgboost.DMatrix(np.asarray(ready))
        found = learner.get_booster().predict(rows, pred_interactions=True)
        found = np.asarray(found, dtype="float64")[..., :-1, :-1]
        return np.moveaxis(found, 1, 3) if found.ndim == 4 else found[..., None]
    import shap

    found = shap.TreeExplainer(learner).shap_interaction_values(np.asarray(ready))
    found = np.asarray(found, dtype="float64")
    found = found if found.ndim == 4 else found[..., None]
    return found[..., 1:] if found.shape[3] == 2 else found


def _steps(learner: Any) -> int:
    """What one row costs: each tree's leaves times the columns it is conditioned on."""
    if _is_xgboost(learner):
        booster = learner.get_booster()
        leaves = sum(len(re.findall("leaf=", tree)) for tree in booster.get_dump())
        return int(leaves * booster.num_features())
    import shap

    steps = 0
    for tree in shap.TreeExplainer(learner).model.trees:
        is_leaf = tree.children_left < 0
        steps += int(is_leaf.sum()) * max(len(np.unique(tree.features[~is_leaf])), 1)
    return steps


def _is_xgboost(learner: Any) -> bool:
    return type(learner).__name__.startswith("XGB")
