"""Version numbers: semantic and by date, what the next one should be, and why.

Semantic: major when the model asks for other columns or answers something else, minor when it was
trained anew, patch when only documents changed (Semantic Versioning 2.0.0, whose public interface
is here the model's inputs and target). By date: year.month.day, and a count from the second on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engines.core.errors import InvalidInput
from engines.core.model_card import ModelCard

SEMANTIC = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
DATED = re.compile(r"(20\d\d)\.(1[0-2]|[1-9])\.(3[01]|[12]\d|[1-9])(?:\.([1-9]\d{0,3}))?")
SHOWN = 5  # columns named in a reason


class Scheme(StrEnum):
    """How the versions of a model are counted."""

    SEMANTIC = "semantic"
    DATE = "date"


@dataclass(frozen=True)
class Interface:
    """What a version number promises about: the model's inputs, its answer, and its bytes."""

    target: str
    features: tuple[str, ...]  # name and type, in order
    classes: tuple[str, ...]
    model_sha256: str

    @classmethod
    def of(cls, card: ModelCard, model_sha256: str) -> "Interface":
        """The interface of a stored model."""
        features = tuple(f"{one.name}: {one.dtype}" for one in card.features)
        classes = tuple(str(one) for one in card.classes)
        return cls(f"{card.task} of {card.target}", features, classes, model_sha256)


@dataclass(frozen=True)
class Suggestion:
    """A version and the sentence that says why."""

    version: str
    reason: str


def check_version(version: str, scheme: Scheme) -> str:
    """A version of the scheme. Raises InvalidInput."""
    if scheme is Scheme.SEMANTIC and not SEMANTIC.fullmatch(version):
        raise InvalidInput(f"“{version[:40]}” is not a version.", hint="Write it like 1.4.0.")
    if scheme is Scheme.DATE:
        found = DATED.fullmatch(version)
        try:
            date(*(int(part) for part in found.groups()[:3])) if found else date(0, 0, 0)
        except ValueError as error:
            raise InvalidInput(
                f"“{version[:40]}” is not a date version.", hint="Write it like 2026.11.23."
            ) from error
    return version


def order(version: str) -> tuple[int, ...]:
    """A key to sort versions of one scheme by."""
    return tuple(int(part) for part in version.split("."))


def suggest(
    scheme: Scheme,
    now: Interface,
    newest: Interface | None,
    taken: Iterable[str],
    today: date,
) -> Suggestion:
    """The next version and why; `newest` belongs to the highest version of `taken`."""
    if scheme is Scheme.DATE:
        return _dated(set(taken), today)
    known = sorted((v for v in taken if SEMANTIC.fullmatch(v)), key=order)
    if newest is None or not known:
        return Suggestion("1.0.0", "This is the first release under this name.")
    major, minor, patch = order(known[-1])
    if reason := _broken(now, newest):
        return Suggestion(f"{major + 1}.0.0", reason)
    if now.model_sha256 != newest.model_sha256:
        return Suggestion(f"{major}.{minor + 1}.0", "It was trained anew on the same columns.")
    return Suggestion(f"{major}.{minor}.{patch + 1}", "Only documents changed.")


def _dated(taken: set[str], today: date) -> Suggestion:
    base = f"{today.year}.{today.month}.{today.day}"
    if base not in taken:
        return Suggestion(base, "The first release of the day.")
    number = next(n for n in range(1, 10_000) if f"{base}.{n}" not in taken)
    return Suggestion(f"{base}.{number}", "There is a release of this day already.")


def _broken(now: Interface, newest: Interface) -> str:
    """Why callers of the newest release could not go on with this one; empty when they can."""
    if now.target != newest.target:
        return f"It answers something else: {now.target}, before {newest.target}."
    if now.classes != newest.classes:
        return "It answers with other classes."
    gone = [name for name in newest.features if name not in now.features]
    new = [name for name in now.features if name not in newest.features]
    told = [f"{word} {', '.join(names[:SHOWN])}" for word, names in _changes(new, gone) if names]
    return f"Its columns changed: {'; '.join(told)}." if told else ""


def _changes(new: list[str], gone: list[str]) -> tuple[tuple[str, list[str]], ...]:
    return ("new", new), ("gone", gone)
