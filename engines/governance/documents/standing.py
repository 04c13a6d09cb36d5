"""Where the documents of a model stand: what is written, what is only drafted, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engines.governance.documents.models import DocumentVersion
from engines.governance.documents.templates import KINDS, SectionRule, Templates

RECORD = "approval_record"
STORED_KINDS = tuple(kind for kind in KINDS if kind != RECORD)


@dataclass(frozen=True)
class Section:
    """One version of one section: its Markdown text, who saved it and when.

    `generated` texts were drafted from the run; version 0 is a text that is not stored.
    """

    kind: str
    section: str
    text: str
    author_id: str
    author_name: str
    version: int
    sha256: str
    created_at: datetime | None
    generated: bool


class State(StrEnum):
    """Whether a section is done."""

    MISSING = "missing"
    DRAFTED = "drafted"
    WRITTEN = "written"


@dataclass(frozen=True)
class Standing:
    """One section of a kind, the newest text there is of it, and whether it is done."""

    kind: str
    rule: SectionRule
    section: Section | None
    state: State

    @property
    def version(self) -> int:
        """The newest version's number; 0 before there is one."""
        return self.section.version if self.section else 0


@dataclass(frozen=True)
class Gap:
    """A section that is asked for and not done, with the reason in a sentence."""

    kind: str
    section: str
    title: str
    reason: str


def told(row: DocumentVersion) -> Section:
    """A stored version as the noun that others see."""
    names = Section.__dataclass_fields__
    return Section(**{name: getattr(row, name) for name in names})


def standings(templates: Templates, kind: str, stored: Sequence[Section]) -> list[Standing]:
    """Every section of the kind in its order. Raises NotFound for an unknown kind."""
    newest = {each.section: each for each in stored if each.kind == kind}
    rules = templates.kind(kind).sections
    return [Standing(kind, rule, newest.get(rule.key), _state(rule, newest)) for rule in rules]


def _state(rule: SectionRule, newest: Mapping[str, Section]) -> State:
    """A drafted text is enough only where no question is put to a person."""
    found = newest.get(rule.key)
    if found is None or (found.generated and rule.needs_person):
        return State.MISSING
    return State.DRAFTED if found.generated else State.WRITTEN


def gaps(
    templates: Templates, stored: Sequence[Section], wanted: Mapping[str, Sequence[str]]
) -> list[Gap]:
    """What is missing of the wanted sections, {kind: keys}; no keys mean every section of the kind.

    Raises NotFound for a kind or a section that the templates do not have.
    """
    found = []
    for kind, keys in wanted.items():
        asked = set(keys) or {rule.key for rule in templates.kind(kind).sections}
        for key in keys:
            templates.kind(kind).section(key)
        found += [
            _gap(templates, each)
            for each in standings(templates, kind, stored)
            if each.rule.key in asked and each.state is State.MISSING
        ]
    return found


def _gap(templates: Templates, standing: Standing) -> Gap:
    rule = standing.rule
    name = f"“{rule.title}” of the {templates.kind(standing.kind).title.lower()}"
    if standing.section:
        reason = f"{name} is only drafted from the run; a person has to answer its question."
    else:
        reason = f"{name} is not written."
    return Gap(standing.kind, rule.key, rule.title, reason)
