"""Tables of identity: people, their sessions, browsers they are known by, waits after guessing."""

from datetime import datetime

from sqlmodel import JSON, Column, Field, SQLModel

from engines.core.access import Actor, Role
from engines.core.database import UtcDateTime, new_id, now


class AppUser(SQLModel, table=True):
    """One person who may sign in. `name` is lower case; roles are plain words in a list."""

    __tablename__ = "app_user"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    full_name: str = ""
    email: str = ""  # where notices go; empty: nowhere
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    password_hash: str | None = None  # None: this person signs in elsewhere
    must_change_password: bool = True
    subject: str | None = Field(default=None, unique=True)  # issuer and id at the OpenID provider
    totp_secret: str | None = None
    totp_pending: str | None = None  # shown as a QR code, not yet confirmed with a code
    totp_last_step: int = 0
    recovery_hashes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def actor(self) -> Actor:
        """This person, as the engines know an acting person."""
        return Actor(self.id, self.name, frozenset(Role(role) for role in self.roles))


class UserSession(SQLModel, table=True):
    """One sign-in. The cookie carries the token; only its hash is kept."""

    __tablename__ = "user_session"

    id: str = Field(default_factory=new_id, primary_key=True)
    token_hash: str = Field(unique=True)
    user_id: str = Field(foreign_key="app_user.id", index=True)
    stage: str
    address: str = ""
    browser: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class KnownBrowser(SQLModel, table=True):
    """A browser in which this person has signed in before; guessers elsewhere cannot slow it."""

    __tablename__ = "known_browser"

    token_hash: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="app_user.id", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class SignInWait(SQLModel, table=True):
    """Attempts counted under one key (person and address, address, or known browser)."""

    __tablename__ = "sign_in_wait"

    key: str = Field(primary_key=True)
    attempts: int = 0
    counted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    waits_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
