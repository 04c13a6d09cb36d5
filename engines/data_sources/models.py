"""Tables: uploads under way, and the data sets of each experiment."""

from datetime import datetime
from typing import Any

from sqlmodel import JSON, BigInteger, Column, Field, SQLModel

from engines.core.database import UtcDateTime, new_id, now


class Upload(SQLModel, table=True):
    """A file on its way in; how many bytes have arrived is the size of its file on disk."""

    __tablename__ = "upload"

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    actor_id: str = Field(index=True)
    name: str
    size: int = Field(sa_type=BigInteger)
    modified: int = Field(default=0, sa_type=BigInteger)  # ms since 1970, as the browser says
    complete: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    touched_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class Dataset(SQLModel, table=True):
    """One version of an experiment's data; the newest that is not superseded is current."""

    __tablename__ = "dataset"

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    name: str
    sha256: str = Field(index=True)
    raw_sha256: str
    rows: int = Field(sa_type=BigInteger)
    columns: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    options: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    notes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    change: str
    anonymised: bool = False
    bytes: int = Field(sa_type=BigInteger)
    created_by: str
    created_by_name: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    superseded: bool = Field(default=False, index=True)
