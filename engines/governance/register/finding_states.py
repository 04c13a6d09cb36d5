"""The states and severities of a finding, and who may move it from where to where."""

from collections.abc import Mapping
from enum import StrEnum

from engines.core.access import Actor, Capability
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.governance.register.models import Finding


class FindingState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    IN_REMEDIATION = "in_remediation"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Severity(StrEnum):
    """How much a finding weighs, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


S = FindingState
WORKED_ON = frozenset({S.OPEN, S.IN_REMEDIATION})  # only these can be overdue
NEXT: Mapping[FindingState, tuple[FindingState, ...]] = {
    S.OPEN: (S.IN_REMEDIATION,),
    S.IN_REMEDIATION: (S.RESOLVED,),
    S.RESOLVED: (S.CLOSED, S.IN_REMEDIATION),
    S.CLOSED: (S.OPEN,),
}
FOR_REVIEWERS = frozenset({(S.RESOLVED, S.CLOSED), (S.RESOLVED, S.IN_REMEDIATION)}) | {
    (S.CLOSED, S.OPEN)
}


def next_states(finding: Finding, actor: Actor, involved: frozenset[str]) -> list[FindingState]:
    """Where this person may move the finding; `involved` had a part in it."""
    here = FindingState(finding.state)
    return [each for each in NEXT[here] if not _refusal(finding, actor, involved, each)]


def check_move(
    finding: Finding, actor: Actor, involved: frozenset[str], wanted: FindingState
) -> None:
    """Return when this person may move the finding there. Raises NotReady or NotAllowed."""
    here = FindingState(finding.state)
    if wanted not in NEXT[here]:
        raise NotReady(
            f"A finding that is {words(here)} cannot become {words(wanted)}.",
            hint=f"What follows is: {', '.join(words(each) for each in NEXT[here])}.",
        )
    if reason := _refusal(finding, actor, involved, wanted):
        raise NotAllowed(reason, hint="Ask a checker, validator or auditor who had no part in it.")


def severity(value: str) -> Severity:
    """The severity of that name. Raises InvalidInput."""
    if value not in set(Severity):
        raise InvalidInput(
            f"“{value}” is no severity.", hint=f"Choose one of: {', '.join(Severity)}."
        )
    return Severity(value)


def words(state: FindingState) -> str:
    """The state as people say it."""
    return state.value.replace("_", " ")


def _refusal(finding: Finding, actor: Actor, involved: frozenset[str], wanted: FindingState) -> str:
    """Why this person may not; empty when they may."""
    reviewer = actor.may(Capability.FINDING_WRITE)
    step = (FindingState(finding.state), wanted)
    if step not in FOR_REVIEWERS:
        mine = finding.owner_id == actor.id
        return "" if reviewer or mine else f"Only {finding.owner_name} or a reviewer may do that."
    if not reviewer:
        return "Only a checker, validator or auditor decides whether a finding is settled."
    if wanted is S.CLOSED and actor.id in involved:
        return "Whoever made the model, owned the finding or resolved it does not close it."
    return ""
