"""Which column is the likely target, and why."""

import re
from collections.abc import Mapping
from typing import Any

from engines.core.tables import Column, ColumnType, Table
from engines.recommendation.advice import Choice
from engines.recommendation.tasks import match_tasks

USUAL_NAMES = frozenset({
    "target", "label", "class", "y", "outcome", "result", "response", "churn", "churned",
    "default", "defaulted", "deposit", "income", "price", "sales", "revenue", "cnt", "count",
    "demand", "passengers", "survived", "fraud", "diagnosis", "status", "approved", "converted",
    "cost", "value", "delay", "employed", "score", "rating", "quality", "attrition", "val",
})  # fmt: skip
PARTITIONS = frozenset({"split", "fold", "partition", "period", "subset", "sample"})
SHOWN = 5
CLEAR = 2.5  # from this score on a target is proposed without a caveat


def rank_targets(table: Table, objective: Mapping[str, Any]) -> tuple[Choice, ...]:
    """The likely targets, best first, by the objective's words, usual names, place and values."""
    said = _words(str(objective.get("predicts", "")))
    last = len(table.columns) - 1
    choices = [
        _choice(column, said, at == last, at == 0)
        for at, column in enumerate(table.columns)
        if match_tasks(table, column.name)
    ]
    return tuple(sorted(choices, key=lambda choice: -choice.score)[:SHOWN])


def _choice(column: Column, said: set[str], last: bool, first: bool) -> Choice:
    clues = _clues(column, said, last, first)
    reason = "; ".join(text for text, _ in clues) or "it has a usable number of values"
    return Choice(column.name, f"{reason[0].upper()}{reason[1:]}.", sum(s for _, s in clues))


def _clues(column: Column, said: set[str], last: bool, first: bool) -> list[tuple[str, float]]:
    mentioned = _mentioned(column.name, said)
    clues = [
        ("the objective speaks of it", 6.0 * mentioned, mentioned > 0),
        ("targets often carry this name", 1.5, _is_usual(column.name)),
        ("it is the last column", 2.0, last),
        ("it is the first column", 0.5, first),
        ("it has two values", 1.0, column.distinct == 2),
        ("its name is that of a part of the data", -3.0, _ending(column.name) in PARTITIONS),
        ("some of its values are missing", -1.0, column.missing > 0),
        ("its text has many different values", -1.5, _is_wordy(column)),
    ]
    return [(text, score) for text, score, holds in clues if holds]


def _mentioned(name: str, said: set[str]) -> float:
    """The share of the name's words that were said."""
    words = _words(name)
    return sum(any(_alike(word, other) for other in said) for word in words) / max(len(words), 1)


def _is_usual(name: str) -> bool:
    return _ending(name) in USUAL_NAMES


def _ending(name: str) -> str:
    """The last word of a name without its digits: arr_delay ends in delay, income_50k in income."""
    words = [word for word in _apart(name) if len(word) >= 2] or [name]
    return words[-1].lower()


def _is_wordy(column: Column) -> bool:
    return column.type in (ColumnType.CATEGORICAL, ColumnType.TEXT) and column.distinct > 10


def _words(text: str) -> set[str]:
    return {word.lower() for word in _apart(text) if len(word) >= 3}


def _apart(text: str) -> list[str]:
    """The words of a text or name; camelCase and snake_case are taken apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", " ", text).split()


def _alike(one: str, other: str) -> bool:
    """True for the same word in two forms: four letters in common from the start."""
    return one == other or (min(len(one), len(other)) >= 4 and one[:4] == other[:4])
