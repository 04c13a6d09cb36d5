"""Who asked for which report, on which data set, and how it stands."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel, UniqueConstraint

from engines.core.database import UtcDateTime, new_id, now


class ReportKind(StrEnum):
    """What is made; also the kind of its job."""

    EXPLORE = "explore"
    PROFILE = "profile"


class EdaReport(SQLModel, table=True):
    """One request for a report; its files lie under the table's hash and the options' digest.

    `job_key` is empty when it was made at once; `done_at` is set when it can be opened.
    `link` leads to the tracker; `log_error` says why it could not be logged there.
    """

    __tablename__ = "eda_report"
    __table_args__ = (UniqueConstraint("experiment_id", "dataset_id", "kind", "digest"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    experiment_name: str
    dataset_id: str = Field(index=True)
    sha256: str
    kind: str
    digest: str
    options: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    attempt: int = 0
    job_key: str = ""
    requested_by: str
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    link: str = ""
    log_error: str = ""
