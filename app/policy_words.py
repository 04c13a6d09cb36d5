"""The words around policies: the questionnaire's and the documents', and requirements in prose."""

from collections.abc import Collection, Iterable

from engines import projects
from engines.core.database import Database
from engines.core.errors import NotFound
from engines.governance import documents, policies
from engines.governance.policies import Approval, Requirements, Then, Vocabulary

THEN = {
    Then.REMIND: "they are reminded",
    Then.RETURN: "it goes back to its makers",
    Then.REJECT: "it is rejected",
    Then.ESCALATE: "it is escalated",
}


def vocabulary(templates: documents.Templates) -> Vocabulary:
    """The questions and documents that a policy may name."""
    return Vocabulary(
        questions={each.key: each.choices for each in projects.QUESTIONS},
        documents={
            name: tuple(section.key for section in kind.sections)
            for name, kind in templates.kinds.items()
            if kind.writer != "record"
        },
    )


def approvals_words(approvals: Iterable[Approval]) -> str:
    """Who approves, in order: “2 checkers, then a validator and a deployer”."""
    levels: dict[int, list[str]] = {}
    for each in approvals:
        who = f"a {each.role}" if each.count == 1 else f"{each.count} {each.role}s"
        levels.setdefault(each.level, []).append(who)
    return ", then ".join(" and ".join(levels[number]) for number in sorted(levels))


def time_words(needed: Requirements) -> str:
    """How long an approval lasts, and what happens without an answer."""
    to = f" to a {needed.escalate_to}, who may then decide, too" if needed.escalate_to else ""
    return (
        f"lasts {needed.expires_days:,} days; unanswered for {needed.answer_within_days} days, "
        f"{THEN[needed.then]}{to}"
    )


def document_words(templates: documents.Templates, name: str, sections: Collection[str]) -> str:
    """A document with the sections asked for, by their titles."""
    kind = templates.kinds[name]
    titles = [section.title for section in kind.sections if section.key in sections]
    return f"{kind.title}: {', '.join(titles) if sections else 'every section'}"


def policy_title(db: Database, name: str, number: int) -> str:
    """A version of a policy by its title; by its name when it is not kept; "" without one."""
    try:
        title = policies.version(db, name, number).policy.title if name else ""
    except NotFound:
        title = name
    return f"{title}, version {number}" if title else ""


def fact_words(fact: str) -> str:
    """What a check measures, as the beginning of a sentence."""
    words = policies.fact_words(fact)
    return words[:1].upper() + words[1:]


def check_labels(policy: policies.Policy) -> dict[str, str]:
    """What the policy's checks of each fact are called."""
    found: dict[str, list[str]] = {}
    for rule in policy.stages.values():
        for check in (*rule.checks, *(c for route in rule.route for c in route.add_checks)):
            found.setdefault(check.fact, []).append(check.label)
    return {fact: " or ".join(dict.fromkeys(labels)) for fact, labels in found.items()}
