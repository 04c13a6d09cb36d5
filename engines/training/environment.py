"""What a run was made with: enough to make it again."""

import hashlib
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "scikit-learn", "lightgbm", "xgboost-cpu", "pycaret-core", "flaml", "numpy", "scipy",
    "pandas", "pyarrow", "skops",
)  # fmt: skip
IN_MODEL = ("scikit-learn", "lightgbm", "xgboost-cpu", "numpy", "scipy", "pandas", "skops")
ROOT = Path(__file__).parents[2]


def versions(names: tuple[str, ...] = LIBRARIES) -> dict[str, str]:
    """Exact versions of the libraries that are installed, and Python's."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def fingerprint() -> dict[str, str]:
    """Versions, the lock file's SHA-256 and the git commit; "unknown" where there is none."""
    lock = ROOT / "requirements.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "unknown"
    return {**versions(), "lock_sha256": digest, "git_commit": _commit()}


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(  # noqa: S603, a fixed command
            command, cwd=ROOT, capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return answer.stdout.strip() or "unknown"
