"""Secrets by name, and the embedded place they come from: the environment and a private folder.

A secret that others give us (a client's, a token) is a variable of the environment. A key that
only MLAAS needs is made at the first start and kept in a folder that nobody else may read, unless
the environment gives it. Neither is ever in the configuration, the database, a log or an address.
"""

import base64
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engines.core.errors import NotFound, NotReady

DATA_KEY = "mlaas_data_key"  # encrypts what must not lie readable in the database
SIGNING_KEY = "mlaas_signing_key"  # signs approvals and audit exports
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
LONGEST = 64 * 1024  # bytes


class Secrets(Protocol):
    """The secrets port: where secrets come from, asked anew each time so that they can change."""

    def get(self, name: str) -> str:
        """The secret of that name. Raises NotFound, or NotReady when it cannot be had now."""


def data_key() -> str:
    """A fresh key for `DATA_KEY`: 256 random bits, written as Fernet wants them."""
    return Fernet.generate_key().decode()


def signing_key() -> str:
    """A fresh key for `SIGNING_KEY`: the 32 bytes of an Ed25519 private key, in Base64."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


MADE_HERE: Mapping[str, Callable[[], str]] = {DATA_KEY: data_key, SIGNING_KEY: signing_key}


class EnvironmentSecrets:
    """The embedded backend.

    `variables` names a secret's variable where it is not the secret's name in capitals; the keys
    in `made_here` are made once, into `folder`, by whichever process asks first.
    """

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
        made_here: Mapping[str, Callable[[], str]] = MADE_HERE,
    ) -> None:
        self._folder, self._environ, self._made_here = folder, environ, made_here
        self._variables = variables or {}

    def get(self, name: str) -> str:
        """The variable's value, else the key kept in the folder. Raises NotFound or NotReady."""
        variable = self._variables.get(name, name.upper())
        if given := self._environ.get(variable, "").strip():
            return given
        if name not in self._made_here:
            raise NotFound(
                f"The secret “{name}” is missing.", hint=f"Set the environment variable {variable}."
            )
        return _kept(self._folder, name, self._made_here[name])


def _kept(folder: Path, name: str, make: Callable[[], str]) -> str:
    place = folder / name
    try:
        _private_folder(folder)
        if not os.path.lexists(place):
            _make(place, make)
        return _read(place)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise NotReady(
            f"The key {place} cannot be read: {why}.",
            hint="It must be a file that the account running MLAAS owns, mode 600.",
        ) from error


def _private_folder(folder: Path) -> None:
    """Make the folder, or close it to others: what is in it is checked file by file."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) != PRIVATE_FOLDER:
        folder.chmod(PRIVATE_FOLDER)


def _make(place: Path, make: Callable[[], str]) -> None:
    """Write a whole file beside the place, then give it the name unless another was quicker."""
    fresh = place.with_name(f".{place.name}.{uuid4().hex}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, place)
        except FileExistsError:
            return
    finally:
        fresh.unlink()


def _read(place: Path) -> str:
    handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise NotReady(
                f"The key {place} may be read by others (mode {stat.S_IMODE(mode):o}).",
                hint=f"Run `chmod 600 {place}`; if others use this machine, renew the key as well.",
            )
        text = file.read(LONGEST).decode().strip()
    if not text:
        raise NotReady(f"The key {place} is empty.", hint="Restore it from the backup.")
    return text
