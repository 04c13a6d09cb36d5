"""The hyperparameters a request may set, per algorithm: their kinds and ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engines.core.errors import InvalidInput
from engines.training.catalogue import ALGORITHMS
from engines.training.tasks import CLASSIFICATION, SUPERVISED, Task

MANY = 1_000_000


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter: a whole number, a number, or one of `choices`; bounds are included."""

    low: float = 0.0
    high: float = MANY
    whole: bool = False
    choices: tuple[str, ...] = ()
    classes_only: bool = False

    @property
    def needed(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return " or ".join(f"“{choice}”" for choice in self.choices)
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def accepts(self, value: Any) -> bool:
        """True for a value of the right kind within the bounds."""
        if self.choices:
            return value in self.choices
        kinds = (int,) if self.whole else (int, float)
        is_kind = isinstance(value, kinds) and not isinstance(value, bool)
        return is_kind and self.low <= value <= self.high


_TREES = Parameter(1, 10_000, whole=True)
_RATE = Parameter(1e-4, 1.0)
_SHARE = Parameter(0.01, 1.0)
_DEPTH = Parameter(1, 100, whole=True)
_ROWS = Parameter(1, MANY, whole=True)
_RESTRAINT = Parameter(0.0, MANY)
_WEIGHT = Parameter(choices=("balanced",), classes_only=True)
_BOOSTING = {"n_estimators": _TREES, "learning_rate": _RATE, "max_depth": _DEPTH}
_SAMPLES = {"subsample": _SHARE, "colsample_bytree": _SHARE}
_REGULAR = {"reg_lambda": _RESTRAINT, "reg_alpha": _RESTRAINT}
_FOREST = {
    "n_estimators": _TREES,
    "max_depth": _DEPTH,
    "min_samples_leaf": _ROWS,
    "max_features": _SHARE,
    "class_weight": _WEIGHT,
}
_GRADIENT = {**_BOOSTING, "subsample": _SHARE, "max_features": _SHARE, "min_samples_leaf": _ROWS}
KNOWN: dict[str, dict[str, Parameter]] = {
    "lightgbm": {
        **_BOOSTING, **_SAMPLES, **_REGULAR, "class_weight": _WEIGHT,
        "num_leaves": Parameter(2, 4096, whole=True), "min_child_samples": _ROWS,
    },
    "xgboost": {
        **_BOOSTING, **_SAMPLES, **_REGULAR, "min_child_weight": _RESTRAINT,
        "gamma": _RESTRAINT, "scale_pos_weight": Parameter(1e-3, MANY, classes_only=True),
    },
    "rf": _FOREST,
    "et": _FOREST,
    "gbc": _GRADIENT,
    "gbr": _GRADIENT,
    "dt": {"max_depth": _DEPTH, "min_samples_leaf": _ROWS, "class_weight": _WEIGHT},
    "lr": {"C": Parameter(1e-6, MANY, classes_only=True), "class_weight": _WEIGHT},
    "ridge": {"alpha": _RESTRAINT, "class_weight": _WEIGHT},
    "lasso": {"alpha": Parameter(1e-9, MANY)},
    "en": {"alpha": Parameter(1e-9, MANY), "l1_ratio": Parameter(0.0, 1.0)},
    "knn": {"n_neighbors": Parameter(1, 1_000, whole=True)},
    "ada": {"n_estimators": _TREES, "learning_rate": Parameter(1e-4, 10.0)},
}  # fmt: skip


def settable(task: Task, algorithm: str) -> dict[str, Parameter]:
    """The hyperparameters a request may set for that algorithm and task; empty for none."""
    serves = any(a.id == algorithm and task in a.tasks for a in ALGORITHMS)
    known = KNOWN.get(algorithm, {}) if serves and task in SUPERVISED else {}
    return {n: p for n, p in known.items() if task in CLASSIFICATION or not p.classes_only}


def check_starting_values(task: Task, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse an algorithm or hyperparameter that is not known, or a value that does not fit.

    Raises InvalidInput with one sentence.
    """
    for algorithm, given in values.items():
        known = settable(task, algorithm)
        if not known:
            raise InvalidInput(
                f"“{algorithm}” takes no starting values for this task.",
                hint="Drop them, or choose another algorithm.",
            )
        for name, value in given.items():
            _check_value(algorithm, known, name, value)


def _check_value(algorithm: str, known: Mapping[str, Parameter], name: str, value: Any) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean “{near[0]}”?" if near else f"It knows {', '.join(sorted(known))}."
        raise InvalidInput(f"“{algorithm}” has no hyperparameter “{name}”.", hint=hint)
    if not known[name].accepts(value):
        raise InvalidInput(
            f"“{name}” of “{algorithm}” must be {known[name].needed}, not “{value}”.",
            hint="Correct the value, or empty it to keep the default.",
        )
