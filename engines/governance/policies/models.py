"""Table of the policies' versions. A row never changes, but for the day it was first used."""

from datetime import datetime

from sqlmodel import Field, SQLModel, UniqueConstraint

from engines.core.database import UtcDateTime, new_id, now
from engines.governance.policies.format import Policy
from engines.governance.policies.reading import parse


class PolicyVersion(SQLModel, table=True):
    """One published version of a policy: its text as it was, who published it, and why."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(index=True)
    version: int
    sha256: str
    text: str
    reason: str
    author_id: str = Field(index=True)
    author_name: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def policy(self) -> Policy:
        """The policy that the text holds."""
        return parse(self.text, source=f"{self.name} version {self.version}")
