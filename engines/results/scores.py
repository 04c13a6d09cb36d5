"""Evaluation metrics with their uncertainty: from folds, and from resampled hold-out rows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from engines.results.read import TaskFiles

RESAMPLES = 200
ROWS_RESAMPLED = 4_000_000  # rows times resamples; larger hold-outs need fewer resamples
FEWEST = 40


@dataclass(frozen=True)
class Metric:
    """A score's id, its title in plain words, and which direction is better."""

    id: str
    title: str
    more_is_better: bool = True


METRICS = {
    m.id: m
    for m in (
        Metric("roc_auc", "ROC AUC"),
        Metric("average_precision", "Average precision"),
        Metric("roc_auc_ovr", "ROC AUC (one against rest)"),
        Metric("f1", "F1 (positive class)"),
        Metric("f1_macro", "F1 (macro)"),
        Metric("precision", "Precision"),
        Metric("recall", "Recall"),
        Metric("accuracy", "Accuracy"),
        Metric("balanced_accuracy", "Balanced accuracy"),
        Metric("mcc", "Matthews correlation"),
        Metric("brier", "Brier score", more_is_better=False),
        Metric("log_loss", "Log loss", more_is_better=False),
        Metric("rmse", "RMSE", more_is_better=False),
        Metric("mae", "MAE", more_is_better=False),
        Metric("r2", "R²"),
        Metric("rmsle", "RMSLE", more_is_better=False),
        Metric("mape", "MAPE", more_is_better=False),
        Metric("mase", "MASE", more_is_better=False),
        Metric("silhouette", "Silhouette"),
        Metric("calinski_harabasz", "Calinski-Harabasz"),
        Metric("davies_bouldin", "Davies-Bouldin", more_is_better=False),
        Metric("explained_variance", "Variance explained by two components"),
        Metric("trustworthiness", "Trustworthiness of neighbourhoods"),
        Metric("agreement", "Rank agreement with the other detectors"),
        Metric("separation", "Separation of the flagged rows"),
    )
}


def metric(identifier: str) -> Metric:
    """The metric of that id; an unknown one keeps its id as title."""
    return METRICS.get(identifier, Metric(identifier, identifier))


@dataclass(frozen=True)
class Estimate:
    """A score and the bounds of its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """The estimate for people: 0.842 (95 % CI 0.820 to 0.861)."""
        if self.low == self.high or math.isnan(self.low):
            return number(self.value)
        return f"{number(self.value)} (95 % CI {number(self.low)} to {number(self.high)})"


def number(value: float) -> str:
    """A score as text: three decimals for small ones, thousands apart for large ones."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def fold_estimate(folds: Sequence[float]) -> Estimate:
    """The mean of k fold values with its interval, by the corrected resampled t-test.

    mean ± t(0.975, k-1) · sqrt((1/k + 1/(k-1)) · s²), where 1/(k-1) is the share of test to
    training rows: Nadeau and Bengio, Machine Learning 52 (2003).
    """
    k = len(folds)
    mean = float(np.mean(folds)) if k else float("nan")
    if k < 2:
        return Estimate(mean, math.nan, math.nan)  # one fold has no interval
    spread = math.sqrt((1 / k + 1 / (k - 1)) * float(np.var(folds, ddof=1)))
    reach = float(stats.t.ppf(0.975, k - 1)) * spread
    return Estimate(mean, mean - reach, mean + reach)


Scorer = Callable[[pd.DataFrame, NDArray[np.bool_]], float]


def _rmse(frame: pd.DataFrame, _yes: NDArray[np.bool_]) -> float:
    return float(np.sqrt(np.mean((frame["y_true"] - frame["y_pred"]) ** 2)))


def _shares(frame: pd.DataFrame) -> NDArray[np.float64]:
    return frame.filter(regex="^p_").to_numpy()[:, -1]


