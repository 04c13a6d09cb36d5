"""What one stage asks of one model: the stage's rules for its tier, and those of its routes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engines.core.gate import Stage
from engines.governance.policies.conditions import applies, when_words
from engines.governance.policies.format import (
    Approval,
    Check,
    DocumentRule,
    Policy,
    Route,
    StageRule,
    Then,
)
from engines.governance.policies.tiers import Tier


@dataclass(frozen=True)
class Requirements:
    """What a submission needs; `reasons` say which routes added something and why."""

    tier: str
    approvals: tuple[Approval, ...]
    documents: tuple[DocumentRule, ...]
    checks: tuple[Check, ...]
    expires_days: int
    answer_within_days: int
    then: Then
    escalate_to: str | None = None
    reasons: tuple[str, ...] = field(default=())

    @property
    def levels(self) -> dict[int, tuple[Approval, ...]]:
        """The approvals by level, lowest first; a level waits for those below it."""
        numbers = sorted({each.level for each in self.approvals})
        return {n: tuple(a for a in self.approvals if a.level == n) for n in numbers}

    @property
    def document_map(self) -> dict[str, list[str]]:
        """Document kind -> section keys; an empty list means all sections."""
        return {rule.kind: list(rule.sections) for rule in self.documents}


def required(
    policy: Policy, stage: Stage, tier: Tier, characteristics: Mapping[str, Any]
) -> Requirements:
    """What the stage asks of a model of that tier with those characteristics.

    Where one role is named twice on a level the larger count applies; documents and checks add up.
    A characteristic that is not known counts as fitting, so that its rule applies.
    """
    rule = policy.stages[stage]
    routes = [route for route in rule.route if applies(route.when, characteristics)]
    place = tier.position
    return Requirements(
        tier=tier.key,
        approvals=_approvals(policy, rule, routes, place),
        documents=_documents(policy, rule, routes, place),
        checks=_checks(policy, rule, routes, place),
        expires_days=_days(rule.expires_days, tier.key),
        answer_within_days=_days(rule.answer_within_days, tier.key),
        then=rule.then,
        escalate_to=rule.escalate_to,
        reasons=tuple(f"{route.because} ({when_words(route.when)})" for route in routes),
    )


def _days(given: int | Mapping[str, int], tier: str) -> int:
    return given if isinstance(given, int) else given[tier]


def _approvals(
    policy: Policy, rule: StageRule, routes: Iterable[Route], place: int
) -> tuple[Approval, ...]:
    most: dict[tuple[int, str], Approval] = {}
    for each in (*rule.approvals, *(a for route in routes for a in route.add_approvals)):
        known = most.get((each.level, each.role))
        if policy.place(each.from_tier) <= place and (not known or each.count > known.count):
            most[each.level, each.role] = each
    return tuple(most[key] for key in sorted(most))


def _documents(
    policy: Policy, rule: StageRule, routes: Iterable[Route], place: int
) -> tuple[DocumentRule, ...]:
    merged: dict[str, DocumentRule] = {}
    for each in (*rule.documents, *(d for route in routes for d in route.add_documents)):
        if policy.place(each.from_tier) > place:
            continue
        known = merged.get(each.kind, each)
        whole = not known.sections or not each.sections
        sections = () if whole else tuple(dict.fromkeys((*known.sections, *each.sections)))
        merged[each.kind] = DocumentRule(kind=each.kind, sections=sections)
    return tuple(merged.values())


def _checks(
    policy: Policy, rule: StageRule, routes: Iterable[Route], place: int
) -> tuple[Check, ...]:
    every = (*rule.checks, *(check for route in routes for check in route.add_checks))
    return tuple(dict.fromkeys(c for c in every if policy.place(c.from_tier) <= place))
