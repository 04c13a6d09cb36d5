"""Faults that the form cannot show: words nobody knows, gaps, tiers that no answer reaches."""

from collections.abc import Iterator, Mapping
from itertools import product

from engines.governance.policies.condition_faults import condition_faults
from engines.governance.policies.escalation_faults import escalation_faults, role_faults
from engines.governance.policies.evidence_faults import evidence_faults
from engines.governance.policies.format import Approval, Check, DocumentRule, Policy, StageRule
from engines.governance.policies.marks import Fault, Marked, Path
from engines.governance.policies.tiers import tier
from engines.governance.policies.vocabulary import (
    FLAG_FACTS,
    TEXT_FACTS,
    Vocabulary,
    did_you_mean,
    fact_names,
)

MOST_COMBINATIONS = 20_000  # beyond, whether each tier can be reached is not tried


def meaning_faults(
    policy: Policy, marked: Marked, vocabulary: Vocabulary | None = None
) -> Iterator[Fault]:
    """What is wrong with a policy whose form is sound."""
    yield from _tier_faults(policy, marked)
    yield from _question_faults(policy, marked, vocabulary)
    for stage, rule in policy.stages.items():
        path: Path = ("stages", stage.value)
        yield from _stage_faults(policy, rule, path, marked, vocabulary)
        yield from _level_faults(policy, rule, path, marked)
        yield from escalation_faults(rule, path, marked)
    yield from condition_faults(policy, marked, vocabulary)
    yield from evidence_faults(policy, marked, vocabulary)


def _tier_faults(policy: Policy, marked: Marked) -> Iterator[Fault]:
    found = [*_order_faults(policy, marked)]
    keys = {rule.key for rule in policy.tiers}
    for number, rule in enumerate(policy.materiality.at_least):
        if rule.tier not in keys:
            path = ("materiality", "at_least", number, "tier")
            message = f"There is no tier “{rule.tier}”."
            found.append(marked.fault(path, message, did_you_mean(rule.tier, keys)))
    yield from found or _unreachable(policy, marked)


def _order_faults(policy: Policy, marked: Marked) -> Iterator[Fault]:
    seen: set[str] = set()
    before = 0
    for number, rule in enumerate(policy.tiers):
        path: Path = ("tiers", number)
        if rule.key in seen:
            message = f"The tier “{rule.key}” is here twice."
            yield marked.fault((*path, "key"), message, "Rename it.")
        if number == 0 and rule.starts_at != 1:
            message = "The lowest tier leaves out the lowest scores."
            yield marked.fault((*path, "starts_at"), message, "Let it start at 1.")
        elif rule.starts_at <= before:
            message = f"“{rule.key}” starts at {rule.starts_at}, not above the tier before it."
            fix = f"List the lowest tier first; let this one start above {before}."
            yield marked.fault((*path, "starts_at"), message, fix)
        seen.add(rule.key)
        before = rule.starts_at


def _unreachable(policy: Policy, marked: Marked) -> Iterator[Fault]:
    reached = _reached(policy)
    for number, rule in enumerate(policy.tiers):
        if reached is not None and rule.key not in reached:
            message = f"No answers lead to the tier “{rule.key}”."
            fix = f"Change its starts_at ({rule.starts_at}) or the scores, or drop the tier."
            yield marked.fault(("tiers", number, "starts_at"), message, fix)


def _reached(policy: Policy) -> set[str] | None:
    """The tiers that some combination of answers leads to; None when there are too many to try."""
    rules = policy.materiality
    choices: dict[str, set[str]] = {}
    for side in (rules.exposure, rules.purpose):
        for question, scores in side.items():
            choices.setdefault(question, set()).update(scores)
    for each in rules.at_least:
        for question, condition in each.when.items():
            wanted = condition if isinstance(condition, tuple) else (condition,)
            asked = choices.setdefault(question, {"anything else"})
            asked.update(word for word in wanted if isinstance(word, str))
    count = 1
    for values in choices.values():
        count *= len(values)
    if count > MOST_COMBINATIONS:
        return None
    return {
        tier(policy, dict(zip(choices, values, strict=True))).key
        for values in product(*choices.values())
    }


def _question_faults(
    policy: Policy, marked: Marked, vocabulary: Vocabulary | None
) -> Iterator[Fault]:
    rules = policy.materiality
    for question in rules.exposure.keys() & rules.purpose.keys():
        path: Path = ("materiality", "purpose", question)
        message = f"“{question}” counts as exposure and as purpose."
        yield marked.fault(path, message, "Keep it on one side.", at_key=True)
    for side, questions in (("exposure", rules.exposure), ("purpose", rules.purpose)):
        for question, scores in questions.items():
            if vocabulary:
                path = ("materiality", side, question)
                yield from _choice_faults(path, question, scores, marked, vocabulary)


def _choice_faults(
    path: Path, question: str, scores: Mapping[str, int], marked: Marked, vocabulary: Vocabulary
) -> Iterator[Fault]:
    closed = [name for name, choices in vocabulary.questions.items() if choices]
    if question not in closed:
        message = f"The questionnaire has no question “{question}” with choices."
        yield marked.fault(path, message, did_you_mean(question, closed), at_key=True)
        return
    choices = vocabulary.questions[question]
    unknown = sorted(scores.keys() - set(choices))
    for answer in unknown:
        message = f"“{answer}” is no answer to “{question}”."
        yield marked.fault((*path, answer), message, did_you_mean(answer, choices), at_key=True)
    for answer in (each for each in choices if each not in scores and not unknown):
        message = f"The answer “{answer}” to “{question}” has no score."
        yield marked.fault(path, message, f'Add “"{answer}": …”.', at_key=True)


