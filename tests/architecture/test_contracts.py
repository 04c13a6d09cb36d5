"""The import contracts of pyproject.toml hold, and each notices when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREACHES = {
    "engine-imports-engine": ("engines/eda/breach.py", "import engines.training\n"),
    "core-imports-engine": ("engines/core/breach.py", "import engines.projects\n"),
    "engine-imports-wiring": ("engines/eda/breach.py", "import engines.wiring\n"),
    "engine-imports-app": ("engines/eda/breach.py", "import app.ui\n"),
    "engine-imports-streamlit": ("engines/eda/breach.py", "import streamlit\n"),
    "training-imports-mlflow": ("engines/training/breach.py", "import mlflow\n"),
}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code that may be broken."""
    for folder in ("app", "engines"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("breach", BREACHES)
def test_breach_is_found(breach: str, copy: Path) -> None:
    path, text = BREACHES[breach]
    (copy / path).write_text(text)
    done = _lint(copy)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
