"""What is wrong with an archive before anybody unpacks it."""

import ast
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, ZipFile

LARGEST = 20 * 1024**3  # bytes, unpacked
RATIO, RATIO_FROM = 1_000, 100 * 1024**2  # unpacked to packed, for what is large unpacked
PICKLE_NAMES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt"})
NPY = b"\x93NUMPY"


@dataclass(frozen=True)
class Member:
    """One entry of an archive. `size` in bytes, unpacked."""

    name: str
    size: int
    is_plain: bool = True


def faults(file: Path) -> list[str]:
    """Sentences on everything that is wrong; empty for a sound archive."""
    try:
        if tarfile.is_tarfile(file):
            return list(_tar_faults(file))
        with ZipFile(file) as archive:
            members = [Member(one.filename, one.file_size) for one in archive.infolist()]
            return [*_name_faults(members), *_size_faults(members, file), *_zip_faults(archive)]
    except (BadZipFile, tarfile.TarError, OSError, EOFError):
        return ["it is not a readable archive."]


def _tar_faults(file: Path) -> Iterator[str]:
    with tarfile.open(file) as archive:
        members = [Member(e.name, e.size, e.isfile() or e.isdir()) for e in archive]
    yield from _name_faults(members)
    yield from _size_faults(members, file)
    for one in members:
        if not one.is_plain:
            yield f"“{one.name}” is a link or a device."


def _name_faults(members: list[Member]) -> Iterator[str]:
    seen: set[str] = set()
    for one in members:
        path = PurePosixPath(one.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in one.name:
            yield f"“{one.name}” leads out of the folder it is unpacked into."
        if str(path) in seen:
            yield f"“{one.name}” is in it twice."
        seen.add(str(path))


def _size_faults(members: list[Member], file: Path) -> Iterator[str]:
    total = sum(one.size for one in members)
    packed = max(file.stat().st_size, 1)
    if total > LARGEST or (total > RATIO_FROM and total / packed > RATIO):
        yield f"it unpacks to {total:,} bytes from {packed:,}."


def _zip_faults(archive: ZipFile) -> Iterator[str]:
    for one in archive.infolist():
        if PurePosixPath(one.filename).suffix.lower() in PICKLE_NAMES:
            yield f"“{one.filename}” in it is a pickle by its name."
            continue
        with archive.open(one) as content:
            yield from (f"“{one.filename}” in it {text}" for text in _content_faults(content))


def _content_faults(content: IO[bytes]) -> Iterator[str]:
    start = content.read(6)
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05" and len(start) > 1:
        yield "is a pickle, which runs code when it is read."
    if start == NPY and _holds_objects(content):
        yield "is an array of Python objects, which is a pickle inside."


def _holds_objects(content: IO[bytes]) -> bool:
    """Whether a NumPy file holds objects, by its header (NumPy's format, versions 1 to 3)."""
    major = content.read(2)[0]
    length = int.from_bytes(content.read(2 if major == 1 else 4), "little")
    header = ast.literal_eval(content.read(min(length, 65_536)).decode("latin-1").strip())
    return "O" in str(header["descr"])
