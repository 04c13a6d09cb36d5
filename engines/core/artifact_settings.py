"""The artifact repository's part of the configuration."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from engines.core.section import Section

Place = Literal["dev", "uat", "prod"]
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def checked_address(address: str) -> str:
    """An address that may carry a token: encrypted or of this machine, and without a password."""
    parts = urlsplit(address)
    if not address:
        return address
    if parts.username or parts.password:
        raise ValueError("it must hold no user or password; the token is a secret")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        raise ValueError("it must begin with https")
    return address.rstrip("/")


class Keep(Section):
    """How long releases stay: the newest ones, and all that are younger than some days."""

    newest: int = Field(default=5, ge=1)
    days: int = Field(default=180, ge=1)


def usual_repositories() -> dict[Place, str]:
    """The repositories' keys, where the configuration names none."""
    return {"dev": "mlaas-dev", "uat": "mlaas-uat", "prod": "mlaas-prod"}


class Artifacts(Section):
    """Where releases are kept: the folder `artifacts` among the data, or JFrog Artifactory."""

    url: Annotated[str, AfterValidator(checked_address)] = ""  # ends in /artifactory
    repositories: dict[Place, str] = Field(default_factory=usual_repositories)
    token: str = "artifactory_token"  # noqa: S105  the name of the secret, not its value
    timeout_seconds: float = Field(default=60.0, gt=0, le=3_600)
    certificates: Path | None = None  # further authorities to trust; verification is never off
    keep: dict[Literal["dev", "uat"], Keep] = Field(default_factory=dict)  # prod is always kept
    remove_every_hours: int = Field(default=0, ge=0, le=8_760)  # what `keep` says; 0: by hand only

    def can_be_used(self, backend: str) -> None:
        """Refuse a choice of which something is missing. Raises ValueError."""
        if missing := {"dev", "uat", "prod"} - self.repositories.keys():
            raise ValueError(f"artifacts.repositories lacks {', '.join(sorted(missing))}")
        if len(set(self.repositories.values())) < len(self.repositories):
            raise ValueError("artifacts.repositories must name three different ones")
        if self.remove_every_hours and not self.keep:
            raise ValueError("artifacts.remove_every_hours needs a rule in artifacts.keep")
        if backend == "artifactory" and not self.url:
            raise ValueError("artifacts artifactory needs artifacts.url")
