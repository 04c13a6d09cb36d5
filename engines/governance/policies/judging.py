"""Facts held against checks, and votes against approvals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engines.core.facts import why_not_applicable
from engines.governance.policies.format import Approval, Check, Severity
from engines.governance.policies.vocabulary import CONDITIONAL_FACTS, fact_words

Fact = float | bool | str | None


@dataclass(frozen=True)
class CheckResult:
    """One check's outcome, with a sentence for the page and for the record.

    One that does not apply to the model has passed, as it stands in nobody's way, and says so.
    """

    check: Check
    value: Fact
    passed: bool
    sentence: str
    applies: bool = True

    @property
    def blocks(self) -> bool:
        """True when this failure stops the submission."""
        return not self.passed and self.check.severity is Severity.BLOCK


@dataclass(frozen=True)
class Vote:
    """One person's yes, in a role and on a level; `by` is the role that stood in for it, if any."""

    role: str
    level: int = 1
    by: str = ""


def judge(checks: Iterable[Check], facts: Mapping[str, Fact]) -> list[CheckResult]:
    """Hold each fact against its bound. A fact that is missing, or no number, fails.

    One that cannot be asked of the model (`CONDITIONAL_FACTS` only) is not held against anything.
    """
    return [_judged(check, facts.get(check.fact)) for check in checks]


def votes_missing(approvals: Iterable[Approval], votes: Sequence[Vote]) -> list[str]:
    """What is still to be voted, one sentence for each; empty when the votes are enough."""
    missing = []
    for each in approvals:
        given = sum(vote.role == each.role and vote.level == each.level for vote in votes)
        if given < each.count:
            missing.append(
                f"Level {each.level}: {given} of {each.count} approvals by a {each.role}."
            )
    return missing


def bound_words(check: Check) -> str:
    """The check's bound in words: “at least 0.7”."""
    if check.at_least is not None:
        return f"at least {_number(check.at_least)}"
    if check.at_most is not None:
        return f"at most {_number(check.at_most)}"
    return f"equal to {_said(check.equals)}" if check.equals is not None else "present"


def _judged(check: Check, value: Fact) -> CheckResult:
    if value is None or not _is_measured(value):
        text = f"{check.label}: not measured ({fact_words(check.fact)})."
        return CheckResult(check, None, False, text)
    if check.fact in CONDITIONAL_FACTS and (why := why_not_applicable(value)):
        text = f"{check.label}: not applicable, {why}."
        return CheckResult(check, value, True, text, applies=False)
    passed = _holds(check, value)
    verdict = "as asked" if passed else "not as asked"
    text = f"{check.label}: {_said(value)}, {verdict} ({bound_words(check)})."
    return CheckResult(check, value, passed, text)


def _is_measured(value: float | bool | str) -> bool:
    """False for a number that is none: not a number, endless, or beyond what a float holds."""
    try:
        return isinstance(value, str) or math.isfinite(value)
    except OverflowError:
        return False


def _holds(check: Check, value: float | bool | str) -> bool:
    if check.present:
        return value != ""
    if check.equals is not None:
        same_kind = isinstance(value, bool) == isinstance(check.equals, bool)
        return same_kind and value == check.equals
    if isinstance(value, bool | str):
        return False
    if check.at_least is not None:
        return value >= check.at_least
    return check.at_most is not None and value <= check.at_most


def _said(value: Fact) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, int | float) else f"“{value}”"


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
