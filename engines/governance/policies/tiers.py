"""The tier of risk: materiality = exposure × purpose, raised where people or rules ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from engines.core.errors import InvalidInput
from engines.governance.policies.conditions import applies, when_words
from engines.governance.policies.format import Policy, TierRule
from engines.governance.policies.vocabulary import did_you_mean


@dataclass(frozen=True)
class Tier:
    """A model's tier with the scores it comes from; `position` counts from 0, the lowest."""

    key: str
    title: str
    position: int
    exposure: int
    purpose: int
    materiality: int
    sentences: tuple[str, ...]


def tier(policy: Policy, answers: Mapping[str, str], raised_to: str | None = None) -> Tier:
    """The tier that the questionnaire's answers lead to, or a higher one that somebody set.

    Materiality is the highest exposure score times the highest purpose score; a question without
    an answer counts as its highest choice. Raises InvalidInput for an unknown or lower tier.
    """
    exposure, exposure_words = _highest(policy.materiality.exposure, answers)
    purpose, purpose_words = _highest(policy.materiality.purpose, answers)
    materiality = exposure * purpose
    sentences = [
        f"Exposure {exposure} ({exposure_words}) × purpose {purpose} ({purpose_words}) "
        f"= materiality {materiality}.",
    ]
    place = _place_of(policy, materiality)
    sentences.append(
        f"From {policy.tiers[place].starts_at} on this is “{policy.tiers[place].title}”."
    )
    for rule in policy.materiality.at_least:
        if applies(rule.when, answers) and policy.place(rule.tier) > place:
            place = policy.place(rule.tier)
            title = policy.tiers[place].title
            sentences.append(f"At least “{title}”: {rule.because} ({when_words(rule.when)}).")
    if raised_to:
        place = _raised(policy, place, raised_to, sentences)
    found = policy.tiers[place]
    return Tier(found.key, found.title, place, exposure, purpose, materiality, tuple(sentences))


def tier_of(policy: Policy, key: str) -> Tier:
    """The tier of that key as such, without scores. Raises InvalidInput."""
    rule = tier_named(policy, key)
    return Tier(rule.key, rule.title, policy.place(rule.key), 0, 0, 0, ())


def tier_named(policy: Policy, key: str) -> TierRule:
    """The tier of that key. Raises InvalidInput."""
    for rule in policy.tiers:
        if rule.key == key:
            return rule
    raise InvalidInput(
        f"The policy “{policy.title}” has no tier “{key}”.",
        hint=did_you_mean(key, [rule.key for rule in policy.tiers]),
    )


def _highest(
    questions: Mapping[str, Mapping[str, int]], answers: Mapping[str, str]
) -> tuple[int, str]:
    found = []
    for question, scores in questions.items():
        answer = answers.get(question, "")
        words = f"{question.replace('_', ' ')}: {answer or 'not answered'}"
        found.append((scores.get(answer, max(scores.values())), words))
    return max(found, key=lambda each: each[0])


def _place_of(policy: Policy, materiality: int) -> int:
    starts = [number for number, rule in enumerate(policy.tiers) if rule.starts_at <= materiality]
    return starts[-1] if starts else 0


def _raised(policy: Policy, place: int, raised_to: str, sentences: list[str]) -> int:
    wanted = tier_named(policy, raised_to)
    if policy.place(wanted.key) < place:
        raise InvalidInput(
            f"The tier can be raised, never lowered: the answers lead to "
            f"“{policy.tiers[place].title}”, and “{wanted.title}” is below it.",
            hint="Correct the answers of the questionnaire if they are wrong.",
        )
    if policy.place(wanted.key) > place:
        sentences.append(f"Raised by hand to “{wanted.title}”.")
    return policy.place(wanted.key)
