"""The algorithms a run may try, by the identifiers PyCaret knows them under."""

from dataclasses import dataclass
from enum import StrEnum

from engines.training.tasks import CLASSIFICATION, Task

_C = tuple(sorted(CLASSIFICATION))
_R = (Task.REGRESSION, Task.TIME_SERIES)


class Flavour(StrEnum):
    """How a family of learners likes its numbers."""

    TREE = "tree"  # missing numbers stay missing, nothing is scaled
    FILLED = "filled"  # as tree, with nothing missing
    LINEAR = "linear"  # imputed, scaled, one-hot; may be sparse
    DENSE = "dense"  # as linear, never sparse
    EVEN = "even"  # as dense, skewed numbers made even, for distances


@dataclass(frozen=True)
class Algorithm:
    """One learner: what it serves, how it likes its features, and whether `Base` tries it.

    `rows_max` is where its cost stops being sensible; a baseline is shown but never chosen.
    """

    id: str
    name: str
    tasks: tuple[Task, ...]
    flavour: Flavour = Flavour.DENSE
    base: bool = False
    rows_max: int = 10_000_000
    baseline: bool = False


F = Flavour
ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm("lightgbm", "LightGBM", (*_C, *_R), F.TREE, base=True),
    Algorithm("lr", "Logistic regression", _C, F.LINEAR, base=True),
    Algorithm("ridge", "Ridge", _R, F.LINEAR, base=True),
    Algorithm("ridge", "Ridge", _C, F.LINEAR),
    Algorithm("xgboost", "XGBoost", (*_C, *_R), F.TREE, base=True),
    Algorithm("rf", "Random forest", (*_C, *_R), F.FILLED, base=True, rows_max=25_000),
    Algorithm("et", "Extra trees", (*_C, *_R), F.FILLED, base=True, rows_max=25_000),
    Algorithm("gbc", "Gradient boosting", _C, F.FILLED, base=True, rows_max=12_000),
    Algorithm("gbr", "Gradient boosting", _R, F.FILLED, base=True, rows_max=12_000),
    Algorithm("lda", "Linear discriminant", _C, F.DENSE, rows_max=200_000),
    Algorithm("qda", "Quadratic discriminant", _C, F.DENSE, rows_max=200_000),
    Algorithm("nb", "Naive Bayes", _C, F.DENSE),
    Algorithm("knn", "Nearest neighbours", (*_C, *_R), F.DENSE, rows_max=50_000),
    Algorithm("dt", "Decision tree", (*_C, *_R), F.FILLED),
    Algorithm("ada", "AdaBoost", (*_C, *_R), F.FILLED, rows_max=100_000),
    Algorithm("mlp", "Neural network", (*_C, *_R), F.DENSE, rows_max=100_000),
    Algorithm("lr", "Linear regression", _R, F.DENSE, rows_max=200_000),
    Algorithm("lasso", "Lasso", _R, F.DENSE, rows_max=200_000),
    Algorithm("en", "Elastic net", _R, F.DENSE, rows_max=200_000),
    Algorithm("br", "Bayesian ridge", _R, F.DENSE, rows_max=200_000),
    Algorithm("huber", "Huber regression", _R, F.DENSE, rows_max=200_000),
    Algorithm("dummy", "Baseline (most frequent)", _C, F.TREE, base=True, baseline=True),
    Algorithm("dummy", "Baseline (mean)", _R, F.TREE, base=True, baseline=True),
    Algorithm("naive", "Baseline (last season)", (Task.TIME_SERIES,), base=True, baseline=True),
    Algorithm("kmeans", "K-means", (Task.CLUSTERING,), base=True),
    Algorithm("gmm", "Gaussian mixture", (Task.CLUSTERING,), base=True),
    Algorithm("birch", "BIRCH", (Task.CLUSTERING,), base=True, rows_max=50_000),
    Algorithm("hclust", "Agglomerative", (Task.CLUSTERING,), base=True, rows_max=5_000),
    Algorithm("hdbscan", "HDBSCAN", (Task.CLUSTERING,), base=True, rows_max=10_000),
    Algorithm("dbscan", "DBSCAN", (Task.CLUSTERING,), rows_max=10_000),
    Algorithm("pca", "Principal components", (Task.REDUCTION,), base=True),
    Algorithm("svd", "Truncated SVD", (Task.REDUCTION,), base=True),
    Algorithm("fa", "Factor analysis", (Task.REDUCTION,), base=True),
    Algorithm("kpca", "Kernel components", (Task.REDUCTION,), rows_max=3_000),
    Algorithm("iforest", "Isolation forest", (Task.ANOMALY,), base=True),
    Algorithm("lof", "Local outlier factor", (Task.ANOMALY,), base=True, rows_max=20_000),
    Algorithm("mcd", "Robust covariance", (Task.ANOMALY,), base=True, rows_max=50_000),
)


def algorithms(task: Task) -> tuple[Algorithm, ...]:
    """The algorithms that serve the task, those of Base first."""
    found = [algorithm for algorithm in ALGORITHMS if task in algorithm.tasks]
    return tuple(sorted(found, key=lambda algorithm: not algorithm.base))


def chosen(task: Task, rows: int, asked: tuple[str, ...]) -> list[Algorithm]:
    """Those to try: the ones asked for that serve the task, or Base's that fit the row count.

    A baseline always runs, to show what no model at all would score.
    """
    served = algorithms(task)
    named = [a for a in served if a.id in asked and not a.baseline]
    fitting = [a for a in served if a.base and not a.baseline and rows <= a.rows_max]
    return [*(a for a in served if a.baseline), *(named or fitting)]
