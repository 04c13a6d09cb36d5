"""Faults of conditions: names nobody knows, values that can never be."""

from collections.abc import Iterator, Mapping, Sequence

from engines.governance.policies.format import Condition, Policy, Range
from engines.governance.policies.marks import Fault, Marked, Path
from engines.governance.policies.vocabulary import (
    CHARACTERISTICS,
    FLAG,
    NUMBER,
    TEXT,
    Vocabulary,
    did_you_mean,
)

Kinds = Mapping[str, str | Sequence[str]]


def condition_faults(
    policy: Policy, marked: Marked, vocabulary: Vocabulary | None
) -> Iterator[Fault]:
    """What is wrong with the conditions of tiers and routes."""
    answers = _answer_kinds(policy, vocabulary)
    for number, rule in enumerate(policy.materiality.at_least):
        path: Path = ("materiality", "at_least", number, "when")
        yield from _when_faults(rule.when, answers, path, marked)
    kinds = {**answers, **CHARACTERISTICS}
    for stage, stage_rule in policy.stages.items():
        for number, route in enumerate(stage_rule.route):
            path = ("stages", stage.value, "route", number)
            yield from _when_faults(route.when, kinds, (*path, "when"), marked)
            if not (route.add_approvals or route.add_documents or route.add_checks):
                fix = "Give it add_approvals, add_documents or add_checks."
                yield marked.fault(path, "The route adds nothing.", fix)


def _answer_kinds(policy: Policy, vocabulary: Vocabulary | None) -> dict[str, str | Sequence[str]]:
    """The questions a condition may name; without a vocabulary, those that the policy scores."""
    if vocabulary:
        return {name: choices or TEXT for name, choices in vocabulary.questions.items()}
    rules = policy.materiality
    named = {q: TEXT for each in rules.at_least for q in each.when}
    return {**named, **dict.fromkeys((*rules.exposure, *rules.purpose), TEXT)}


def _when_faults(
    when: Mapping[str, Condition], kinds: Kinds, path: Path, marked: Marked
) -> Iterator[Fault]:
    for name, condition in when.items():
        at = (*path, name)
        if name not in kinds:
            message = f"“{name}” is no characteristic and no question."
            yield marked.fault(at, message, did_you_mean(name, kinds), at_key=True)
            continue
        wanted = condition if isinstance(condition, tuple) else (condition,)
        for number, value in enumerate(wanted):
            place = (*at, number) if isinstance(condition, tuple) else at
            yield from _value_faults(name, value, kinds[name], place, marked)
        if not wanted:
            yield marked.fault(at, f"“{name}” names no value.", "Name one, or drop the condition.")


def _value_faults(
    name: str,
    value: bool | str | int | float | Range,
    kind: str | Sequence[str],
    path: Path,
    marked: Marked,
) -> Iterator[Fault]:
    if kind == NUMBER:
        if isinstance(value, bool | str):
            fix = "Write a number, or {at_least: 1, below: 100}."
            yield marked.fault(path, f"“{name}” is a number.", fix)
    elif kind == FLAG:
        if not isinstance(value, bool):
            yield marked.fault(path, f"“{name}” is true or false.", "Write true or false.")
    elif isinstance(value, bool):
        word = "yes" if value else "no"
        yield marked.fault(path, f"YAML reads {word} as a switch.", f'Write "{word}" in quotes.')
    elif not isinstance(value, str):
        yield marked.fault(path, f"“{name}” is text.", "Write text.")
    elif kind != TEXT and value not in kind:
        message = f"“{name}” is never “{value}”."
        yield marked.fault(path, message, did_you_mean(value, kind))
