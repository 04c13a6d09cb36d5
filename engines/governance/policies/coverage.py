"""One evidence set, read by the requirements of a guidance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engines.core.gate import Stage
from engines.governance.policies.format import Check, Policy, Requirement
from engines.governance.policies.judging import CheckResult, Fact, Vote, judge
from engines.governance.policies.requirements import required
from engines.governance.policies.tiers import Tier

Found = tuple[bool | None, str]  # there, missing, or (None) not asked of this model; in words


class Standing(StrEnum):
    """How a requirement stands for one model."""

    MET = "met"
    OPEN = "open"
    BY_HAND = "by_hand"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class EvidenceSet:
    """One model's tier and characteristics, facts, written sections ("kind/section") and votes."""

    tier: Tier
    characteristics: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    votes: Sequence[Vote] = ()


@dataclass(frozen=True)
class RequirementState:
    """One requirement of the guidance, how it stands, and the evidence in sentences."""

    requirement: Requirement
    state: Standing
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class _Asked:
    """What all stages together ask of the model."""

    checks: tuple[Check, ...]
    documents: frozenset[str]  # kind/section; kind/* for all of them
    roles: frozenset[str]


def coverage(policy: Policy, evidence: EvidenceSet) -> list[RequirementState]:
    """Each requirement against the evidence that the policy asks of this model.

    A fact counts as there when it passes every check that asks for it, and not at all where it does
    not apply; what the platform does by itself counts as there. A requirement with a part that
    people do is by hand, never met.
    """
    asked = _asked(policy, evidence)
    return [_state(each, evidence, asked) for each in policy.requirements]


def _asked(policy: Policy, evidence: EvidenceSet) -> _Asked:
    every = [required(policy, s, evidence.tier, evidence.characteristics) for s in Stage]
    sections = {
        f"{rule.kind}/{section}"
        for needed in every
        for rule in needed.documents
        for section in rule.sections or ("*",)
    }
    return _Asked(
        checks=tuple(dict.fromkeys(check for needed in every for check in needed.checks)),
        documents=frozenset(sections),
        roles=frozenset(each.role for needed in every for each in needed.approvals),
    )


def _state(requirement: Requirement, evidence: EvidenceSet, asked: _Asked) -> RequirementState:
    answered = requirement.answered_by
    results = _results(answered.checks, evidence.facts, asked)
    found: list[Found] = [
        *_documents(answered.documents, evidence.documents, asked),
        *((result.passed, result.sentence) for result in results if result.applies),
        *_votes(answered.approvals, evidence.votes, asked),
        *((True, f"MLAAS {words}.") for words in answered.platform),
    ]
    words = [text for there, text in found if there is not None]
    words += [result.sentence for result in results if not result.applies]
    if answered.by_hand:
        words.append(f"By hand: {answered.by_hand}")
    if not words:
        words.append(f"The tier “{evidence.tier.title}” does not ask for it.")
    return RequirementState(requirement, _standing(found, bool(answered.by_hand)), tuple(words))


def _standing(found: Sequence[Found], by_hand: bool) -> Standing:
    if any(there is False for there, _ in found):
        return Standing.OPEN
    if by_hand:
        return Standing.BY_HAND
    return Standing.MET if any(there for there, _ in found) else Standing.NOT_ASKED


def _documents(wanted: Sequence[str], written: frozenset[str], asked: _Asked) -> Iterator[Found]:
    for name in wanted:
        kind = name.split("/")[0]
        is_asked = name in asked.documents or f"{kind}/*" in asked.documents
        if "/" not in name:
            is_asked = any(each.startswith(f"{kind}/") for each in asked.documents)
        there = any(each == name or each.startswith(f"{name}/") for each in written)
        words = name.replace("_", " ").replace("/", ", section ")
        text = f"Document {words}: {'written' if there else 'not written'}."
        yield there if is_asked else None, text


def _results(wanted: Sequence[str], facts: Mapping[str, Fact], asked: _Asked) -> list[CheckResult]:
    return judge([check for check in asked.checks if check.fact in wanted], facts)


def _votes(wanted: Sequence[str], votes: Sequence[Vote], asked: _Asked) -> Iterator[Found]:
    for role in wanted:
        found = [vote for vote in votes if vote.role == role]
        stood_in = next((vote.by for vote in found if vote.by), "")
        if found and all(vote.by for vote in found):
            text = f"A {stood_in} has approved, in place of a {role}."
        else:
            text = f"A {role} {'has approved' if found else 'has not approved yet'}."
        yield bool(found) if role in asked.roles else None, text
