"""Tables of the approvals: submissions, votes, delegations, remarks, decisions of the gate."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import JSON, Column, Field, SQLModel, UniqueConstraint

from engines.core.database import UtcDateTime, new_id, now
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals.states import State

IN_WORDS = {
    Stage.TRAINING: "training",
    Stage.PUBLISHED: "publishing",
    Stage.UAT: "UAT",
    Stage.PROD: "production",
}
_OPEN = sa.text("state IN ('draft', 'submitted')")


class Submission(SQLModel, table=True):
    """One model's content frozen for one stage, and what became of it.

    `items` are the content, `content_hash` SHA-256 over their canonical JSON; `snapshot` holds
    metrics, schema and parameters as they were, for later differences; `requirements` is what the
    policy asked at that moment. `signed` is the exact text under the signature. `ended_at` is when
    an approval stopped holding, apart from `expires_at`, which it carries from the beginning.
    """

    __tablename__ = "approval_submission"
    __table_args__ = (
        sa.Index(
            "one_open_submission_per_stage",
            "run_id",
            "task",
            "stage",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        sa.Index("ix_approval_submission_run_id_task", "run_id", "task"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str
    task: str
    experiment_id: str = Field(index=True)
    title: str = ""
    stage: str
    state: str = Field(default=State.DRAFT.value, index=True)
    previous_id: str | None = Field(default=None, foreign_key="approval_submission.id", index=True)
    tier: str = ""
    tier_position: int = 0
    raised_to: str | None = None
    policy_name: str = ""
    policy_version: int = 0
    policy_sha256: str = ""
    answers: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    characteristics: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    requirements: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    checks: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    items: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    snapshot: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    content_hash: str = Field(default="", index=True)
    makers: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    submitter_id: str = Field(index=True)
    submitter_name: str
    comment: str = ""
    reason: str = ""  # why it was returned, rejected, withdrawn, revoked or is void
    signed: str = ""
    signature: str = ""
    public_key: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    answer_by: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    escalated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    escalated_level: int | None = None  # the level that was late then
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def model(self) -> ModelRef:
        """The model it is about."""
        return ModelRef(self.run_id, self.task)

    @property
    def at_stage(self) -> Stage:
        """The stage it asks for."""
        return Stage(self.stage)

    @property
    def stage_words(self) -> str:
        """The stage in the middle of a sentence."""
        return IN_WORDS[self.at_stage]


class Vote(SQLModel, table=True):
    """One person's answer to one submission; for somebody else when delegated.

    `principal_id` is whose voice counts: the delegating person's, else the voter's own. The two
    constraints let neither a person nor a voice count twice. `parts` maps each part of the content
    to the hash that the voter confirmed.
    """

    __tablename__ = "approval_vote"
    __table_args__ = (
        UniqueConstraint("submission_id", "person_id"),
        UniqueConstraint("submission_id", "principal_id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    submission_id: str = Field(foreign_key="approval_submission.id", index=True)
    person_id: str = Field(index=True)
    person_name: str
    principal_id: str
    principal_name: str
    role: str
    in_place_of: str | None = None  # the role that was asked and did not answer in time
    level: int
    decision: str
    comment: str = ""
    content_hash: str
    parts: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    carried_from: str | None = None  # the vote on the same content in an earlier submission
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)

    @property
    def fills(self) -> str:
        """The role, among those asked, whose place the vote takes."""
        return self.in_place_of or self.role

    @property
    def capacity(self) -> str:
        """The role it was given in, and whose place it took."""
        return f"{self.role}, in place of a {self.in_place_of}" if self.in_place_of else self.role


class Delegation(SQLModel, table=True):
    """One person's vote in one role, handed to another for a period."""

    __tablename__ = "approval_delegation"

    id: str = Field(default_factory=new_id, primary_key=True)
    giver_id: str = Field(index=True)
    giver_name: str
    taker_id: str = Field(index=True)
    taker_name: str
    role: str
    reason: str
    begins_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Remark(SQLModel, table=True):
    """One contribution to a submission's discussion."""

    __tablename__ = "approval_remark"

    id: str = Field(default_factory=new_id, primary_key=True)
    submission_id: str = Field(foreign_key="approval_submission.id", index=True)
    person_id: str
    person_name: str
    text: str
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class RaisedTier(SQLModel, table=True):
    """A model's tier lifted by hand above what its questionnaire gives."""

    __tablename__ = "approval_raised_tier"
    __table_args__ = (sa.Index("ix_approval_raised_tier_run_id_task", "run_id", "task"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str
    task: str
    tier: str
    position: int
    reason: str
    person_id: str
    person_name: str
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class GateDecision(SQLModel, table=True):
    """One answer of the gate: who wanted which model for what, and why it was let or refused.

    `request_id` is the caller's correlation id, by which a scoring request finds its decision.
    """

    __tablename__ = "gate_decision"
    __table_args__ = (sa.Index("ix_gate_decision_run_id_task_at", "run_id", "task", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    request_id: str = Field(index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    as_of: datetime = Field(sa_type=UtcDateTime)
    actor_id: str = Field(index=True)
    actor_name: str
    run_id: str
    task: str
    purpose: str
    allowed: bool = Field(index=True)
    reason: str = ""
    stage: str | None = None
    submission_id: str | None = Field(default=None, index=True)
    content_hash: str | None = None
