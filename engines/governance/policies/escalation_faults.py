"""Faults of the roles that vote, and of the one a late submission is escalated to."""

from collections.abc import Iterator

from engines.governance.policies.format import StageRule, Then
from engines.governance.policies.marks import Fault, Marked, Path
from engines.governance.policies.vocabulary import did_you_mean, voting_roles

READERS = ("admin", "analyst", "auditor")


def role_faults(role: str, path: Path, marked: Marked) -> Iterator[Fault]:
    """A role that nobody holds, or that never votes."""
    known = voting_roles()
    if role not in known:
        why = "does not vote" if role in READERS else "is no role"
        yield marked.fault(path, f"“{role}” {why}.", did_you_mean(role, known))


def escalation_faults(rule: StageRule, path: Path, marked: Marked) -> Iterator[Fault]:
    """A role to escalate to that cannot vote, is never reached, or is the only one asked anyway."""
    role, at = rule.escalate_to, (*path, "escalate_to")
    if role is None:
        return
    yield from role_faults(role, at, marked)
    if rule.then is not Then.ESCALATE:
        message = f"“escalate_to” does nothing, for late submissions are to {rule.then.value}."
        yield marked.fault(at, message, "Write “then: escalate”, or drop it.", at_key=True)
    asked = (*rule.approvals, *(each for route in rule.route for each in route.add_approvals))
    if asked and all(each.role == role for each in asked):
        message = f"Only a {role} is asked at this stage, so nobody is added."
        yield marked.fault(at, message, "Name another role, or drop it.")
