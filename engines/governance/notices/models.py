"""Tables of the notices: what was said, to whom, and what of it left the product."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import JSON, Column, Field, SQLModel

from engines.core.database import UtcDateTime, new_id, now


class Channel(StrEnum):
    """A way out of the product."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Notice(SQLModel, table=True):
    """One thing that was said. `sorted_at` is when its deliveries were written, None before."""

    __tablename__ = "notice"

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str
    title: str
    text: str = ""
    page: str = ""
    query: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    sorted_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class NoticeCopy(SQLModel, table=True):
    """One person's copy of a notice."""

    __tablename__ = "notice_copy"
    __table_args__ = (
        UniqueConstraint("notice_id", "user_id"),
        Index("ix_notice_copy_user_id_read_at", "user_id", "read_at"),
        Index("ix_notice_copy_user_id_made_at", "user_id", "made_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    notice_id: str = Field(foreign_key="notice.id")
    user_id: str
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)  # the notice's own
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeDelivery(SQLModel, table=True):
    """One message to one address. Its id is the same in every try, so that receivers know it.

    `due_at` is when it is tried next; taking it for a try moves that beyond the try's end.
    """

    __tablename__ = "notice_delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel", "target"),
        Index("ix_notice_delivery_state_due_at", "state", "due_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    notice_id: str = Field(foreign_key="notice.id")
    channel: str
    target: str  # e-mail: the person's id; webhook: its name in the settings
    state: str
    tries: int = 0
    error: str = ""
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)
    due_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeChoice(SQLModel, table=True):
    """Which kinds of notices one person also wants by e-mail."""

    __tablename__ = "notice_choice"

    user_id: str = Field(primary_key=True)
    kinds: list[str] = Field(sa_column=Column(JSON, nullable=False))
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
