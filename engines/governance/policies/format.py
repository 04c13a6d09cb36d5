"""The form of a policy file: frozen models that refuse every key they do not know."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from engines.core.gate import Stage

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Words = Annotated[str, Field(min_length=1, max_length=500)]
LongWords = Annotated[str, Field(min_length=1, max_length=2_000)]
Number = Annotated[StrictInt | StrictFloat, Field(allow_inf_nan=False)]
Score = Annotated[StrictInt, Field(ge=1, le=100)]
Scores = Annotated[dict[str, Score], Field(min_length=1)]
Days = Annotated[StrictInt, Field(ge=1, le=3_650)]
Scalar = StrictBool | StrictStr | StrictInt | StrictFloat


class Part(BaseModel):
    """A part of a policy: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(StrEnum):
    """What a failed check does: it blocks the submission, or is shown to who decides."""

    BLOCK = "block"
    WARN = "warn"


class Range(Part):
    """A number from `at_least` on, and under `below`; at least one of them is given."""

    at_least: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> "Range":
        if self.at_least is None and self.below is None:
            raise ValueError("a range names at_least, below or both")
        return self

    def holds(self, value: float) -> bool:
        """True when the value lies in the range."""
        enough = self.at_least is None or value >= self.at_least
        return enough and (self.below is None or value < self.below)


Condition = Scalar | tuple[Scalar, ...] | Range
When = Annotated[dict[str, Condition], Field(min_length=1)]


class TierRule(Part):
    """One tier of risk: it begins at the materiality `starts_at`."""

    key: Key
    title: Words
    meaning: Words
    starts_at: Score


class AtLeast(Part):
    """Answers that ask for a tier whatever the materiality says."""

    when: When
    tier: Key
    because: Words


class Materiality(Part):
    """Scores of the answers. Materiality = highest exposure score × highest purpose score.

    Each side names questions and the score of every choice; no answer counts as the highest.
    """

    exposure: dict[str, Scores] = Field(min_length=1)
    purpose: dict[str, Scores] = Field(min_length=1)
    at_least: tuple[AtLeast, ...] = ()


class Approval(Part):
    """Votes that are needed: so many people of a role, at a level; higher levels wait."""

    role: str
    count: Annotated[StrictInt, Field(ge=1, le=20)] = 1
    level: Annotated[StrictInt, Field(ge=1, le=9)] = 1
    from_tier: str | None = None


class DocumentRule(Part):
    """A document that must be written; no sections named means all of them."""

    kind: str
    sections: tuple[str, ...] = ()
    from_tier: str | None = None


class Check(Part):
    """A fact held against one bound; a missing fact fails."""

    fact: str
    label: Words
    at_least: Number | None = None
    at_most: Number | None = None
    equals: Scalar | None = None
    present: Literal[True] | None = None
    severity: Severity = Severity.BLOCK
    from_tier: str | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> "Check":
        bounds = (self.at_least, self.at_most, self.equals, self.present)
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError("a check has exactly one of at_least, at_most, equals, present")
        return self


class Route(Part):
    """Requirements added when the model's characteristics fit all of `when`."""

    when: When
    because: Words
    add_approvals: tuple[Approval, ...] = ()
    add_documents: tuple[DocumentRule, ...] = ()
    add_checks: tuple[Check, ...] = ()


class Then(StrEnum):
    """What happens to a submission that nobody answered in time."""

    REMIND = "remind"
    RETURN = "return"
    REJECT = "reject"
    ESCALATE = "escalate"


class StageRule(Part):
    """What one stage asks for. Days are one number, or one for each tier.

    `escalate_to` is the role that may vote, too, once the time to answer is over.
    """

    approvals: tuple[Approval, ...] = ()
    documents: tuple[DocumentRule, ...] = ()
    checks: tuple[Check, ...] = ()
    expires_days: Days | dict[str, Days]
    answer_within_days: Days | dict[str, Days]
    then: Then
    escalate_to: str | None = None
    route: tuple[Route, ...] = ()


class Guidance(Part):
    """The guidance a policy answers to, and how to read this rendering of it."""

    title: Words
    issuer: Words
    status: Words
    note: LongWords
    compared: LongWords | None = None  # with which text its numbers were compared, and when


class Evidence(Part):
    """What in MLAAS speaks for a requirement, and what people have to do beside it."""

    documents: tuple[str, ...] = ()  # kind, or kind/section
    checks: tuple[str, ...] = ()  # facts
    approvals: tuple[str, ...] = ()  # roles
    platform: tuple[Words, ...] = ()  # what MLAAS does by itself
    by_hand: LongWords | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "Evidence":
        if not any((self.documents, self.checks, self.approvals, self.platform, self.by_hand)):
            raise ValueError("a requirement names what answers it, or what is done by hand")
        return self


class Numbered(StrEnum):
    """Whose number a requirement's id is."""

    COMPARED = "compared"  # the guidance's, compared with a public text
    OURS = "ours"  # a theme of our own


class Requirement(Part):
    """One expectation of the guidance, in our own words, and what answers it."""

    id: Annotated[str, Field(min_length=1, max_length=40)]
    number: Numbered = Numbered.OURS
    theme: Words
    says: LongWords
    answered_by: Evidence


def _every_stage(stages: Mapping[Stage, StageRule]) -> Mapping[Stage, StageRule]:
    missing = [stage.value for stage in Stage if stage not in stages]
    if missing:
        raise ValueError(f"these stages are missing: {', '.join(missing)}")
    return {stage: stages[stage] for stage in Stage}


class Policy(Part):
    """A whole policy. Tiers are listed lowest first."""

    policy: Key
    title: Words
    about: LongWords
    guidance: Guidance | None = None
    materiality: Materiality
    tiers: tuple[TierRule, ...] = Field(min_length=1)
    stages: Annotated[dict[Stage, StageRule], AfterValidator(_every_stage)]
    requirements: tuple[Requirement, ...] = ()

    @property
    def name(self) -> str:
        """The policy's name, which all its versions share."""
        return self.policy

    def place(self, tier: str | None) -> int:
        """The tier's place, lowest first from 0; no tier is the lowest. Raises KeyError."""
        return {rule.key: number for number, rule in enumerate(self.tiers)}[
            tier or self.tiers[0].key
        ]
