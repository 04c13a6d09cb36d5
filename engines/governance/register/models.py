"""Tables of the register: findings and their steps, the inventory's own entries, assessments."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import JSON, Column, Field, SQLModel

from engines.core.database import UtcDateTime, new_id, now
from engines.core.model_ref import ModelRef


class Finding(SQLModel, table=True):
    """Something wrong with a model or a submission of it, that its owner has to put right.

    `version` counts the changes, so that nobody overwrites what they have not seen; `makers` made
    the model, so they do not close its findings.
    """

    __tablename__ = "register_finding"
    __table_args__ = (sa.Index("ix_register_finding_run_id_task", "run_id", "task"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str
    task: str
    model_title: str
    submission_id: str | None = Field(default=None, index=True)
    title: str
    text: str = ""
    severity: str = Field(index=True)
    state: str = Field(index=True)
    owner_id: str = Field(index=True)
    owner_name: str
    due_on: date = Field(index=True)
    opened_by: str
    opened_by_name: str
    makers: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    version: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def model(self) -> ModelRef:
        """The model it is about."""
        return ModelRef(self.run_id, self.task)


class FindingStep(SQLModel, table=True):
    """One change of a finding: who, from which state to which, whose it was then, and why."""

    __tablename__ = "register_finding_step"

    id: str = Field(default_factory=new_id, primary_key=True)
    finding_id: str = Field(foreign_key="register_finding.id", index=True)
    number: int
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    person_id: str
    person_name: str
    before: str
    after: str
    owner_id: str
    owner_name: str
    note: str = ""


class InventoryEntry(SQLModel, table=True):
    """What the inventory knows of a model beyond its record: next review, upstream models."""

    __tablename__ = "register_entry"

    run_id: str = Field(primary_key=True)
    task: str = Field(primary_key=True)
    review_on: date | None = Field(default=None, index=True)
    upstream: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_by: str
    updated_by_name: str


class Assessment(SQLModel, table=True):
    """One assessment of a model's risk; a later one takes its place, none is ever changed.

    `answers` maps each factor and control to its level, `reasons` to the assessor's words.
    """

    __tablename__ = "register_assessment"
    __table_args__ = (sa.Index("ix_register_assessment_run_id_task_at", "run_id", "task", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str
    task: str
    rules: int
    answers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    reasons: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    inherent: str
    controls: str
    residual: str = Field(index=True)
    summary: str = ""
    workings: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    person_id: str
    person_name: str
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
