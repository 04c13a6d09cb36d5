"""The artifact repository as MLAAS sees it: files with checksums and properties, thrice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Repository(StrEnum):
    """The places a release goes through, in order."""

    DEV = "dev"
    UAT = "uat"
    PROD = "prod"


@dataclass(frozen=True)
class Stored:
    """One file as the repository reports it. `size` in bytes, `sha256` in hexadecimal."""

    path: str
    size: int
    sha256: str
    properties: Mapping[str, str] = field(default_factory=dict)


class ArtifactStore(Protocol):
    """Files under `<name>/<version>/…`. Every act raises BackendUnavailable when it cannot be had,
    NotAllowed when the repository refuses us, and never reports success that was not confirmed."""

    def put(self, where: Repository, path: str, content: Path, sha256: str) -> Stored:
        """Store the file if its bytes have that checksum; what is there already stays.

        Raises InvalidInput when other bytes are there, do not match, or are too large.
        """

    def get(self, where: Repository, path: str, into: Path) -> Stored:
        """Write the file to `into`, its bytes checked on the way. Raises NotFound, InvalidInput."""

    def stat(self, where: Repository, path: str) -> Stored:
        """What the repository says of the file. Raises NotFound."""

    def list(self, where: Repository, folder: str) -> list[Stored]:
        """Every file below the folder, by path; none when there is no such folder."""

    def set_properties(self, where: Repository, path: str, properties: Mapping[str, str]) -> None:
        """Add or replace properties of the file. Raises NotFound, InvalidInput."""

    def copy(self, source: Repository, path: str, to: Repository) -> Stored:
        """Copy the file with its properties to the same path elsewhere; as `put` otherwise."""

    def delete(self, where: Repository, path: str) -> None:
        """Remove the file; one that is not there is no failure."""
