"""The table of document sections: every saved version stays."""

from datetime import datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from engines.core.database import UtcDateTime, new_id, now


class DocumentVersion(SQLModel, table=True):
    """One saved text of one section of a model's document.

    `text` is Markdown; `sha256` is over its UTF-8 bytes; `version` counts from 1 per section, and
    the constraint lets only one of two people save the same number. `generated` texts were drafted
    from the run and answer no question asked of a person.
    """

    __tablename__ = "governance_document"
    __table_args__ = (UniqueConstraint("run_id", "task", "kind", "section", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    experiment_id: str = Field(index=True)
    run_id: str = Field(index=True)
    task: str
    kind: str
    section: str
    version: int
    text: str
    sha256: str
    generated: bool = False
    author_id: str = Field(index=True)
    author_name: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
