"""One evidence set, read by the requirements of a guidance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engines.governance.policies.format import Check, Policy, Requirement
from engines.governance.policies.judging import Fact, Vote, judge


class Standing(StrEnum):
    """How a requirement stands."""

    MET = "met"
    OPEN = "open"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class EvidenceSet:
    """What is there for one model: facts, written sections ("kind/section"), votes given."""

    facts: Mapping[str, Fact] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    votes: Sequence[Vote] = ()


@dataclass(frozen=True)
class RequirementState:
    """One requirement of the guidance, how it stands, and the evidence in sentences."""

    requirement: Requirement
    state: Standing
    evidence: tuple[str, ...]


def coverage(policy: Policy, evidence: EvidenceSet) -> list[RequirementState]:
    """Each requirement against the evidence: met, open, or done by people outside MLAAS.

    A fact counts as there when it passes every check of the policy that asks for it; what the
    platform does by itself counts as there. Part by hand, part in MLAAS is never more than by hand.
    """
    return [_state(policy, each, evidence) for each in policy.requirements]


def _state(policy: Policy, requirement: Requirement, evidence: EvidenceSet) -> RequirementState:
    answered = requirement.answered_by
    found = [
        *_documents(answered.documents, evidence.documents),
        *_facts(policy, answered.checks, evidence.facts),
        *_votes(answered.approvals, evidence.votes),
        *((True, f"MLAAS: {words}") for words in answered.platform),
    ]
    state = Standing.MET if all(there for there, _ in found) else Standing.OPEN
    words = [text for _, text in found]
    if answered.by_hand:
        words.append(f"By hand: {answered.by_hand}")
        state = Standing.BY_HAND if state is Standing.MET else state
    return RequirementState(requirement, state, tuple(words))


def _documents(wanted: Sequence[str], written: frozenset[str]) -> Iterator[tuple[bool, str]]:
    for name in wanted:
        there = name in written or (
            "/" not in name and any(each.startswith(f"{name}/") for each in written)
        )
        words = name.replace("_", " ").replace("/", ": ")
        yield there, f"Document {words} {'is written' if there else 'is not written'}."


def _facts(
    policy: Policy, wanted: Sequence[str], facts: Mapping[str, Fact]
) -> Iterator[tuple[bool, str]]:
    for fact in wanted:
        checks = [check for check in every_check(policy) if check.fact == fact]
        for result in judge(checks[:1] if fact not in facts else checks, facts):
            yield result.passed, result.sentence


def _votes(wanted: Sequence[str], votes: Sequence[Vote]) -> Iterator[tuple[bool, str]]:
    for role in wanted:
        there = any(vote.role == role for vote in votes)
        yield there, f"A {role} {'has approved' if there else 'has not approved yet'}."


def every_check(policy: Policy) -> list[Check]:
    """Every check of the policy, of all stages and routes, each once."""
    rules = policy.stages.values()
    own = [check for rule in rules for check in rule.checks]
    routed = [check for rule in rules for route in rule.route for check in route.add_checks]
    return list(dict.fromkeys((*own, *routed)))
