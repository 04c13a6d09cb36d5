"""What a worker does: fit one candidate on one fold, and answer its test rows."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import skops.io
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder

from engines.core.trusted_types import TRUSTED_TYPES
from engines.training.catalogue import Flavour
from engines.training.pycaret_setup import Rows
from engines.training.recipes import (
    LOG_TARGET,
    ROUNDS_MAX,
    Blueprint,
    Recipe,
    estimator,
    parameters,
)
from engines.training.scores import Answers, score
from engines.training.series import Series
from engines.training.tasks import CLASSIFICATION

CACHE_BYTES = 400_000_000
STOP_AFTER = 30  # rounds without a better score
FEW_ROWS = 1000  # below this, a call's fixed cost outweighs that of its rows


@dataclass(frozen=True)
class Numbers:
    """Prepared features of one fold, and the seconds it took to make each part."""

    to_fit: Any
    to_test: Any
    fitting: float
    asking: float
    prep: Any = None

    @property
    def size(self) -> int:
        """Bytes held."""
        return _size(self.to_fit) + _size(self.to_test)


@dataclass
class Material:
    """The data of one supervised task as every worker sees it; positions count its rows."""

    features: pd.DataFrame
    target: NDArray[Any]
    train: Rows
    holdout: Rows
    folds: tuple[tuple[Rows, Rows], ...]
    blueprint: Blueprint
    classes: tuple[Any, ...]
    naive_error: float = float("nan")
    series: Series | None = None
    cache: dict[tuple[int, Flavour], "Numbers"] = field(default_factory=dict)
    models: dict[Path, Any] = field(default_factory=dict)

    def rows(self, fold: int) -> tuple[Rows, Rows]:
        """Positions to fit on and to test on."""
        fit, test = self.folds[fold]
        return self.train[fit], self.train[test]

    def numbers(self, fold: int, flavour: Flavour) -> "Numbers":
        """The fold's prepared features, fitted on its training rows only; kept when small."""
        if (fold, flavour) in self.cache:
            return self.cache[fold, flavour]
        fit, test = self.rows(fold)
        began = time.monotonic()
        prep = self.blueprint.preparation(flavour)
        to_fit = prep.fit_transform(self.features.iloc[fit], self.target[fit])
        between = time.monotonic()
        to_test = prep.transform(self.features.iloc[test])
        made = Numbers(to_fit, to_test, between - began, time.monotonic() - between, prep)
        if made.size + sum(one.size for one in self.cache.values()) < CACHE_BYTES:
            self.cache[fold, flavour] = made
        return made

    def model(self, file: Path) -> Any:
        """A stored model, read once."""
        if file not in self.models:
            self.models[file] = skops.io.load(file, trusted=list(TRUSTED_TYPES))
        return self.models[file]

    def answers(self, truth: NDArray[Any], predicted: NDArray[Any], shares: Any) -> Answers:
        """Predictions with what their scores need."""
        return Answers(truth, predicted, shares, self.classes, self.naive_error)


@dataclass(frozen=True)
class FoldResult:
    """Out-of-fold answers for `rows`, their scores, and how long fitting and answering took."""

    rows: Rows
    predicted: NDArray[Any]
    shares: NDArray[np.float64]
    scores: dict[str, float]
    seconds: float
    asking: float = 0.0  # of these, seconds a row for answering


def fit_fold(material: Material, recipe: Recipe, fold: int) -> FoldResult:
    """Fit the recipe on one fold and answer its test rows."""
    began = time.monotonic()
    fit, test = material.rows(fold)
    if recipe.algorithm.id == "naive" and material.series:
        predicted = material.series.repeated(test, material.series.told["season"])
        return judged(material, test, predicted, np.empty((len(test), 0)), began)
    numbers = material.numbers(fold, recipe.algorithm.flavour)
    began = time.monotonic()
    made = estimator(recipe, material.blueprint).fit(numbers.to_fit, material.target[fit])
    asked = time.monotonic()
    predicted, shares = _tested(material, made, numbers, test)
    asking = numbers.asking + time.monotonic() - asked
    found = judged(material, test, predicted, shares, began - numbers.fitting - numbers.asking)
    return replace(found, asking=asking / max(len(test), FEW_ROWS))


def _tested(
    material: Material, made: Any, numbers: Numbers, test: Rows
) -> tuple[NDArray[Any], Any]:
    """Answers for a fold's test rows; those of a series a horizon at a time."""
    if material.series is None:
        return ask(made, numbers.to_test, material.classes)
    whole = Pipeline([("prep", numbers.prep), ("model", made)])
    predicted = material.series.forecast(whole.predict, material.features, test)
    return predicted, np.empty((len(test), 0))


def judged(
    material: Material, rows: Rows, predicted: NDArray[Any], shares: Any, began: float
) -> FoldResult:
    """Answers with their scores."""
    answers = material.answers(material.target[rows], predicted, shares)
    scores = score(material.blueprint.task, answers)
    return FoldResult(rows, predicted, shares, scores, time.monotonic() - began)


def ask(model: Any, features: Any, classes: tuple[Any, ...]) -> tuple[NDArray[Any], Any]:
    """Predictions, and class shares in the order of `classes` (zero for one never seen)."""
    if not classes:
        return np.asarray(model.predict(features), dtype="float64"), np.empty((0, 0))
    found = np.asarray(model.predict_proba(features), dtype="float64")
    shares = np.zeros((len(found), len(classes)))
    shares[:, [classes.index(_plain(c)) for c in model.classes_]] = found
    return np.asarray(classes)[shares.argmax(axis=1)], shares


def rounds(material: Material, recipe: Recipe) -> int:
    """How many boosting rounds serve, by early stopping inside the first fold's training rows.

    The fold's own test rows are not touched, so no score is made better by it.
    """
    fit, _ = material.rows(len(material.folds) - 1)
    to_fit = material.numbers(len(material.folds) - 1, recipe.algorithm.flavour).to_fit
    target = _numbered(material, recipe, fit)
    labels = target if material.classes else None
    keep, check = train_test_split(
        np.arange(len(fit)), test_size=0.2, random_state=material.blueprint.seed, stratify=labels
    )
    known = parameters(recipe, material.blueprint)
    make = material.blueprint.containers[recipe.algorithm.id].make
    pair = [(to_fit[check], target[check])]
    if recipe.algorithm.id == "xgboost":
        made = make(**{**known, "n_estimators": ROUNDS_MAX}, early_stopping_rounds=STOP_AFTER)
        best = made.fit(to_fit[keep], target[keep], eval_set=pair, verbose=False).best_iteration
        return max(20, int(best * 1.1) + 1)
    made = make(**{**known, "n_estimators": ROUNDS_MAX})
    stop = [lightgbm.early_stopping(STOP_AFTER, verbose=False)]
    made.fit(to_fit[keep], target[keep], eval_set=pair, callbacks=stop)
    return max(20, int(made.best_iteration_ * 1.1) + 1)


def _numbered(material: Material, recipe: Recipe, rows: Rows) -> NDArray[Any]:
    target = material.target[rows]
    if material.blueprint.task in CLASSIFICATION:
        return np.asarray(LabelEncoder().fit_transform(target))
    return np.log1p(target) if recipe.parameters.get(LOG_TARGET) else target


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label


def _size(array: Any) -> int:
    return int(array.data.nbytes if hasattr(array, "indptr") else array.nbytes)
