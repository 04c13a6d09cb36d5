"""What an edited policy would have said of past submissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import NotFound
from engines.core.gate import Stage
from engines.governance.policies.format import DocumentRule, Policy
from engines.governance.policies.judging import Fact, Vote, judge, votes_missing
from engines.governance.policies.reading import parse
from engines.governance.policies.requirements import required
from engines.governance.policies.tiers import tier
from engines.governance.policies.versions import version
from engines.governance.policies.vocabulary import Vocabulary


class PastSubmission(Protocol):
    """A submission as it stood when it was decided; `documents` are "kind/section"."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def answers(self) -> Mapping[str, str]: ...
    @property
    def raised_to(self) -> str | None: ...
    @property
    def characteristics(self) -> Mapping[str, Any]: ...
    @property
    def facts(self) -> Mapping[str, Fact]: ...
    @property
    def documents(self) -> frozenset[str]: ...
    @property
    def votes(self) -> Sequence[Vote]: ...
    @property
    def policy_name(self) -> str: ...
    @property
    def policy_version(self) -> int: ...


@dataclass(frozen=True)
class Outcome:
    """A policy's word on a submission: its tier, and every fault that stands in the way."""

    tier: str
    passed: bool
    faults: tuple[str, ...]


@dataclass(frozen=True)
class PreviewRow:
    """One past submission under its own policy version and under the edited text."""

    id: str
    title: str
    stage: Stage
    before: Outcome | None
    after: Outcome
    reasons: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """True when the verdict or the tier differs."""
        same_verdict = self.before and self.before.passed == self.after.passed
        return not (same_verdict and self.before and self.before.tier == self.after.tier)


@needs(Capability.POLICY_MANAGE)
def preview(
    db: Database,
    actor: Actor,
    text: str,
    past: Sequence[PastSubmission],
    vocabulary: Vocabulary,
) -> list[PreviewRow]:
    """Judge past submissions by the edited text, those that change first. Raises InvalidInput."""
    policy = parse(text, vocabulary)
    versions: dict[tuple[str, int], Policy | None] = {}
    rows = []
    for each in past:
        key = (each.policy_name, each.policy_version)
        if key not in versions:
            versions[key] = _published(db, *key)
        rows.append(_row(each, versions[key], policy, vocabulary))
    return sorted(rows, key=lambda row: not row.changed)


def outcome(policy: Policy, past: PastSubmission, vocabulary: Vocabulary) -> Outcome:
    """Whether the policy would have let this submission through, and if not, why not."""
    known = {rule.key for rule in policy.tiers}
    computed = tier(policy, past.answers)
    raised = past.raised_to if past.raised_to in known else None
    if raised and policy.place(raised) > computed.position:
        computed = tier(policy, past.answers, raised)
    needed = required(policy, past.stage, computed, {**past.answers, **past.characteristics})
    gaps = missing_sections(needed.documents, past.documents, vocabulary)
    facts = {**past.facts, "documents.missing": len(gaps)}
    faults = [
        *(result.sentence for result in judge(needed.checks, facts) if result.blocks),
        *(f"Not written: {gap}." for gap in gaps),
        *votes_missing(needed.approvals, past.votes),
    ]
    return Outcome(computed.key, not faults, tuple(faults))


def missing_sections(
    rules: Sequence[DocumentRule], written: frozenset[str], vocabulary: Vocabulary
) -> list[str]:
    """The sections ("kind/section") that the rules ask for and nobody wrote."""
    wanted = [
        f"{rule.kind}/{section}"
        for rule in rules
        for section in rule.sections or vocabulary.documents.get(rule.kind, ())
    ]
    return [each for each in wanted if each not in written]


def _published(db: Database, name: str, number: int) -> Policy | None:
    try:
        return version(db, name, number).policy
    except NotFound:
        return None


def _row(
    past: PastSubmission, before: Policy | None, after: Policy, vocabulary: Vocabulary
) -> PreviewRow:
    old = outcome(before, past, vocabulary) if before else None
    new = outcome(after, past, vocabulary)
    return PreviewRow(past.id, past.title, past.stage, old, new, _reasons(old, new))


def _reasons(old: Outcome | None, new: Outcome) -> tuple[str, ...]:
    known = old.faults if old else ()
    added = [fault for fault in new.faults if fault not in known]
    gone = [f"No longer a fault: {fault}" for fault in known if fault not in new.faults]
    moved = [f"Tier {old.tier} becomes {new.tier}."] if old and old.tier != new.tier else []
    return (*moved, *added, *gone)
