"""What may leave as a release: file types first, then trusted types; scanners give advice.

A file is stopped for its type, its content or the types it would load. fickling and modelscan
are heard on every model file and written down; they do not decide, since fickling calls a plain
scikit-learn model unsafe and modelscan passes over files whose name it does not know.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engines.artifacts import archive_scan, scanners
from engines.core.errors import InvalidInput
from engines.core.trusted_types import TRUSTED_TYPES

PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
PROGRAMS = {b"\x7fELF": "a program", b"MZ": "a program", b"#!": "a script"}
STARTS = {".skops": b"PK", ".zip": b"PK", ".whl": b"PK", ".docx": b"PK", ".gz": b"\x1f\x8b"} | {
    ".pdf": b"%PDF", ".parquet": b"PAR1"
}  # fmt: skip
TEXTS = frozenset({".json", ".md", ".txt", ".lock", ".csv", ".html", ".pem", ".sig", ".jsonl"})
BINARIES = frozenset({".onnx", *STARTS})
NAMED = frozenset({"Dockerfile", "predict.py"})  # made by MLAAS itself
ARCHIVES = frozenset({".skops", ".zip", ".whl", ".docx", ".gz"})
MODELS = frozenset({".skops", ".onnx"})


class Severity(StrEnum):
    """What a finding does."""

    BLOCK = "block"
    ADVICE = "advice"


@dataclass(frozen=True)
class Finding:
    """One thing found in one file, by which tool, in one sentence."""

    file: str
    tool: str
    severity: Severity
    text: str

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        return asdict(self)


def scan(files: Mapping[str, Path]) -> list[Finding]:
    """Everything found in the files, by name; stopping findings first."""
    found = [finding for name, file in sorted(files.items()) for finding in scan_file(name, file)]
    return sorted(found, key=lambda one: one.severity is not Severity.BLOCK)


def scan_file(name: str, file: Path) -> Iterator[Finding]:
    """What is found in one file."""
    for text in _wrong_type(name, file):
        yield Finding(name, "file type", Severity.BLOCK, text)
    if file.suffix in ARCHIVES or _starts(file, b"PK"):
        for text in archive_scan.faults(file):
            yield Finding(name, "archive", Severity.BLOCK, text)
    if file.suffix == ".skops":
        for text in untrusted_types(file):
            yield Finding(name, "trusted types", Severity.BLOCK, text)
    if file.suffix in MODELS or is_pickle(file):
        for tool, text in scanners.advice(file):
            yield Finding(name, tool, Severity.ADVICE, text)


def refuse_blocked(found: Iterable[Finding]) -> None:
    """Stop what must not leave. Raises InvalidInput naming the first files."""
    stopped = [one for one in found if one.severity is Severity.BLOCK]
    if stopped:
        told = "; ".join(f"{one.file}: {one.text}" for one in stopped[:3])
        raise InvalidInput(
            f"The release was stopped by the scan. {told}",
            hint="Nothing was published. Only models trained by MLAAS can be released.",
        )


def untrusted_types(file: Path) -> list[str]:
    """A sentence when a stored model would load a type that is not on our list."""
    import skops.io

    try:
        asked = set(skops.io.get_untrusted_types(file=file))
    except Exception as error:
        # The reader raises whatever a broken file makes it raise; a file it cannot read is stopped.
        return [f"it cannot be read as a model ({type(error).__name__})."]
    strange = sorted(asked - set(TRUSTED_TYPES))
    return [f"it would load {', '.join(strange[:5])}, which is not trusted."] if strange else []


def is_pickle(file: Path) -> bool:
    """True when the file begins as a pickle of protocol 2 or later does."""
    return any(_starts(file, start) for start in PICKLES)


def _wrong_type(name: str, file: Path) -> Iterator[str]:
    if is_pickle(file):
        yield "it is a pickle, which runs code when it is read."
        return
    for start, what in PROGRAMS.items():
        if _starts(file, start):
            yield f"it is {what}."
    suffix = Path(name).suffix
    if Path(name).name in NAMED:
        return
    if suffix not in TEXTS | BINARIES:
        yield f"files of the type “{suffix or 'none'}” are not released."
    elif suffix in STARTS and not _starts(file, STARTS[suffix]):
        yield f"its content is not what “{suffix}” says."
    elif suffix in TEXTS and not _is_text(file):
        yield f"its content is not the text that “{suffix}” says."


def _is_text(file: Path) -> bool:
    try:
        text = file.read_bytes().decode("utf-8")
        if file.suffix == ".json":
            json.loads(text)
    except (ValueError, RecursionError):
        return False
    return "\0" not in text


def _starts(file: Path, start: bytes) -> bool:
    with file.open("rb") as content:
        return content.read(len(start)) == start
