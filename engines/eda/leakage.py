"""Leakage hints: columns that alone nearly determine the target."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from engines.eda.report import Leak

ROWS = 5_000
MOST_CLASSES = 20
DETERMINES = 0.95
STRIKING = 0.5
AHEAD = 1.5
FOLDS = 3

Codes = npt.NDArray[np.float64]


def find_leaks(features: pd.DataFrame, target: pd.Series, classify: bool) -> list[Leak]:
    """Power of each feature alone (0 to 1), strongest first, with a finding where it is striking.

    A depth-4 decision tree on the one column, cross-validated: 2 AUC - 1 for classes, R² for
    numbers. `features` holds floats and texts; identifiers are best left out by the caller.
    """
    known = target.notna() if classify else np.isfinite(target.astype(float))
    features, target = features[known].iloc[:ROWS], target[known].iloc[:ROWS]
    if not _can_judge(target, classify):
        return []
    measure = "2·AUC − 1" if classify else "R²"
    powers = [
        (name, power(_as_numbers(features[name]), target, classify)) for name in features.columns
    ]
    ranked = sorted(powers, key=lambda one: -one[1])
    return [
        Leak(column=name, power=value, measure=measure, finding=_finding(position, ranked))
        for position, (name, value) in enumerate(ranked)
    ]


def _can_judge(target: pd.Series, classify: bool) -> bool:
    if not classify:
        return len(target) >= 10 and target.nunique() > 1
    counts = target.value_counts()
    return 2 <= len(counts) <= MOST_CLASSES and int(counts.min()) >= FOLDS


def _as_numbers(column: pd.Series) -> Codes:
    if column.dtype == object:
        codes, _ = pd.factorize(column, sort=True)
        return codes.astype(float)
    values = column.to_numpy(dtype=float)
    limit = float(np.finfo(np.float32).max) / 2
    return np.clip(np.nan_to_num(values, nan=-limit, posinf=limit, neginf=-limit), -limit, limit)


def power(column: Codes, target: pd.Series, classify: bool) -> float:
    """Cross-validated strength of one column: 0 as good as chance, 1 perfect."""
    x = column.reshape(-1, 1)
    if classify:
        return _class_power(x, pd.factorize(target)[0])
    tree = DecisionTreeRegressor(max_depth=4, min_samples_leaf=5, random_state=0)
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    y = target.to_numpy(dtype=float)
    return max(0.0, float(r2_score(y, cross_val_predict(tree, x, y, cv=folds))))


def _class_power(x: Codes, y: npt.NDArray[np.int64]) -> float:
    tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=5, random_state=0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    chances = cross_val_predict(tree, x, y, cv=folds, method="predict_proba")
    if chances.shape[1] == 2:
        auc = roc_auc_score(y, chances[:, 1])
    else:
        auc = roc_auc_score(y, chances, multi_class="ovr", average="weighted")
    return max(0.0, 2 * float(auc) - 1)


def _finding(position: int, ranked: list[tuple[str, float]]) -> str:
    value = ranked[position][1]
    if value >= DETERMINES:
        return "nearly determines the target: it may be known only after the outcome"
    following = ranked[1][1] if len(ranked) > 1 else 0.0
    if position == 0 and value >= STRIKING and value >= AHEAD * following:
        return "predicts the target far better than any other: check that it is known in time"
    return ""
