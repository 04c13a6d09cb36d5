"""Files on disk: their hash, JSON that every reader takes, folders put in place all at once."""

import hashlib
import json
import math
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

FORGOTTEN = 24 * 3600  # seconds after which a half-written file is nobody's


def sha256_of(file: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_json(file: Path, value: Any) -> None:
    """Write one JSON file; what JSON cannot say becomes null, what it does not know a text."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=1, default=str)
    file.write_text(text, "utf-8")


def put_in_place(draft: Path, final: Path) -> None:
    """Replace the folder `final`, where there is one, by `draft`."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    draft.replace(final)
    shutil.rmtree(old, ignore_errors=True)


def remove_forgotten(folder: Path, pattern: str = "*") -> None:
    """Remove what killed processes left a day ago or longer; others may remove it beside us."""
    for left in folder.glob(pattern):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
