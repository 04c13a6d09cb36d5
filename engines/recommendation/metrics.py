"""Which metric should choose the winner, and why."""

from collections.abc import Iterator, Mapping
from typing import Any

from engines.recommendation.advice import Choice, Task
from engines.recommendation.characteristics import Characteristics

COSTS = {"low": 1.0, "medium": 2.0, "high": 3.0}
RARE = 0.2
TITLES = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "f1": "F1",
    "f1_macro": "macro F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "log_loss": "log loss",
    "rmse": "RMSE",
    "mae": "mean absolute error",
    "r2": "R²",
    "rmsle": "RMSLE",
    "mape": "MAPE",
    "mase": "MASE",
}
SCORES = {
    Task.BINARY: frozenset({
        "roc_auc", "average_precision", "f1", "precision", "recall", "accuracy", "log_loss",
    }),
    Task.MULTICLASS: frozenset({"f1_macro", "accuracy", "log_loss"}),
    Task.REGRESSION: frozenset({"rmse", "mae", "r2", "mape"}),
    Task.TIME_SERIES: frozenset({"rmse", "mae", "r2", "mape"}),
}  # fmt: skip


def suggest_metrics(
    task: Task, facts: Characteristics, objective: Mapping[str, Any]
) -> tuple[Choice, ...]:
    """Metrics for the task, best first; the one named in the objective leads where it fits."""
    named = str(objective.get("metric", ""))
    found: dict[str, Choice] = {}
    if named in SCORES[task]:
        found[named] = Choice(named, "The objective names it.", 5.0)
    for choice in _suggested(task, facts, objective):
        found.setdefault(choice.value, choice)
    return tuple(sorted(found.values(), key=lambda choice: -choice.score))


def cost(objective: Mapping[str, Any], key: str) -> float | None:
    """The cost of a wrong answer as a number, or None when it was not said."""
    said = str(objective.get(key, "")).strip().lower()
    try:
        return COSTS[said] if said in COSTS else float(said)
    except ValueError:
        return None


def _suggested(
    task: Task, facts: Characteristics, objective: Mapping[str, Any]
) -> Iterator[Choice]:
    if task is Task.BINARY:
        yield from _binary_by_cost(objective)
        yield from _binary(facts)
    elif task is Task.MULTICLASS:
        yield from _multiclass(facts)
    else:
        yield from _amounts(facts)
        if task is Task.TIME_SERIES:
            yield Choice("mase", "Compares with repeating the last value; 1 is no better.", 1.5)


def _binary_by_cost(objective: Mapping[str, Any]) -> Iterator[Choice]:
    yes, no = cost(objective, "cost_wrong_yes"), cost(objective, "cost_wrong_no")
    if yes is None or no is None:
        return
    if no >= 1.5 * yes:
        text = "A wrong no costs more than a wrong yes, so finding the true cases counts most."
        yield Choice("average_precision", f"{text} It judges that at every threshold.", 3.0)
        yield Choice("recall", f"{text} Alone it rewards saying yes to all.", 1.4)
    elif yes >= 1.5 * no:
        text = "A wrong yes costs more than a wrong no, so a yes should be trustworthy."
        yield Choice("average_precision", f"{text} It judges that at every threshold.", 3.0)
        yield Choice("precision", f"{text} Alone it rewards saying yes rarely.", 1.4)


def _binary(facts: Characteristics) -> Iterator[Choice]:
    share = f"Only {facts.minority_share:.1%} of the rows are in the smaller class"
    if facts.minority_share < RARE:
        yield Choice("average_precision", f"{share}; it looks at those rows first.", 2.0)
        yield Choice("f1", f"{share}; it balances finding them and being right.", 1.2)
        yield Choice("roc_auc", "It ranks rows well, but flatters when one class is rare.", 1.0)
    else:
        text = f"The classes are balanced enough ({facts.minority_share:.0%} in the smaller one)"
        yield Choice("roc_auc", f"{text}; it judges the ranking at every threshold.", 2.0)
        yield Choice("accuracy", f"{text} for a plain share of right answers.", 1.2)
        yield Choice("f1", "It balances finding the cases and being right.", 1.0)
    yield Choice("log_loss", "Choose it when the probability itself is used.", 0.8)


def _multiclass(facts: Characteristics) -> Iterator[Choice]:
    uneven = facts.minority_share < 0.5 / max(facts.classes, 1)
    text = f"The smallest of {facts.classes} classes holds {facts.minority_share:.1%} of the rows"
    yield Choice("f1_macro", f"{text}; each class counts the same.", 2.0 if uneven else 1.0)
    even = "The classes are of similar size." if not uneven else "Large classes dominate it."
    yield Choice("accuracy", f"A plain share of right answers. {even}", 0.9 if uneven else 2.0)
    yield Choice("log_loss", "Choose it when the probabilities themselves are used.", 0.8)


def _amounts(facts: Characteristics) -> Iterator[Choice]:
    wild = facts.outlier_share > 0.01
    skewed = facts.all_positive and facts.skew > 1.0
    if wild:
        text = f"{facts.outlier_share:.1%} of the target's values are extreme"
        yield Choice("mae", f"{text}; it counts each error by its size, not its square.", 2.0)
    yield Choice("rmse", "Large errors weigh most, in the target's own unit.", 1.3 if wild else 1.6)
    if skewed:
        text = f"The target is positive with a long tail (skew {facts.skew:.1f})"
        score = 1.5 if wild else 1.8
        yield Choice("rmsle", f"{text}; it judges errors in per cent rather than units.", score)
    yield Choice("mae", "The average error, in the target's own unit.", 1.2)
    yield Choice("r2", "The share of the spread explained, without a unit.", 1.0)
