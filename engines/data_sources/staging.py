"""A file made ready to be read as UTF-8 text."""

import hashlib
import os
from pathlib import Path

from engines.data_sources.encoding import transcode
from engines.data_sources.options import ReadOptions
from engines.data_sources.partials import partial_of
from engines.data_sources.workbook import write_text


def staged(path: Path, options: ReadOptions, scratch: Path) -> Path:
    """The file itself when it can be read as it is, else a UTF-8 copy kept in `scratch`.

    The copy is named by file, encoding and sheet, so that looking again costs nothing.
    Raises InvalidInput (wrong encoding, no such sheet) or BackendUnavailable (disk full).
    """
    if options.kind == "parquet" or (options.kind == "text" and options.encoding == "utf-8"):
        return path
    key = hashlib.sha256(f"{path}|{options.encoding}|{options.sheet}".encode()).hexdigest()[:16]
    target = scratch / f"{path.stem}-{key}.staged"
    if target.exists():
        os.utime(target)  # copies out of use for a day are removed
    else:
        _write(path, options, target)
    return target


def _write(path: Path, options: ReadOptions, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(target)
    try:
        if options.kind == "excel":
            write_text(path, options.sheet, partial)
        else:
            transcode(path, options.encoding, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
