"""Tables of releases, and of the places each release is in."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import JSON, Column, Field, SQLModel

from engines.artifacts.port import Repository
from engines.core.database import UtcDateTime, new_id, now
from engines.core.model_ref import ModelRef


class ReleaseState(StrEnum):
    """Where a release is in its life."""

    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    REMOVED = "removed"  # retention took it from its last repository; the row stays


class Release(SQLModel, table=True):
    """One version of a model under a name. The row is written before the first file travels."""

    __tablename__ = "artifact_release"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    run_id: str = Field(index=True)
    task: str
    name: str = Field(index=True)
    version: str
    scheme: str
    notes: str = ""
    formats: list[str] = Field(sa_column=Column(JSON, nullable=False))
    interface: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    state: str = ReleaseState.PUBLISHING
    job_key: str = ""
    lease: str = ""  # the process at work; an older one finds it changed and gives up
    sha256: str = ""  # of the index file
    files: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: str = ""
    actor_id: str
    actor_name: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def model(self) -> ModelRef:
        """The model that is released."""
        return ModelRef(self.run_id, self.task)

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


class PlacementState(StrEnum):
    """How a release stands in one repository."""

    COPYING = "copying"
    PRESENT = "present"
    REMOVING = "removing"
    REMOVED = "removed"
    FAILED = "failed"  # a copy that never became visible; `error` says why


GONE = frozenset({PlacementState.REMOVED.value, PlacementState.FAILED.value})


class Placement(SQLModel, table=True):
    """A release in one repository: who put it there, when, why."""

    __tablename__ = "artifact_placement"
    __table_args__ = (UniqueConstraint("release_id", "repository"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    release_id: str = Field(foreign_key="artifact_release.id", index=True)
    repository: str
    state: str = PlacementState.PRESENT
    reason: str = ""
    permit_id: str = ""
    job_key: str = ""  # that copies it here or removes it; none: the first place, the schedule
    lease: str = ""  # the process at work; an older one finds it changed and gives up
    error: str = ""
    actor_id: str
    actor_name: str
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)

    @property
    def where(self) -> Repository:
        """The repository."""
        return Repository(self.repository)
