"""Where the search looks: our own ranges for the usual winners, PyCaret's for the others."""

from typing import Any

from flaml.tune.sample import choice, lograndint, loguniform, randint, uniform

from engines.training.folds import Material
from engines.training.recipes import Recipe
from engines.training.recipes import parameters as all_parameters

Space = dict[str, Any]
BOOSTED_ROUNDS = (20, 3000)


def space(recipe: Recipe, material: Material) -> Space:
    """The ranges for one recipe, as FLAML's domains; empty when there is nothing to"""
    key = recipe.algorithm.id
    rows = len(material.train)
    own = {
        "lightgbm": _lightgbm,
        "xgboost": _xgboost,
        "rf": _forest,
        "et": _forest,
        "gbc": _boosting,
        "gbr": _boosting,
    }
    if key in own:
        return own[key](rows)
    if key == "lr" and material.classes:
        return {"C": loguniform(1e-3, 100)}
    if key == "ridge":
        return {"alpha": loguniform(1e-2, 1e4)}
    container = material.blueprint.containers.get(key)
    found = {name: _domain(d) for name, d in (container.space if container else {}).items()}
    return {name: domain for name, domain in found.items() if domain is not None}


def start(recipe: Recipe, material: Material) -> Space:
    """The recipe's present parameters as the search's first point, when they cover the space."""
    known = all_parameters(recipe, material.blueprint)
    wanted = space(recipe, material)
    return {n: known[n] for n in wanted} if all(n in known for n in wanted) else {}


def parameters(key: str, asked: Space) -> Space:
    """What a searcher asked for, as the learner takes it."""
    whole = {"n_estimators", "num_leaves", "max_depth", "min_child_samples", "min_samples_leaf"}
    return {n: int(v) if n in whole else v for n, v in asked.items()}


def _lightgbm(rows: int) -> Space:
    return {
        "n_estimators": lograndint(*BOOSTED_ROUNDS),
        "learning_rate": loguniform(0.008, 0.3),
        "num_leaves": lograndint(3, max(8, min(512, rows // 10))),
        "min_child_samples": lograndint(2, 129),
        "subsample": uniform(0.5, 1.0),
        "colsample_bytree": uniform(0.2, 1.0),
        "reg_lambda": loguniform(1e-3, 100),
    }


def _xgboost(rows: int) -> Space:
    return {
        "n_estimators": lograndint(*BOOSTED_ROUNDS),
        "learning_rate": loguniform(0.008, 0.3),
        "max_depth": randint(2, 11),
        "min_child_weight": loguniform(0.5, 64),
        "subsample": uniform(0.5, 1.0),
        "colsample_bytree": uniform(0.2, 1.0),
    }


def _forest(rows: int) -> Space:
    return {
        "max_features": uniform(0.1, 1.0),
        "min_samples_leaf": lograndint(1, max(3, min(64, rows // 50))),
    }


def _boosting(rows: int) -> Space:
    return {
        "n_estimators": lograndint(50, 1000),
        "learning_rate": loguniform(0.01, 0.3),
        "max_depth": randint(2, 8),
        "subsample": uniform(0.5, 1.0),
        "max_features": uniform(0.1, 1.0),
    }


def _domain(distribution: Any) -> Any:
    """PyCaret's distribution as FLAML's domain; None for one that cannot be searched here."""
    low, high = getattr(distribution, "lower", None), getattr(distribution, "upper", None)
    if low is None or high is None:
        values = [v for v in getattr(distribution, "values", []) if isinstance(v, str | bool)]
        return choice(values) if values else None
    is_log = bool(getattr(distribution, "log", False))
    if type(distribution).__name__.startswith("Int"):
        return randint(low, high + 1)
    return loguniform(max(low, 1e-10), high) if is_log else uniform(low, high)
