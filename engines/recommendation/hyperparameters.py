"""Starting values and ranges for the leading algorithms, from the size and shape of the table."""

from collections.abc import Callable, Iterable, Iterator

from engines.recommendation.advice import Algorithm, Hyperparameter, Task
from engines.recommendation.characteristics import Characteristics

LEADING = 5
RARE = 0.2

Advice = Iterator[tuple[str, float | int | str, float | int | None, float | int | None, str]]


def suggest_hyperparameters(
    task: Task, facts: Characteristics, algorithms: Iterable[Algorithm]
) -> tuple[Hyperparameter, ...]:
    """Values for the first five algorithms that have advice here, in their libraries' own names."""
    found = []
    for algorithm in list(algorithms)[:LEADING]:
        for advice in _advice(algorithm.id, task, facts):
            found.append(Hyperparameter(algorithm.id, *advice))
    return tuple(found)


def _advice(algorithm: str, task: Task, facts: Characteristics) -> Advice:
    if algorithm != "lr" or task in (Task.BINARY, Task.MULTICLASS):  # a line has no such setting
        yield from RULES.get(algorithm, _nothing)(facts)
    weighted = algorithm in {"lightgbm", "rf", "et", "lr", "ridge", "dt"}
    rare = 0 < facts.minority_share < RARE
    if weighted and rare and task in (Task.BINARY, Task.MULTICLASS):
        text = f"The smallest class is {facts.minority_share:.1%} of the rows."
        yield "class_weight", "balanced", None, None, text
    if algorithm == "xgboost" and rare and task is Task.BINARY:
        ratio = round((1 - facts.minority_share) / facts.minority_share, 1)
        yield "scale_pos_weight", ratio, 1, ratio, "The larger class over the smaller one."


def _leaves(rows: int) -> int:
    """About one leaf per 100 rows, a power of two less one between 7 and 127."""
    leaves = 7
    while leaves < 127 and leaves * 200 < rows:
        leaves = leaves * 2 + 1
    return leaves


def _lightgbm(facts: Characteristics) -> Advice:
    leaves = _leaves(facts.rows)
    yield "num_leaves", leaves, 7, leaves * 2 + 1, f"Grows with the {facts.rows:,} rows."
    small = max(5, min(facts.rows // 200, 100))
    reason = "A leaf of fewer rows would learn single cases."
    yield "min_child_samples", small, max(small // 4, 2), small * 4, reason
    yield from _steps(facts, "n_estimators")


def _steps(facts: Characteristics, trees: str) -> Advice:
    rate = 0.05 if facts.rows < 10_000 else 0.1
    yield "learning_rate", rate, 0.01, 0.3, "Small steps suit small tables; on a log scale."
    yield trees, 300 if rate < 0.1 else 200, 50, 1_000, "More trees go with smaller steps."


def _xgboost(facts: Characteristics) -> Advice:
    depth = 4 if facts.rows < 2_000 else 6
    yield "max_depth", depth, 2, depth + 4, f"Deeper trees need more than {facts.rows:,} rows."
    yield from _steps(facts, "n_estimators")


def _forest(facts: Characteristics) -> Advice:
    leaf = 1 if facts.rows < 10_000 else max(2, facts.rows // 20_000)
    yield "min_samples_leaf", leaf, 1, max(leaf * 10, 10), "Keeps trees small on many rows."
    share = 0.3 if facts.features > 20 else 0.6
    yield "max_features", share, 0.1, 1.0, f"The share of {facts.features} features per cut."
    yield "n_estimators", 200, 100, 500, "More only costs time; the score levels off."


def _logistic(facts: Characteristics) -> Advice:
    start = 0.1 if facts.features * 10 > facts.rows else 1.0
    text = "Strong restraint: few rows per feature." if start < 1 else "Restraint, on a log scale."
    yield "C", start, 0.001, 100.0, text


def _ridge(facts: Characteristics) -> Advice:
    start = 10.0 if facts.features * 10 > facts.rows else 1.0
    yield "alpha", start, 0.001, 1_000.0, "Restraint, on a log scale."


def _lasso(facts: Characteristics) -> Advice:
    yield "alpha", 0.1, 0.0001, 10.0, f"Decides how many of {facts.features} features stay."


def _tree(facts: Characteristics) -> Advice:
    yield "max_depth", 5, 2, 12, "Up to five questions can still be read."


def _neighbours(facts: Characteristics) -> Advice:
    start = max(5, min(int(facts.rows**0.5) // 2 * 2 + 1, 51))
    yield "n_neighbors", start, 3, start * 2 + 1, "About the square root of the rows, odd."


def _kmeans(facts: Characteristics) -> Advice:
    yield "n_clusters", 4, 2, 10, "Chosen by the silhouette; few groups can be described."


def _isolation(facts: Characteristics) -> Advice:
    yield "contamination", 0.05, 0.01, 0.1, "The share of rows to be marked."


def _nothing(facts: Characteristics) -> Advice:
    yield from ()


RULES: dict[str, Callable[[Characteristics], Advice]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "rf": _forest,
    "et": _forest,
    "lr": _logistic,
    "ridge": _ridge,
    "lasso": _lasso,
    "en": _lasso,
    "dt": _tree,
    "knn": _neighbours,
    "kmeans": _kmeans,
    "iforest": _isolation,
}
