"""Files and data sets for the tests of taking data in."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engines import projects
from engines.core.access import Actor
from engines.core.settings import Limits
from engines.data_sources import (
    SLICE_BYTES,
    Datasets,
    Detection,
    finish_upload,
    start_upload,
    write_slice,
)
from engines.data_sources.detection import detect_file
from engines.wiring import Services


@pytest.fixture
def datasets(app_services: Services) -> Datasets:
    """The data sets of this test's own services."""
    return app_services.datasets


@pytest.fixture
def experiment_id(app_services: Services, analyst: Actor) -> str:
    """An experiment of the analyst."""
    return projects.create(app_services.db, analyst, "Churn").id


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write text or bytes to a file: `file("a.csv", "x,y\\n1,2\\n")`."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def looked(file: Callable[..., Path], tmp_path: Path) -> Callable[..., Detection]:
    """Detect how to read some content: `looked("x,y\\n1,2\\n")`."""

    def look(content: str | bytes, name: str = "a.csv", **limits: int) -> Detection:
        path = file(name, content)
        return detect_file(path, name, tmp_path / "staged", Limits(**limits))

    return look


@pytest.fixture
def uploaded(datasets: Datasets, analyst: Actor, experiment_id: str) -> Callable[..., str]:
    """Upload some content and return the upload's id."""

    def upload(content: str | bytes, name: str = "a.csv") -> str:
        raw = content.encode() if isinstance(content, str) else content
        made = start_upload(datasets, analyst, experiment_id, name, len(raw))
        for start in range(0, len(raw), SLICE_BYTES):
            write_slice(datasets, analyst, made.id, start, raw[start : start + SLICE_BYTES])
        return finish_upload(datasets, analyst, made.id).id

    return upload
