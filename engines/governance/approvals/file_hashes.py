"""SHA-256 of files, remembered while a file has certainly not been touched."""

import hashlib
import os
import time
from pathlib import Path

MISSING = "missing"
LINK = "symbolic link"  # its target may change behind our back, so it never equals a hash
SETTLED_NS = 2_000_000_000  # two changes within one tick of a file system's clock look like one
REMEMBERED = 4_096  # files

Stamp = tuple[int, int, int, int, int]


class FileHashes:
    """Hashes by path. `fresh` reads the file whatever is remembered.

    Remembered is what device, inode, size, time of change and time of inode change still vouch for.
    The last cannot be set back by a program, so a byte changed under a restored time is found too;
    what must not rest on that asks fresh.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, str]] = {}

    def of(self, path: Path, fresh: bool = False) -> str:
        """SHA-256 (hex), or a word that is no hash when there is no such regular file."""
        try:
            stamp = _stamp(path)
            known = self._known.get(path)
            if known and known[0] == stamp and not fresh:
                return known[1]
            digest = _digest(path)
            self._remember(path, stamp, digest)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return MISSING
        except OSError:
            return LINK
        return digest

    def _remember(self, path: Path, stamp: Stamp, digest: str) -> None:
        settled = time.time_ns() - max(stamp[3:]) > SETTLED_NS
        if not (settled and _stamp(path) == stamp):
            self._known.pop(path, None)
            return
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[path] = (stamp, digest)


def _stamp(path: Path) -> Stamp:
    found = path.lstat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _digest(path: Path) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
