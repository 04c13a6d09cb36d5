"""Files under way have hidden names in a run's folder; what a killed process left is deleted."""

import shutil
import time
from pathlib import Path

DAY = 24 * 3600.0


def sweep(runs_dir: Path, older_than: float = DAY) -> int:
    """Delete half-written task folders and downloads untouched for that many seconds; how many."""
    folders = [folder for folder in runs_dir.glob("*") if folder.is_dir()]
    return sum(sweep_run(folder, older_than) for folder in folders)


def sweep_run(folder: Path, older_than: float = 0.0) -> int:
    """Delete the half-written parts of one run that nobody works on any more; how many."""
    limit = time.time() - older_than
    stale = [path for path in folder.glob(".*") if path.lstat().st_mtime <= limit]
    for path in stale:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(stale)
