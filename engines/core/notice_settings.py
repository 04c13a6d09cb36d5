"""How notices leave MLAAS: an e-mail server, webhooks, and how long sending is tried."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from engines.core.addresses import checked_email, checked_url
from engines.core.section import Section


class Smtp(Section):
    """The e-mail server; without `host` no e-mail is sent."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None  # certificates to believe, when the system's are not enough
    user: str = ""
    password: str = "smtp_password"  # noqa: S105  the name of the secret, not its value
    sender: Annotated[str, AfterValidator(checked_email)] = ""  # the address e-mail comes from

    @model_validator(mode="after")
    def can_be_used(self) -> "Smtp":
        """Refuse a server without a sender, and a password that would travel in clear."""
        if self.host and not self.sender:
            raise ValueError("an e-mail server needs notices.smtp.sender")
        if self.user and self.security == "none" and not _is_here(self.host):
            raise ValueError("a password needs security starttls or tls")
        return self


class Webhook(Section):
    """One address that is told; `secret` names the secret that signs."""

    url: Annotated[str, Field(min_length=1), AfterValidator(checked_url)]
    secret: str = "webhook_secret"  # noqa: S105  the name of the secret, not its value
    kinds: tuple[str, ...] = ()  # the kinds of notices it gets; empty: all
    allow_private: bool = False  # True: it may stand on this machine or in a private network
    ca_file: Path | None = None

    @model_validator(mode="after")
    def is_encrypted(self) -> "Webhook":
        """Refuse plain http beyond private networks."""
        if urlsplit(self.url).scheme == "http" and not self.allow_private:
            raise ValueError("a webhook's address begins with https, or needs allow_private")
        return self


class Notices(Section):
    """What leaves the in-app inbox, and how long sending is tried."""

    smtp: Smtp = Smtp()
    webhooks: dict[str, Webhook] = Field(default_factory=dict)
    tries: int = Field(default=8, ge=1, le=50)
    first_wait_seconds: float = Field(default=30, gt=0)  # doubles after each try
    longest_wait_seconds: float = Field(default=3600, gt=0)
    seconds_per_try: float = Field(default=20, ge=1, le=120)
    send_within_hours: float = Field(default=24, gt=0)  # older notices stay in the inbox alone

    @property
    def are_sent(self) -> bool:
        """True when anything leaves at all."""
        return bool(self.smtp.host or self.webhooks)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
