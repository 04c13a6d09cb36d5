"""Tables of the projects engine."""

from datetime import datetime
from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel, UniqueConstraint

from engines.core.database import UtcDateTime, new_id, now
from engines.core.experiments import ExperimentState


class Experiment(SQLModel, table=True):
    """One question and the model that will answer it."""

    __tablename__ = "experiment"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(index=True)
    description: str = ""
    owner_id: str = Field(index=True)
    owner_name: str
    state: str = Field(default=ExperimentState.DRAFT.value, index=True)
    objective: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)

    @property
    def is_archived(self) -> bool:
        """True once it was put into the archive."""
        return self.archived_at is not None


class DictionaryEntry(SQLModel, table=True):
    """What one column of an experiment's data means."""

    __tablename__ = "dictionary_entry"
    __table_args__ = (UniqueConstraint("experiment_id", "column_name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True, foreign_key="experiment.id")
    position: int
    column_name: str
    type: str
    meaning: str = ""
    unit: str = ""
    sensitivity: str = "internal"
