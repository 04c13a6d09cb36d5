"""How steady the model's score is: by segment of its most important columns, and over time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn import metrics as sk

from engines.core.model_card import ModelCard
from engines.explanation.groups import MISSING, OTHER, by_period, by_value, in_order
from engines.explanation.intervals import bootstrap

FEWEST = 50  # rows of a segment whose score counts for the spread
COLUMNS = ["kind", "column", "segment", "value", "low", "high", "count", "small"]
SEGMENT, TIME = "segment", "time"


@dataclass(frozen=True)
class Held:
    """Hold-out answers: truth, predictions, and shares (rows, classes), empty for numbers."""

    truth: NDArray[Any]
    predicted: NDArray[Any]
    shares: NDArray[np.float64]
    classes: tuple[Any, ...]

    def take(self, rows: NDArray[Any]) -> "Held":
        """The answers of those rows."""
        shares = self.shares[rows] if len(self.classes) else self.shares
        return Held(self.truth[rows], self.predicted[rows], shares, self.classes)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """True where the second class is the truth."""
        return np.asarray(self.truth == self.classes[1])


Score = Callable[[Held], float]


def _area(truth: NDArray[np.bool_], share: NDArray[np.float64]) -> float:
    """Area under the ROC curve by ranks (Mann and Whitney), many times faster for resamples."""
    yes, rows = int(truth.sum()), len(truth)
    if not 0 < yes < rows:
        return float("nan")
    ranks = rankdata(share)[truth].sum()
    return float((ranks - yes * (yes + 1) / 2) / (yes * (rows - yes)))


def _log_loss(held: Held) -> float:
    places = np.searchsorted(np.asarray(held.classes), held.truth)
    chosen = held.shares[np.arange(len(places)), places]
    return float(-np.mean(np.log(np.clip(chosen, 1e-15, 1))))


def _one_against_rest(held: Held) -> float:
    truths = [held.truth == name for name in held.classes]
    pairs = [(t, held.shares[:, n]) for n, t in enumerate(truths) if 0 < t.sum() < len(t)]
    return float(np.mean([_area(truth, share) for truth, share in pairs]))


def _mape(held: Held) -> float:
    known = held.truth != 0
    return float(np.mean(np.abs(1 - held.predicted[known] / held.truth[known])))


SCORES: dict[str, Score] = {
    "roc_auc": lambda h: _area(h.positive, h.shares[:, 1]),
    "average_precision": lambda h: float(sk.average_precision_score(h.positive, h.shares[:, 1])),
    "brier": lambda h: float(np.mean((h.shares[:, 1] - h.positive) ** 2)),
    "f1": lambda h: float(sk.f1_score(h.positive, h.predicted == h.classes[1])),
    "precision": lambda h: float(sk.precision_score(h.positive, h.predicted == h.classes[1])),
    "recall": lambda h: float(sk.recall_score(h.positive, h.predicted == h.classes[1])),
    "f1_macro": lambda h: float(sk.f1_score(h.truth, h.predicted, average="macro")),
    "balanced_accuracy": lambda h: float(sk.balanced_accuracy_score(h.truth, h.predicted)),
    "mcc": lambda h: float(sk.matthews_corrcoef(h.truth, h.predicted)),
    "accuracy": lambda h: float(np.mean(h.truth == h.predicted)),
    "log_loss": _log_loss,
    "roc_auc_ovr": _one_against_rest,
    "rmse": lambda h: float(np.sqrt(np.mean((h.truth - h.predicted) ** 2))),
    "mae": lambda h: float(np.mean(np.abs(h.truth - h.predicted))),
    "r2": lambda h: float(sk.r2_score(h.truth, h.predicted)),
    "rmsle": lambda h: float(np.sqrt(sk.mean_squared_log_error(h.truth, h.predicted.clip(0)))),
    "mape": _mape,
}


def metric_of(card: ModelCard) -> str:
    """The metric that chose the model, or the plainest one when it needs more than the rows."""
    return card.metric if card.metric in SCORES else ("accuracy" if card.classes else "mae")


def held_of(card: ModelCard, answers: pd.DataFrame) -> Held:
    """The stored hold-out as arrays."""
    shares = np.empty((len(answers), 0))
    if card.classes:
        shares = answers[[f"p_{name}" for name in card.classes]].to_numpy(dtype="float64")
    return Held(answers["y_true"].to_numpy(), answers["y_pred"].to_numpy(), shares, card.classes)


def stability(
    card: ModelCard,
    answers: pd.DataFrame,
    segments: Mapping[str, pd.Series],
    times: Mapping[str, pd.Series],
) -> pd.DataFrame:
    """The metric per segment and per period with 95 % bootstrap intervals.

    `segments` and `times` hold a column's values, one per hold-out row. `small` marks parts of
    fewer than 50 rows, missing values, rest groups and parts where the metric has no value.
    """
    held, score = held_of(card, answers), SCORES[metric_of(card)]
    lines: list[dict[str, Any]] = []
    for name, values in segments.items():
        own = values.reset_index(drop=True)
        lines += _parts(SEGMENT, name, own, by_value(own), held, score)
    for name, values in times.items():
        moments = pd.to_datetime(values.reset_index(drop=True), errors="coerce")
        lines += _parts(TIME, name, moments, by_period(moments), held, score)
    return pd.DataFrame(lines, columns=COLUMNS)


def spread(found: pd.DataFrame) -> float | None:
    """The largest difference of the metric between sound parts of one column, or None."""
    sound = found[~found["small"].astype(bool)]
    values = sound.groupby(["kind", "column"])["value"]
    reach = (values.max() - values.min())[values.size() > 1]
    return float(reach.max()) if len(reach) else None


def _parts(
    kind: str, column: str, values: pd.Series, group: pd.Series, held: Held, score: Score
) -> list[dict[str, Any]]:
    lines = []
    for name in in_order(values, group):
        rows = np.flatnonzero((group == name).to_numpy())
        own = held.take(rows)
        value = _scored(score, own)
        low, high = bootstrap(len(rows), partial(_resampled, score, own))
        told = {"kind": kind, "column": column, "segment": str(name), "value": value}
        is_small = len(rows) < FEWEST or name in (MISSING, OTHER) or not np.isfinite(value)
        lines.append({**told, "low": low, "high": high, "count": len(rows), "small": is_small})
    return lines


def _resampled(score: Score, held: Held, rows: NDArray[np.int64]) -> float:
    return _scored(score, held.take(rows))


def _scored(score: Score, held: Held) -> float:
    """The score, or NaN where it is not defined, as for one class alone."""
    with np.errstate(all="ignore"):
        try:
            return score(held)
        except (ValueError, IndexError):
            return float("nan")
