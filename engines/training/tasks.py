"""The tasks a run can hold, the metrics each is judged by, and the guess for a given target."""

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from engines.core.tables import ColumnType, Table

FEW_CLASSES = 20  # an integer target with at most so many values, repeated often, is a class


class Task(StrEnum):
    """What a model is asked to do."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    TIME_SERIES = "time_series"
    CLUSTERING = "clustering"
    REDUCTION = "dimensionality_reduction"
    ANOMALY = "anomaly"


TITLES: dict[Task, str] = {
    Task.BINARY: "Binary classification",
    Task.MULTICLASS: "Multiclass classification",
    Task.REGRESSION: "Regression",
    Task.TIME_SERIES: "Time series",
    Task.CLUSTERING: "Clustering",
    Task.REDUCTION: "Dimensionality reduction",
    Task.ANOMALY: "Anomaly detection",
}
SUPERVISED = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION, Task.TIME_SERIES})
CLASSIFICATION = frozenset({Task.BINARY, Task.MULTICLASS})


@dataclass(frozen=True)
class Metric:
    """A score: its id, its title, and which direction is better."""

    id: str
    title: str
    greater_is_better: bool = True


_CLASSES = (
    Metric("f1_macro", "F1 (macro)"),
    Metric("balanced_accuracy", "Balanced accuracy"),
    Metric("accuracy", "Accuracy"),
    Metric("log_loss", "Log loss", greater_is_better=False),
    Metric("mcc", "Matthews correlation"),
)
_NUMBERS = (
    Metric("rmse", "RMSE", greater_is_better=False),
    Metric("mae", "MAE", greater_is_better=False),
    Metric("r2", "R²"),
    Metric("rmsle", "RMSLE", greater_is_better=False),
    Metric("mape", "MAPE", greater_is_better=False),
)
METRICS: dict[Task, tuple[Metric, ...]] = {
    Task.BINARY: (
        Metric("roc_auc", "ROC AUC"),
        Metric("average_precision", "Average precision"),
        Metric("f1", "F1 (positive class)"),
        Metric("precision", "Precision"),
        Metric("recall", "Recall"),
        Metric("brier", "Brier score", greater_is_better=False),
        *_CLASSES[1:],
    ),
    Task.MULTICLASS: (*_CLASSES, Metric("roc_auc_ovr", "ROC AUC (one against rest)")),
    Task.REGRESSION: _NUMBERS,
    Task.TIME_SERIES: (*_NUMBERS, Metric("mase", "MASE", greater_is_better=False)),
    Task.CLUSTERING: (
        Metric("silhouette", "Silhouette"),
        Metric("calinski_harabasz", "Calinski-Harabasz"),
        Metric("davies_bouldin", "Davies-Bouldin", greater_is_better=False),
    ),
    Task.REDUCTION: (
        Metric("explained_variance", "Variance explained by two components"),
        Metric("trustworthiness", "Trustworthiness of neighbourhoods"),
    ),
    Task.ANOMALY: (
        Metric("agreement", "Rank agreement with the other detectors"),
        Metric("separation", "Separation of the flagged rows"),
    ),
}


def metric(task: Task, identifier: str = "") -> Metric:
    """The task's metric of that id, its first one for an empty id. Raises KeyError."""
    if not identifier:
        return METRICS[task][0]
    return {m.id: m for m in METRICS[task]}[identifier]


def guess_task(table: Table, frame: pd.DataFrame, target: str) -> Task:
    """The task that fits `target` in `frame` (n rows); clustering when no target is given.

    A time column with one row per moment makes a numeric target a time series. The guess is a
    proposal; the request carries what the analyst settled on.
    """
    if not target:
        return Task.CLUSTERING
    values = frame[target].dropna()
    distinct = values.nunique()
    if distinct == 2:
        return Task.BINARY
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return Task.MULTICLASS
    if guess_time_column(table, frame):
        return Task.TIME_SERIES
    whole = bool((values == values.round()).all())
    is_class = whole and distinct <= FEW_CLASSES and distinct * 20 <= len(values)
    return Task.MULTICLASS if is_class else Task.REGRESSION


def guess_time_column(table: Table, frame: pd.DataFrame) -> str:
    """The first date column with a distinct moment in nearly every row, or an empty string."""
    dates = [c.name for c in table.columns if c.type == ColumnType.DATETIME and c.name in frame]
    return next((name for name in dates if frame[name].nunique() > 0.95 * len(frame)), "")
