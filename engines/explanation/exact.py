"""Exact Shapley values of one learner, in its margin, on raw columns.

Trees: TreeSHAP, tree-path-dependent (Lundberg et al., Nature Machine Intelligence 2, 2020); the
boosters' own implementations of it for LightGBM and XGBoost. Lines: coefficient times distance
from the mean (Štrumbelj and Kononenko, Knowledge and Information Systems 41, 2014).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.explanation.links import Link, answers
from engines.explanation.parts import BOOSTERS, Kind, Part
from engines.explanation.raw_columns import folded, sources

Numbers = NDArray[np.float64]
Shares = tuple[Numbers, Numbers]  # base (outputs), values (rows, columns, outputs)


def shares(part: Part, frame: pd.DataFrame, background: pd.DataFrame) -> Shares:
    """Base and values of the learner's margin for raw rows. Raises CannotTakeApart."""
    places = sources(part.preparation, list(frame.columns))
    ready = part.preparation.transform(frame)
    if part.kind == Kind.LINE:
        base, values = _line(part.learner, ready, part.preparation.transform(background))
    else:
        base, values = tree_values(part.learner, ready)
    values = folded(values, places, frame.shape[1])
    return base * part.slope + part.offset, values * part.slope


def tree_values(learner: Any, ready: Any) -> Shares:
    """Base and values of a tree learner's margin for prepared rows, on prepared columns."""
    name = type(learner).__name__
    return _booster(learner, ready) if name in BOOSTERS else _forest(learner, ready)


def margin(part: Part, frame: pd.DataFrame) -> Numbers:
    """The learner's own margin (rows, outputs), asked of the learner itself."""
    found = np.asarray(_ask(part.learner)(part.preparation.transform(frame)), dtype="float64")
    found = found[:, None] if found.ndim == 1 else found
    if part.link == Link.SAME and _is_classifier(part.learner) and found.shape[1] == 2:
        found = found[:, 1:]
    return found * part.slope + part.offset


def answer(part: Part, frame: pd.DataFrame) -> Numbers:
    """The learner's answer (rows, outputs) by way of its margin."""
    return answers(part.link, margin(part, frame))


def _ask(learner: Any) -> Callable[[Any], Any]:
    name = type(learner).__name__
    if not _is_classifier(learner):
        return lambda rows: learner.predict(rows)
    if name == "LGBMClassifier":
        return lambda rows: learner.predict(rows, raw_score=True)
    if name == "XGBClassifier":
        return lambda rows: learner.predict(rows, output_margin=True)
    if hasattr(learner, "decision_function"):
        return lambda rows: learner.decision_function(rows)
    return lambda rows: learner.predict_proba(rows)


def _is_classifier(learner: Any) -> bool:
    return hasattr(learner, "classes_")


def _line(learner: Any, ready: Any, background: Any) -> Shares:
    weights = np.atleast_2d(np.asarray(learner.coef_, dtype="float64"))
    usual = np.asarray(background.mean(axis=0)).reshape(1, -1)
    rows = np.asarray(ready.todense() if hasattr(ready, "todense") else ready)
    values = (rows - usual)[:, :, None] * weights.T[None, :, :]
    start = np.ravel(learner.intercept_) + (usual @ weights.T)[0]
    return start, values


def _booster(learner: Any, ready: Any) -> Shares:
    if type(learner).__name__.startswith("XGB"):
        import xgboost

        rows = xgboost.DMatrix(np.asarray(ready))
        found = learner.get_booster().predict(rows, pred_contribs=True)
    else:
        found = learner.predict(ready, pred_contrib=True)
    found = np.asarray(found, dtype="float64")
    by_output = found.reshape(len(found), -1, ready.shape[1] + 1).transpose(0, 2, 1)
    return by_output[0, -1], by_output[:, :-1]


def _forest(learner: Any, ready: Any) -> Shares:
    import shap

    explainer = shap.TreeExplainer(learner)
    values = np.asarray(explainer.shap_values(np.asarray(ready), check_additivity=False))
    base = np.ravel(np.asarray(explainer.expected_value, dtype="float64"))
    if values.ndim == 2:
        return base, values[:, :, None]
    keep = slice(1, None) if values.shape[2] == 2 else slice(None)
    return base[keep], values[:, :, keep]
