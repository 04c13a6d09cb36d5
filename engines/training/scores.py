"""Scores of predictions, and confidence intervals of fold means."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from engines.training.tasks import METRICS, Task

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Predictions for n rows. `shares` is (n, classes), empty for numbers; `naive_error` scales
    MASE: the mean absolute error of repeating the last value in the training part."""

    truth: NDArray[Any]
    predicted: NDArray[Any]
    shares: Floats
    classes: tuple[Any, ...] = ()
    naive_error: float = float("nan")

    @property
    def positive(self) -> NDArray[Any]:
        """True where the second class is the truth."""
        return np.asarray(self.truth == self.classes[1])


Score = Callable[[Answers], float]


def _one_against_rest(a: Answers) -> float:
    hot = np.column_stack([a.truth == c for c in a.classes])
    present = [n for n in range(len(a.classes)) if 0 < hot[:, n].sum() < len(hot)]
    return float(np.mean([sk.roc_auc_score(hot[:, n], a.shares[:, n]) for n in present]))


def _rmsle(a: Answers) -> float:
    if a.truth.min() <= -1:
        return float("nan")
    error = np.log1p(a.truth) - np.log1p(np.clip(a.predicted, 0, None))
    return float(np.sqrt(np.mean(error**2)))


def _log_loss(a: Answers) -> float:
    found = {c: n for n, c in enumerate(a.classes)}
    chosen = a.shares[np.arange(len(a.truth)), [found[t] for t in a.truth]]
    return float(-np.mean(np.log(np.clip(chosen, 1e-15, 1))))


def _mape(a: Answers) -> float:
    nonzero = a.truth != 0
    return float(np.mean(np.abs(1 - a.predicted[nonzero] / a.truth[nonzero])))


SCORES: dict[str, Score] = {
    "roc_auc": lambda a: float(sk.roc_auc_score(a.positive, a.shares[:, 1])),
    "average_precision": lambda a: float(sk.average_precision_score(a.positive, a.shares[:, 1])),
    "f1": lambda a: _of_positive(sk.f1_score, a),
    "precision": lambda a: _of_positive(sk.precision_score, a),
    "recall": lambda a: _of_positive(sk.recall_score, a),
    "brier": lambda a: float(np.mean((a.shares[:, 1] - a.positive) ** 2)),
    "f1_macro": lambda a: float(sk.f1_score(a.truth, a.predicted, average="macro")),
    "balanced_accuracy": lambda a: float(sk.balanced_accuracy_score(a.truth, a.predicted)),
    "accuracy": lambda a: float(np.mean(a.truth == a.predicted)),
    "mcc": lambda a: float(sk.matthews_corrcoef(a.truth, a.predicted)),
    "log_loss": _log_loss,
    "roc_auc_ovr": _one_against_rest,
    "rmse": lambda a: float(np.sqrt(np.mean((a.truth - a.predicted) ** 2))),
    "mae": lambda a: float(np.mean(np.abs(a.truth - a.predicted))),
    "r2": lambda a: float(sk.r2_score(a.truth, a.predicted)),
    "rmsle": _rmsle,
    "mape": _mape,
    "mase": lambda a: float(np.mean(np.abs(a.truth - a.predicted)) / a.naive_error),
}


def _of_positive(score: Callable[..., Any], a: Answers) -> float:
    return float(score(a.positive, a.predicted == a.classes[1], zero_division=0))


def score(task: Task, answers: Answers) -> dict[str, float]:
    """Every metric of a supervised task that is defined for these answers."""
    with np.errstate(all="ignore"):
        found = {m.id: defined(m.id, answers) for m in METRICS[task]}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def defined(name: str, answers: Answers) -> float:
    """One metric; NaN where it is not defined for these answers."""
    try:
        return SCORES[name](answers)
    except (ValueError, IndexError, KeyError):  # one class only in a small part, for example
        return float("nan")


def interval(folds: Sequence[float], folds_asked: int) -> list[float]:
    """[low, mean, high] of a fold mean at 95 %, by the corrected resampled t-test.

    mean ± t(0.975, k-1) · sqrt((1/k + n_test/n_train) · s²), where n_test/n_train = 1/(k-1):
    Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 52 (2003).
    """
    k = len(folds)
    mean = float(np.mean(folds))
    if k < 2:
        return [mean, mean, mean]
    variance = float(np.var(folds, ddof=1))
    share = 1 / max(folds_asked - 1, 1)
    reach = float(stats.t.ppf(0.975, k - 1)) * math.sqrt((1 / k + share) * variance)
    return [mean - reach, mean, mean + reach]