RESAMPLED: dict[str, Scorer] = {
    "roc_auc": lambda f, yes: float(sk.roc_auc_score(yes, _shares(f))),
    "average_precision": lambda f, yes: float(sk.average_precision_score(yes, _shares(f))),
    "brier": lambda f, yes: float(np.mean((_shares(f) - yes) ** 2)),
    "accuracy": lambda f, _: float(np.mean(f["y_true"] == f["y_pred"])),
    "balanced_accuracy": lambda f, _: float(sk.balanced_accuracy_score(f["y_true"], f["y_pred"])),
    "f1_macro": lambda f, _: float(sk.f1_score(f["y_true"], f["y_pred"], average="macro")),
    "rmse": _rmse,
    "mae": lambda f, _: float(np.mean(np.abs(f["y_true"] - f["y_pred"]))),
    "r2": lambda f, _: float(sk.r2_score(f["y_true"], f["y_pred"])),
}


def holdout_estimate(files: TaskFiles, identifier: str) -> Estimate:
    """A hold-out score with a percentile-bootstrap interval over its rows (seeded, 95 %).

    A metric that is not resampled, or a hold-out of too few rows, has no interval.
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    value = float(files.holdout_scores.get(identifier, float("nan")))
    score, frame = RESAMPLED.get(identifier), files.holdout
    if score is None or len(frame) < FEWEST:
        return Estimate(value, value, value)
    low, high = np.nanquantile(_resampled(score, frame, files), [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _resampled(score: Scorer, frame: pd.DataFrame, files: TaskFiles) -> list[float]:
    dice = np.random.default_rng(0)
    times = int(np.clip(ROWS_RESAMPLED // len(frame), FEWEST, RESAMPLES))
    positive = files.card.classes[-1] if files.card.classes else None
    yes = (frame["y_true"] == positive).to_numpy()
    found = []
    for _ in range(times):
        rows = dice.integers(0, len(frame), len(frame))
        if positive is None or 0 < yes[rows].sum() < len(rows):
            found.append(score(frame.iloc[rows], yes[rows]))
    return found or [float("nan")]


def leaderboard_frame(files: TaskFiles) -> pd.DataFrame:
    """The leaderboard: candidate, score with bounds low and high, seconds, state, winner."""
    rows = []
    for line in files.leaderboard:
        folds = line.get("folds", {}).get(line.get("metric", ""), [])
        score = line.get("score")
        alone = Estimate(math.nan if score is None else float(score), math.nan, math.nan)
        seen = fold_estimate(folds) if folds else alone
        rows.append(
            {
                "candidate": line.get("name", ""),
                "score": seen.value,
                "low": seen.low,
                "high": seen.high,
                "seconds": line.get("seconds"),
                "state": line.get("state", ""),
                "winner": bool(line.get("is_winner")),
                "settings": settings_text(line.get("parameters") or {}),
            }
        )
    return pd.DataFrame(
        rows,
        columns=["candidate", "score", "low", "high", "seconds", "state", "winner", "settings"],
    )


def settings_text(parameters: Mapping[str, object]) -> str:
    """Hyperparameters in one line; what is not named has the learner's usual value."""
    shown = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in parameters.items()}
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def metrics_frame(files: TaskFiles) -> pd.DataFrame:
    """Every metric: its title, the fold estimate that chose, and the hold-out value beside it."""
    if not files.card.is_supervised:
        return pd.DataFrame([_fit_line(name, value) for name, value in files.fit_scores.items()])
    names = dict.fromkeys([files.card.metric, *files.folds, *files.holdout_scores])
    rows = []
    for name in filter(None, names):
        folds = fold_estimate(files.folds.get(name, []))
        held = files.holdout_scores.get(name, math.nan)
        rows.append(
            {
                "metric": metric(name).title,
                "better": "higher" if metric(name).more_is_better else "lower",
                "folds": folds.value,
                "low": folds.low,
                "high": folds.high,
                "hold-out (not used to choose)": held,
            }
        )
    return pd.DataFrame(rows)


def _fit_line(name: str, value: float) -> dict[str, object]:
    better = "higher" if metric(name).more_is_better else "lower"
    return {"metric": metric(name).title, "better": better, "fitted rows": value}
