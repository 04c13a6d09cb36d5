"""What is wrong with an archive before anybody unpacks it, and with the archives inside it."""

import ast
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

LARGEST = 20 * 1024**3  # bytes, unpacked
RATIO, RATIO_FROM = 1_000, 100 * 1024**2  # unpacked to packed, for what is large unpacked
PICKLE_NAMES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt"})
NPY = b"\x93NUMPY"
PACKED = (b"PK", b"\x1f\x8b")  # how zip and gzip begin
DEEPEST = 3  # archives within archives
IN_MEMORY = 16 * 1024**2  # bytes of an inner archive
BROKEN = (BadZipFile, LargeZipFile, tarfile.TarError, OSError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """One entry of an archive. `size` in bytes, unpacked; `content` opens it."""

    name: str
    size: int
    is_plain: bool
    content: Callable[[], IO[bytes] | None]


def faults(file: Path) -> list[str]:
    """Sentences on everything that is wrong; empty for a sound archive."""
    with file.open("rb") as content:
        return list(_faults(content, file.stat().st_size, 0))


def _faults(content: IO[bytes], packed: int, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        yield f"it holds archives within archives, more than {DEEPEST} deep."
        return
    try:
        if tarfile.is_tarfile(content):
            content.seek(0)
            with tarfile.open(fileobj=content) as archive:
                yield from _member_faults(_in_tar(archive), packed, depth)
            return
        with ZipFile(content) as zipped:
            yield from _member_faults(_in_zip(zipped), packed, depth)
    except BROKEN:
        yield "it is not a readable archive."


def _in_tar(archive: tarfile.TarFile) -> list[Member]:
    return [
        Member(e.name, e.size, e.isfile() or e.isdir(), partial(archive.extractfile, e))
        for e in archive
    ]


def _in_zip(archive: ZipFile) -> list[Member]:
    return [
        Member(e.filename, e.file_size, _is_plain(e), partial(archive.open, e))
        for e in archive.infolist()
    ]


def _is_plain(entry: ZipInfo) -> bool:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind in (0, stat.S_IFREG, stat.S_IFDIR)


def _member_faults(members: list[Member], packed: int, depth: int) -> Iterator[str]:
    yield from _name_faults(members)
    too_large = list(_size_faults(members, packed))
    yield from too_large
    for one in members:
        if not one.is_plain:
            yield f"“{one.name}” is a link or a device."
        elif PurePosixPath(one.name).suffix.lower() in PICKLE_NAMES:
            yield f"“{one.name}” in it is a pickle by its name."
        elif not too_large and (content := one.content()) is not None:
            with content:
                found = _content_faults(one.name, content, depth)
                yield from (f"“{one.name}” in it {text}" for text in found)


def _name_faults(members: list[Member]) -> Iterator[str]:
    seen: set[str] = set()
    for one in members:
        path = PurePosixPath(one.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in one.name:
            yield f"“{one.name}” leads out of the folder it is unpacked into."
        if str(path).casefold() in seen:
            yield f"“{one.name}” is in it twice."
        seen.add(str(path).casefold())


def _size_faults(members: list[Member], packed: int) -> Iterator[str]:
    total = sum(one.size for one in members)
    if total > LARGEST or (total > RATIO_FROM and total / max(packed, 1) > RATIO):
        yield f"it unpacks to {total:,} bytes from {packed:,}."


def _content_faults(name: str, content: IO[bytes], depth: int) -> Iterator[str]:
    start = content.read(6)
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05" and len(start) > 1:
        yield "is a pickle, which runs code when it is read."
    if start == NPY and _holds_objects(content):
        yield "is an array of Python objects, which is a pickle inside."
    if start.startswith(PACKED) or name.lower().endswith(".tar"):
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as inner:
            inner.write(start)
            shutil.copyfileobj(content, inner)
            packed = inner.tell()
            inner.seek(0)
            yield from (f"is an archive: {text}" for text in _faults(inner, packed, depth + 1))


def _holds_objects(content: IO[bytes]) -> bool:
    """Whether a NumPy file holds objects, by its header (NumPy's format, versions 1 to 3)."""
    major = content.read(2)[0]
    length = int.from_bytes(content.read(2 if major == 1 else 4), "little")
    header = ast.literal_eval(content.read(min(length, 65_536)).decode("latin-1").strip())
    return "O" in str(header["descr"])
