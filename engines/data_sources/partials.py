"""Files being written: named after their writer, so that what a dead one left can be told."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil


def partial_of(target: Path) -> Path:
    """Where this thread writes what will be renamed to `target`."""
    return target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.partial")


def remove_abandoned(*folders: Path) -> int:
    """Delete what writers that live no more left half-written, and return how many files."""
    found = [file for folder in folders for file in _abandoned(folder)]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)


def _abandoned(folder: Path) -> Iterator[Path]:
    for file in folder.glob("*.partial"):
        writer = file.name.split(".")[-2].partition("-")[0]
        if not writer.isdigit() or not _still_writes(int(writer), file):
            yield file


def _still_writes(pid: int, file: Path) -> bool:
    """False when the process is gone, or its number belongs to one younger than the file."""
    try:
        return psutil.Process(pid).create_time() <= file.stat().st_mtime
    except (psutil.Error, FileNotFoundError):
        return False
