"""From an algorithm's identifier and parameters to an unfitted, single-threaded estimator."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from engines.training.catalogue import Algorithm, Flavour
from engines.training.features import Roles, preparation
from engines.training.pycaret_setup import Container
from engines.training.tasks import CLASSIFICATION, Task

BOOSTERS = frozenset({"lightgbm", "xgboost"})
ROUNDS_MAX = 2000
LOG_TARGET = "log_target"  # a parameter of ours beside the learner's own

# Over PyCaret's defaults: what is known to do well untuned. Rounds are found by early stopping.
OURS: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_child_samples": 20,
        "subsample": 0.8,
        "subsample_freq": 1,
        "colsample_bytree": 0.7,
        "reg_lambda": 1.0,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    },
    "xgboost": {
        "learning_rate": 0.06,
        "max_depth": 5,
        "min_child_weight": 2,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "tree_method": "hist",
        "verbosity": 0,
    },
    "rf": {"n_estimators": 100, "min_samples_leaf": 3, "max_features": 0.35},
    "et": {"n_estimators": 100, "min_samples_leaf": 3, "max_features": 0.5},
    "gbc": {"n_estimators": 120, "max_depth": 3, "subsample": 0.8, "max_features": 0.5},
    "gbr": {"n_estimators": 250, "max_depth": 4, "subsample": 0.8, "max_features": 0.3},
    "ridge": {"alpha": 10.0},
    "lr": {"max_iter": 300},
    "mlp": {"max_iter": 60, "early_stopping": True},
}

# Other ways to grow the same trees. Which one serves depends on the table; together they blend
# better than one alone.
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "lightgbm": {
        "large": {
            "num_leaves": 127,
            "learning_rate": 0.03,
            "colsample_bytree": 0.9,
            "min_child_samples": 5,
        },
        "small": {"num_leaves": 8, "learning_rate": 0.06},
        "slow": {"learning_rate": 0.025},
    }
}


@dataclass(frozen=True)
class Recipe:
    """One candidate: an algorithm with parameters, or a weighted blend of `members`.

    `variant` says whence its parameters come, when they are not the usual ones.
    """

    algorithm: Algorithm
    parameters: dict[str, Any] = field(default_factory=dict)
    members: tuple[tuple["Recipe", int], ...] = ()
    variant: str = ""

    @property
    def name(self) -> str:
        """As the leaderboard shows it."""
        marks = [self.variant, "log target" if LOG_TARGET in self.parameters else ""]
        told = ", ".join(filter(None, marks))
        return f"{self.algorithm.name} ({told})" if told else self.algorithm.name


@dataclass(frozen=True)
class Blueprint:
    """What every estimator of one task shares."""

    task: Task
    roles: Roles
    containers: dict[str, Container]
    seed: int

    def preparation(self, flavour: Flavour) -> ColumnTransformer:
        """The unfitted preparation in that flavour."""
        kind = "auto" if self.task in CLASSIFICATION else "continuous"
        return preparation(self.roles, flavour, self.seed, target=kind)


def parameters(recipe: Recipe, blueprint: Blueprint) -> dict[str, Any]:
    """The learner's parameters: PyCaret's, ours over them, the recipe's over both."""
    key = recipe.algorithm.id
    known = blueprint.containers[key]
    accepted = _accepted(known.make)
    ours = {k: v for k, v in OURS.get(key, {}).items() if accepted(k)}
    seed = {"random_state": blueprint.seed} if accepted("random_state") else {}
    threads = {"n_jobs": 1} if accepted("n_jobs") else {}
    asked = {k: v for k, v in recipe.parameters.items() if k != LOG_TARGET}
    return {**known.arguments, **ours, **seed, **threads, **asked}


def estimator(recipe: Recipe, blueprint: Blueprint) -> Any:
    """The unfitted learner for prepared numbers; it takes class labels as they are."""
    made = blueprint.containers[recipe.algorithm.id].make(**parameters(recipe, blueprint))
    if blueprint.task in CLASSIFICATION:
        return _with_shares(recipe.algorithm.id, made)
    if not recipe.parameters.get(LOG_TARGET):
        return made
    return TransformedTargetRegressor(
        made, func=np.log1p, inverse_func=np.expm1, check_inverse=False
    )


def pipeline(recipe: Recipe, blueprint: Blueprint) -> Pipeline:
    """Preparation and learner as one unfitted pipeline from raw columns to answers."""
    if recipe.members:
        return Pipeline([("prep", "passthrough"), ("model", _blend(recipe, blueprint))])
    prep = blueprint.preparation(recipe.algorithm.flavour)
    return Pipeline([("prep", prep), ("model", estimator(recipe, blueprint))])


def assembled(
    recipe: Recipe, blueprint: Blueprint, parts: list[Pipeline], target: NDArray[Any]
) -> Pipeline:
    """The fitted `pipeline(recipe)` from its members' own fits; one part alone is the whole.

    A classifier's parts were fitted on the places of their labels in sorted order, as
    VotingClassifier does it.
    """
    if not recipe.members:
        return parts[0]
    whole = pipeline(recipe, blueprint)
    vote = whole.named_steps["model"]
    names = [name for name, _ in vote.estimators]
    vote.estimators_, vote.named_estimators_ = parts, Bunch(**dict(zip(names, parts, strict=True)))
    if blueprint.task in CLASSIFICATION:
        vote.le_ = LabelEncoder().fit(target)
        vote.classes_ = vote.le_.classes_
    return whole


def _blend(recipe: Recipe, blueprint: Blueprint) -> VotingClassifier | VotingRegressor:
    named = [
        (f"{n}_{member.algorithm.id}", pipeline(member, blueprint))
        for n, (member, _) in enumerate(recipe.members)
    ]
    weights = [weight for _, weight in recipe.members]
    if blueprint.task in CLASSIFICATION:
        return VotingClassifier(named, voting="soft", weights=weights)
    return VotingRegressor(named, weights=weights)


def _with_shares(key: str, made: Any) -> Any:
    """XGBoost takes numbered classes only; a vote of one numbers them. Ridge has no shares."""
    if key == "xgboost":
        return VotingClassifier([(key, made)], voting="soft")
    return made if hasattr(made, "predict_proba") else CalibratedClassifierCV(made, cv=3)


def _accepted(make: Any) -> Any:
    names = set(make().get_params())
    return lambda name: name in names or make.__module__.startswith("lightgbm")
