"""What is kept for how long: raw files, readable copies, and what crashes leave behind."""

import time
from contextlib import suppress
from pathlib import Path

from sqlmodel import col, select

from engines.data_sources.datasets import Datasets
from engines.data_sources.models import Dataset, Upload
from engines.data_sources.partials import remove_abandoned

DAY = 86_400.0


def remove_leftovers(datasets: Datasets) -> None:
    """Delete half-written files of dead processes, files of no upload, and copies out of use.

    A raw file goes `limits.raw_kept_days` after the last experiment stopped using it. The typed
    tables stay: runs and former versions refer to them.
    """
    remove_abandoned(datasets.store_dir, datasets.store_dir / "raw", datasets.scratch_dir)
    for copy in datasets.scratch_dir.glob("*.staged"):
        _remove_unused(copy, DAY)
    _remove_orphans(datasets)
    _remove_raw(datasets)


def _remove_orphans(datasets: Datasets) -> None:
    with datasets.db.read() as session:
        known = set(session.exec(select(Upload.id)).all())
    for part in datasets.uploads_dir.glob("*.part"):
        if part.stem not in known:
            _remove_unused(part, DAY)


def _remove_raw(datasets: Datasets) -> None:
    used = select(Dataset.raw_sha256).where(col(Dataset.superseded).is_(False)).distinct()
    with datasets.db.read() as session:
        needed = set(session.exec(used).all())
    for raw in (datasets.store_dir / "raw").glob("*"):
        if not raw.suffix and raw.name not in needed:
            _remove_unused(raw, datasets.limits.raw_kept_days * DAY)


def _remove_unused(file: Path, seconds: float) -> None:
    """Delete a file that was neither written nor touched for so long."""
    with suppress(FileNotFoundError):
        if file.stat().st_mtime < time.time() - seconds:
            file.unlink()
