"""The embedded backend: a folder with the layout, checksums and properties of the real one.

Each file has a record of its checksum and properties, written before the file gets its name, so
that a file that can be seen can also be verified.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from engines.artifacts.layout import SLICE, check_path, check_properties
from engines.artifacts.port import Repository, Stored
from engines.core.errors import BackendUnavailable, InvalidInput, NotFound
from engines.core.files import remove_forgotten

RECORDS = ".records"


class FolderStore:
    """Repositories as folders below `root`, one for each place a release goes through."""

    def __init__(self, root: Path, keys: Mapping[str, str]) -> None:
        self._root, self._keys = root, keys

    def put(self, where: Repository, path: str, content: Path, sha256: str) -> Stored:
        """As the port says; the bytes are hashed while they are written."""
        place = self._place(where, path)
        if place.exists():
            return same_bytes(self.stat(where, path), sha256)
        return self._write(where, path, content, sha256, {})

    def get(self, where: Repository, path: str, into: Path) -> Stored:
        """As the port says."""
        stored = self.stat(where, path)
        if _copied(self._place(where, path), into) != stored.sha256:
            into.unlink(missing_ok=True)
            raise changed(path)
        return stored

    def stat(self, where: Repository, path: str) -> Stored:
        """As the port says; the checksum is the one recorded when the file came."""
        place = self._place(where, path)
        try:
            if place.is_file():
                record = json.loads(self._record(where, path).read_text("utf-8"))
                return Stored(path, record["size"], record["sha256"], record["properties"])
        except (OSError, ValueError, KeyError) as error:
            raise BackendUnavailable(
                f"The record of {path} cannot be read.", hint="Restore the folder from its backup."
            ) from error
        raise missing(path)

    def list(self, where: Repository, folder: str) -> list[Stored]:
        """As the port says."""
        top, root = self._place(where, folder), self._root / self._keys[where]
        files = sorted(p for p in top.rglob("*") if p.is_file() and not p.name.startswith("."))
        return [self.stat(where, file.relative_to(root).as_posix()) for file in files]

    def set_properties(self, where: Repository, path: str, properties: Mapping[str, str]) -> None:
        """As the port says."""
        given, stored = check_properties(properties), self.stat(where, path)
        self._keep_record(where, path, stored, {**stored.properties, **given})

    def copy(self, source: Repository, path: str, to: Repository) -> Stored:
        """As the port says."""
        stored, target = self.stat(source, path), self._place(to, path)
        if target.exists():
            return same_bytes(self.stat(to, path), stored.sha256)
        origin = self._place(source, path)
        return self._write(to, path, origin, stored.sha256, stored.properties)

    def delete(self, where: Repository, path: str) -> None:
        """As the port says."""
        with self._alone(where):
            self._place(where, path).unlink(missing_ok=True)
            self._record(where, path).unlink(missing_ok=True)

    def _place(self, where: Repository, path: str) -> Path:
        return self._root / self._keys[where] / check_path(path)

    def _record(self, where: Repository, path: str) -> Path:
        return self._root / RECORDS / self._keys[where] / f"{check_path(path)}.json"

    def _write(
        self,
        where: Repository,
        path: str,
        content: Path,
        sha256: str,
        properties: Mapping[str, str],
    ) -> Stored:
        place = self._place(where, path)
        partial = place.with_name(f".{place.name}.{uuid4().hex}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            remove_forgotten(place.parent, ".*")
            if _copied(content, partial) != sha256:
                raise mismatch(path)
            stored = Stored(path, partial.stat().st_size, sha256, dict(properties))
            with self._alone(where):
                if place.exists():
                    return same_bytes(self.stat(where, path), sha256)
                self._keep_record(where, path, stored, properties)
                os.link(partial, place)  # fails where a name is taken; a rename would replace it
        except OSError as error:
            raise BackendUnavailable(
                f"{path} could not be written: {error.strerror}.", hint="Make room and try again."
            ) from error
        finally:
            partial.unlink(missing_ok=True)
        return stored

    @contextmanager
    def _alone(self, where: Repository) -> Iterator[None]:
        """One writer at a time names files here, also of another process or installation."""
        lock = self._root / RECORDS / self._keys[where] / ".lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def _keep_record(
        self, where: Repository, path: str, stored: Stored, properties: Mapping[str, str]
    ) -> None:
        record = self._record(where, path)
        record.parent.mkdir(parents=True, exist_ok=True)
        told: dict[str, Any] = {"sha256": stored.sha256, "size": stored.size}
        partial = record.with_name(f".{record.name}.{uuid4().hex}")
        partial.write_text(json.dumps({**told, "properties": dict(properties)}), "utf-8")
        partial.replace(record)


def _copied(source: Path, target: Path) -> str:
    """Copy the bytes onto the disk itself and give their SHA-256."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while part := read.read(SLICE):
            digest.update(part)
            write.write(part)
        write.flush()
        os.fsync(write.fileno())
    return digest.hexdigest()


def same_bytes(stored: Stored, sha256: str) -> Stored:
    """The stored file, if it is what was to be stored. Raises InvalidInput."""
    if stored.sha256 != sha256:
        raise InvalidInput(
            f"{stored.path} is in the repository already, with other content.",
            hint="What is released never changes: choose another version.",
        )
    return stored


def missing(path: str) -> NotFound:
    """The failure for a file that is not there."""
    return NotFound(f"{path} is not in the repository.", hint="Reload the list of releases.")


def mismatch(path: str) -> InvalidInput:
    """The failure for bytes that are not what was announced."""
    return InvalidInput(
        f"The checksum of {path} does not match its content.",
        hint="The file was changed while it was sent. Start again.",
    )


def changed(path: str) -> InvalidInput:
    """The failure for bytes that are no longer what was stored."""
    return InvalidInput(
        f"{path} is not what was stored: its checksum differs.",
        hint="Do not use it. Release the model again, and tell the platform team.",
    )
