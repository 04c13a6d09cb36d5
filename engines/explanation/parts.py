"""A stored model taken apart into learners that can be explained exactly, with their weights."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline

from engines.explanation.links import Link

BOOSTERS = frozenset({"LGBMClassifier", "LGBMRegressor", "XGBClassifier", "XGBRegressor"})
FORESTS = frozenset({
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreesClassifier",
    "ExtraTreesRegressor", "GradientBoostingClassifier", "GradientBoostingRegressor",
    "RandomForestClassifier", "RandomForestRegressor",
})  # fmt: skip
LINES = frozenset({
    "BayesianRidge", "ElasticNet", "HuberRegressor", "Lasso", "LinearDiscriminantAnalysis",
    "LinearRegression", "LogisticRegression", "Ridge", "RidgeClassifier",
})  # fmt: skip
BY_MARGIN = frozenset({
    "GradientBoostingClassifier", "LGBMClassifier", "LinearDiscriminantAnalysis",
    "LogisticRegression", "XGBClassifier",
})  # fmt: skip


class Kind(StrEnum):
    """How a learner's shares are found."""

    BOOSTER = "booster"
    FOREST = "forest"
    LINE = "line"


class CannotTakeApart(Exception):
    """The model has a part that only a model-agnostic method explains; the text names it."""


@dataclass(frozen=True)
class Part:
    """One learner with its preparation; its answer is link(slope × margin + offset) × weight."""

    weight: float
    preparation: ColumnTransformer
    learner: Any
    kind: Kind
    link: Link
    slope: float = 1.0
    offset: float = 0.0


def parts(model: Any, preparation: Any = None, weight: float = 1.0) -> list[Part]:
    """The learners of a fitted model, weights summing to `weight`. Raises CannotTakeApart."""
    if isinstance(model, Pipeline):
        return _of_pipeline(model, preparation, weight)
    if isinstance(model, VotingClassifier | VotingRegressor):
        return _of_vote(model, preparation, weight)
    if isinstance(model, CalibratedClassifierCV):
        return _of_calibrated(model, preparation, weight)
    if isinstance(model, TransformedTargetRegressor):
        return _of_logarithm(model, preparation, weight)
    return [_learner(model, preparation, weight)]


def _of_pipeline(model: Pipeline, preparation: Any, weight: float) -> list[Part]:
    if len(model.steps) != 2:
        raise CannotTakeApart("a pipeline of other than two steps")
    first, last = (step for _, step in model.steps)
    return parts(last, preparation if isinstance(first, str) else first, weight)


def _of_vote(model: Any, preparation: Any, weight: float) -> list[Part]:
    if getattr(model, "voting", "soft") != "soft":
        raise CannotTakeApart("a vote of classes")
    given = np.ones(len(model.estimators_)) if model.weights is None else np.array(model.weights)
    shares = weight * given / given.sum()
    members = zip(model.estimators_, shares.tolist(), strict=True)
    return [part for member, share in members for part in parts(member, preparation, share)]


def _of_calibrated(model: CalibratedClassifierCV, preparation: Any, weight: float) -> list[Part]:
    """Platt's sigmoid of a line is a line in log-odds."""
    if model.method != "sigmoid" or len(model.classes_) != 2:
        raise CannotTakeApart("a calibration of more than two classes")
    found, each = [], weight / len(model.calibrated_classifiers_)
    for one in model.calibrated_classifiers_:
        curve = one.calibrators[0]
        (part,) = parts(one.estimator, preparation, each)
        if part.kind != Kind.LINE:
            raise CannotTakeApart("a calibrated learner that is no line")
        line = replace(part, link=Link.LOGISTIC, slope=-float(curve.a_), offset=-float(curve.b_))
        found.append(line)
    return found


def _of_logarithm(model: TransformedTargetRegressor, preparation: Any, weight: float) -> list[Part]:
    (part,) = parts(model.regressor_, preparation, weight)
    if model.func is not np.log1p or part.link != Link.SAME:
        raise CannotTakeApart("a target transformed otherwise than by log(1 + y)")
    return [replace(part, link=Link.EXPONENTIAL)]


def _learner(model: Any, preparation: Any, weight: float) -> Part:
    name = type(model).__name__
    kinds = ((Kind.BOOSTER, BOOSTERS), (Kind.FOREST, FORESTS), (Kind.LINE, LINES))
    kind = next((kind for kind, names in kinds if name in names), None)
    if kind is None or not isinstance(preparation, ColumnTransformer):
        raise CannotTakeApart(name)
    classes = len(getattr(model, "classes_", ()))
    if name == "GradientBoostingClassifier" and classes > 2:
        raise CannotTakeApart(f"{name} of {classes} classes")
    link = Link.SAME
    if name in BY_MARGIN:
        link = Link.LOGISTIC if classes == 2 else Link.SOFTMAX
    return Part(weight, preparation, model, kind, link)