def _stage_faults(
    policy: Policy, rule: StageRule, path: Path, marked: Marked, vocabulary: Vocabulary | None
) -> Iterator[Fault]:
    groups = [(path, "", rule.approvals, rule.documents, rule.checks)] + [
        ((*path, "route", n), "add_", r.add_approvals, r.add_documents, r.add_checks)
        for n, r in enumerate(rule.route)
    ]
    for place, prefix, approvals, documents, checks in groups:
        for number, approval in enumerate(approvals):
            at = (*place, f"{prefix}approvals", number)
            yield from _approval_faults(policy, approval, at, marked)
        for number, document in enumerate(documents):
            at = (*place, f"{prefix}documents", number)
            yield from _document_faults(policy, document, at, marked, vocabulary)
        for number, check in enumerate(checks):
            yield from _check_faults(policy, check, (*place, f"{prefix}checks", number), marked)
    for key in ("expires_days", "answer_within_days"):
        yield from _day_faults(policy, getattr(rule, key), (*path, key), marked)


def _approval_faults(
    policy: Policy, approval: Approval, path: Path, marked: Marked
) -> Iterator[Fault]:
    yield from role_faults(approval.role, (*path, "role"), marked)
    yield from _tier_named(policy, approval.from_tier, path, marked)


def _document_faults(
    policy: Policy, rule: DocumentRule, path: Path, marked: Marked, vocabulary: Vocabulary | None
) -> Iterator[Fault]:
    yield from _tier_named(policy, rule.from_tier, path, marked)
    if vocabulary is None:
        return
    if rule.kind not in vocabulary.documents:
        message = f"There is no document “{rule.kind}”."
        yield marked.fault((*path, "kind"), message, did_you_mean(rule.kind, vocabulary.documents))
        return
    sections = vocabulary.documents[rule.kind]
    for number, section in enumerate(rule.sections):
        if section not in sections:
            message = f"The document “{rule.kind}” has no section “{section}”."
            at = (*path, "sections", number)
            yield marked.fault(at, message, did_you_mean(section, sections))


def _check_faults(policy: Policy, check: Check, path: Path, marked: Marked) -> Iterator[Fault]:
    yield from _tier_named(policy, check.from_tier, path, marked)
    known = fact_names()
    if check.fact not in known:
        message = f"There is no fact “{check.fact}”."
        yield marked.fault((*path, "fact"), message, did_you_mean(check.fact, known))
        return
    bound = "at_least" if check.at_least is not None else "at_most"
    is_number = check.fact not in TEXT_FACTS | FLAG_FACTS
    if not is_number and (check.at_least is not None or check.at_most is not None):
        kind = "text" if check.fact in TEXT_FACTS else "yes or no"
        message = f"“{check.fact}” is {kind}, not a number."
        yield marked.fault((*path, bound), message, "Use “equals”.", at_key=True)
    if check.equals is not None and not _fits_fact(check, is_number):
        message = f"“{check.equals}” can never equal “{check.fact}”."
        fix = "Write a number." if is_number else "Write true, or text, as the fact has it."
        yield marked.fault((*path, "equals"), message, fix)


def _fits_fact(check: Check, is_number: bool) -> bool:
    if check.fact in TEXT_FACTS:
        return isinstance(check.equals, str)
    if check.fact in FLAG_FACTS:
        return isinstance(check.equals, bool)
    return is_number and not isinstance(check.equals, bool | str)


def _tier_named(policy: Policy, name: str | None, path: Path, marked: Marked) -> Iterator[Fault]:
    keys = [rule.key for rule in policy.tiers]
    if name is not None and name not in keys:
        message = f"There is no tier “{name}”."
        yield marked.fault((*path, "from_tier"), message, did_you_mean(name, keys))


def _day_faults(
    policy: Policy, days: int | Mapping[str, int], path: Path, marked: Marked
) -> Iterator[Fault]:
    if isinstance(days, int):
        return
    keys = [rule.key for rule in policy.tiers]
    for name in days.keys() - set(keys):
        message = f"There is no tier “{name}”."
        yield marked.fault((*path, name), message, did_you_mean(name, keys), at_key=True)
    for name in (key for key in keys if key not in days):
        yield marked.fault(
            path, f"The tier “{name}” has no days.", f"Add “{name}: …”.", at_key=True
        )


def _level_faults(policy: Policy, rule: StageRule, path: Path, marked: Marked) -> Iterator[Fault]:
    """A stage where nobody votes, or where a level waits for one that no tier has."""
    keys = [each.key for each in policy.tiers]
    for place, key in enumerate(keys):
        held = [a for a in rule.approvals if _from(keys, a) <= place]
        levels = {a.level for a in held}
        if not held:
            message = f"Nobody approves the tier “{key}” at this stage."
            yield marked.fault(path, message, "Name at least one approval for it.", at_key=True)
            return
        every = [(a, (*path, "approvals", n)) for n, a in enumerate(rule.approvals) if a in held]
        for n, route in enumerate(rule.route):
            for m, added in enumerate(route.add_approvals):
                if _from(keys, added) <= place:
                    every.append((added, (*path, "route", n, "add_approvals", m)))
        for approval, at in every:
            own = levels | {added.level for added, where in every if where[:4] == at[:4]}
            if gap := set(range(1, approval.level)) - own:
                message = f"Level {approval.level} waits for level {min(gap)}, which “{key}” lacks."
                yield marked.fault((*at, "level"), message, f"Use level {min(gap)}.")
                return


def _from(keys: list[str], approval: Approval) -> int:
    """The place of the approval's first tier; a tier that does not exist counts as the lowest."""
    return keys.index(approval.from_tier) if approval.from_tier in keys else 0
