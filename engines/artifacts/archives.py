"""Archives whose bytes depend on their content alone: zip, tar.gz, wheel."""

import base64
import gzip
import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from engines.artifacts.layout import SLICE

MOMENT = (1980, 1, 1, 0, 0, 0)  # the first a zip can tell; ours must not depend on the clock
PLAIN_FILE = 0o644
Content = Mapping[str, Path]


def write_zip(target: Path, files: Content) -> None:
    """A zip of the files, by name."""
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            _add(archive, name, files[name])


def write_tar(target: Path, files: Content) -> None:
    """A tar.gz of the files, by name, owned by nobody in particular."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = files[name].stat().st_size, PLAIN_FILE
            with files[name].open("rb") as content:
                archive.addfile(entry, content)


def write_wheel(target: Path, files: Content, texts: Mapping[str, str], record: str) -> None:
    """A wheel of files and texts; `record` is the path of its list of checksums, written last."""
    lines = []
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            _add(archive, name, files[name])
            lines.append(_line(name, hashlib.sha256(files[name].read_bytes()), files[name]))
        for name, text in texts.items():
            archive.writestr(_entry(name), text.encode())
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            lines.append(f"{name},sha256={digest.decode().rstrip('=')},{len(text.encode())}")
        archive.writestr(_entry(record), "\n".join([*lines, f"{record},,", ""]))


def _line(name: str, digest: "hashlib._Hash", file: Path) -> str:
    told = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
    return f"{name},sha256={told},{file.stat().st_size}"


def _add(archive: ZipFile, name: str, file: Path) -> None:
    entry = _entry(name)
    entry.file_size = file.stat().st_size
    with file.open("rb") as read, archive.open(entry, "w") as write:
        while part := read.read(SLICE):
            write.write(part)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, MOMENT)
    entry.compress_type, entry.external_attr = ZIP_DEFLATED, PLAIN_FILE << 16
    entry.create_system = 3  # Unix, wherever it is made
    return entry
