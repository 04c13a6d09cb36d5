"""Faults of the requirements' list: evidence that no stage asks for."""

from collections.abc import Iterator

from engines.governance.policies.format import Approval, Check, Policy, StageRule
from engines.governance.policies.marks import Fault, Marked, Path
from engines.governance.policies.vocabulary import Vocabulary, did_you_mean


def evidence_faults(
    policy: Policy, marked: Marked, vocabulary: Vocabulary | None
) -> Iterator[Fault]:
    """Requirements named twice, or said to be answered by what the policy never asks for."""
    asked = {
        "documents": _spelt_out(documents_asked(policy), vocabulary),
        "checks": {check.fact for rule in policy.stages.values() for check in _checks(rule)},
        "approvals": {a.role for rule in policy.stages.values() for a in _approvals(rule)},
    }
    seen: set[str] = set()
    for number, requirement in enumerate(policy.requirements):
        path: Path = ("requirements", number)
        if requirement.id in seen:
            message = f"The requirement “{requirement.id}” is here twice."
            yield marked.fault((*path, "id"), message, "Give it an id of its own.")
        seen.add(requirement.id)
        for kind, known in asked.items():
            for place, name in enumerate(getattr(requirement.answered_by, kind)):
                if name not in known and not (vocabulary is None and _whole(name) in known):
                    message = f"No stage asks for “{name}”, so it answers nothing."
                    at = (*path, "answered_by", kind, place)
                    yield marked.fault(at, message, did_you_mean(name, known))


def documents_asked(policy: Policy) -> set[str]:
    """Every kind the policy asks for, `kind/*` where it asks for all sections, and each section."""
    found: set[str] = set()
    for rule in policy.stages.values():
        for each in (*rule.documents, *(d for route in rule.route for d in route.add_documents)):
            found.add(each.kind)
            found |= {f"{each.kind}/{section}" for section in each.sections or ("*",)}
    return found


def _spelt_out(asked: set[str], vocabulary: Vocabulary | None) -> set[str]:
    """With every section by name where all sections of a document are asked for."""
    if vocabulary is None:
        return asked
    sections = {f"{k}/{s}" for k, all_of_it in vocabulary.documents.items() for s in all_of_it}
    return {name for name in asked if not name.endswith("/*")} | {
        name for name in sections if _whole(name) in asked
    }


def _whole(name: str) -> str:
    return f"{name.split('/')[0]}/*"


def _checks(rule: StageRule) -> tuple[Check, ...]:
    return (*rule.checks, *(check for route in rule.route for check in route.add_checks))


def _approvals(rule: StageRule) -> tuple[Approval, ...]:
    return (*rule.approvals, *(a for route in rule.route for a in route.add_approvals))
