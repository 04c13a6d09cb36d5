"""What a file really is, whatever its name says, and whether it is safe to open."""

import zipfile
from pathlib import Path

from engines.core.errors import InvalidInput
from engines.data_sources.options import FileKind

EXTENSIONS = (".csv", ".tsv", ".txt", ".xls", ".xlsx", ".parquet")
SAMPLE_BYTES = 65_536
UNPACKED_BYTES = 2 * 1024**3  # what a workbook may unpack to
BOMB_BYTES = 64 * 1024**2  # below this no ratio is suspicious
BOMB_RATIO = 150  # unpacked to packed; real workbooks stay well under 100
ENTRIES = 10_000

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BINARY = {
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
    b"\x80\x04\x95": "a Python pickle",
}


def check_name(name: str) -> None:
    """Refuse a file name whose ending we do not read. Raises InvalidInput."""
    if Path(name).suffix.lower() not in EXTENSIONS:
        raise InvalidInput(
            f"Files called “{Path(name).suffix or name}” are not read here.",
            hint="Use CSV, TSV, XLS, XLSX or Parquet.",
        )


def kind_of(path: Path, name: str) -> FileKind:
    """Tell text, workbook or Parquet by the file's bytes, and check that `name` agrees.

    Raises InvalidInput for an empty, binary, protected, damaged or exploding file.
    """
    kind = _kind(path)
    suffix = Path(name).suffix.lower()
    expected = {".parquet": "parquet", ".xls": "excel", ".xlsx": "excel"}.get(suffix, "text")
    if kind != expected and kind != "text":
        raise _misnamed(suffix, "an Excel workbook" if kind == "excel" else "a Parquet file")
    if kind != expected and expected == "parquet":
        raise _misnamed(suffix, "not a Parquet file")
    return kind


def _kind(path: Path) -> FileKind:
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    if not head.strip():
        raise InvalidInput("The file is empty.", hint="Choose a file that has rows.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        check_workbook(path)
        return "excel"
    if head.startswith(_OLE):
        check_not_protected(path)
        return "excel"
    check_text(head)
    return "text"


def _misnamed(suffix: str, truth: str) -> InvalidInput:
    return InvalidInput(
        f"The file is called “{suffix}” but is {truth}.",
        hint="Give the file its right ending, or export it again, then upload it.",
    )


def check_text(head: bytes) -> None:
    """Refuse bytes that are not text in any encoding. Raises InvalidInput."""
    truth = next((what for magic, what in _BINARY.items() if head.startswith(magic)), "")
    if truth or not _looks_like_text(head):
        raise InvalidInput(
            f"The file is {truth or 'binary data'}, not a table.",
            hint="Export the table as CSV, XLSX or Parquet and upload that.",
        )


def _looks_like_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or wide_encoding(head):
        return True
    odd = sum(head.count(bytes([code])) for code in (*range(9), *range(14, 27), *range(28, 32)))
    return odd <= max(3, len(head) / 1000)


def wide_encoding(head: bytes) -> str:
    """UTF-16 without a byte-order mark, told by where its zero bytes stand; empty otherwise."""
    pairs = len(head) // 2
    if pairs == 0:
        return ""
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def check_workbook(path: Path) -> None:
    """Refuse an archive that is no workbook, is damaged, or explodes. Raises InvalidInput.

    Sizes are judged before anything is unpacked, then every entry is read once in small blocks,
    so that sizes declared too low are found out too.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(archive, path.stat().st_size)
            if "xl/workbook.xml" not in archive.namelist():
                raise InvalidInput(
                    "The file is a ZIP archive, not an Excel workbook.",
                    hint="Unpack it and upload the table inside.",
                )
            if archive.testzip() is not None:
                raise zipfile.BadZipFile
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InvalidInput(
            "The workbook is damaged and cannot be opened.",
            hint="Open it in a spreadsheet program, save it again, and upload the new file.",
        ) from error


def _check_size(archive: zipfile.ZipFile, packed: int) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    exploding = unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * packed
    if exploding or unpacked > UNPACKED_BYTES or len(entries) > ENTRIES:
        raise InvalidInput(
            f"The workbook would unpack to {unpacked / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB,"
            " so it is not opened.",
            hint="Save the table as CSV and upload that.",
        )


def check_not_protected(path: Path) -> None:
    """Refuse a workbook behind a password. Raises InvalidInput."""
    with path.open("rb") as file:
        tail = b""
        while block := file.read(1024**2):
            if _ENCRYPTED in tail + block:
                raise protected()
            tail = block[-len(_ENCRYPTED) :]


def protected() -> InvalidInput:
    """The failure for a workbook behind a password."""
    return InvalidInput(
        "The workbook is protected by a password.",
        hint="Save a copy without the password and upload that.",
    )
