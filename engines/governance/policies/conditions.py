"""When a rule applies: conditions on answers and characteristics."""

from collections.abc import Mapping
from typing import Any

from engines.governance.policies.format import Condition, Range


def applies(when: Mapping[str, Condition], known: Mapping[str, Any]) -> bool:
    """True when every condition fits, or cannot be refuted because its value is not known."""
    return all(_fits(condition, known.get(name)) for name, condition in when.items())


def _fits(condition: Condition, value: Any) -> bool:
    if value is None or value == "":
        return True
    if isinstance(condition, Range):
        return not isinstance(value, int | float) or condition.holds(value)
    wanted = condition if isinstance(condition, tuple) else (condition,)
    return any(
        value == each and isinstance(value, bool) == isinstance(each, bool) for each in wanted
    )


def when_words(when: Mapping[str, Condition]) -> str:
    """The conditions in words: “task is binary or multiclass and rows are below 1,000”."""
    return " and ".join(
        f"{name.replace('_', ' ')} {_condition_words(condition)}"
        for name, condition in when.items()
    )


def _condition_words(condition: Condition) -> str:
    if isinstance(condition, Range):
        parts = []
        if condition.at_least is not None:
            parts.append(f"at least {condition.at_least:,}")
        if condition.below is not None:
            parts.append(f"below {condition.below:,}")
        return "is " + " and ".join(parts)
    wanted = condition if isinstance(condition, tuple) else (condition,)
    return "is " + " or ".join(_word(each) for each in wanted)


def _word(value: bool | str | int | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"“{value.replace('_', ' ')}”" if isinstance(value, str) else f"{value:,}"
