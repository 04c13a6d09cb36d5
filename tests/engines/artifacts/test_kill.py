"""kill -9 at ten random moments of a publish: repository and database agree afterwards."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engines import artifacts
from engines.artifacts import FolderStore, ReleaseState, Repository
from engines.core.progress import Silent
from tests.engines.artifacts.publisher import KEYS
from tests.engines.artifacts.test_publish import FIRST
from tests.harness.audit import acts
from tests.harness.releases import depot_on

ROOT = Path(__file__).parents[3]
SEED, KILLS = 20261123, 10
MOMENTS = [random.Random(SEED + number).random() for number in range(KILLS)]


def start(depot, models: Path, folder: Path, release_id: str) -> subprocess.Popen[str]:
    """A publisher that has just begun."""
    address = depot.db.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.engines.artifacts.publisher"]
    process = subprocess.Popen(
        [*command, address, str(models), str(folder), release_id],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def killed_depot(db, models, tmp_path):
    """A depot on the folder that the publisher writes to."""
    return depot_on(db, FolderStore(tmp_path / "artifacts", KEYS), models, tmp_path / "work")


@pytest.fixture(scope="session")
def seconds():
    """How long an undisturbed publish takes; measured by the first test, kept for all."""
    return {}


def duration(seconds, depot, analyst, models, folder) -> float:
    """Seconds of a whole publish from `ready` to `done`, of a release of its own."""
    if not seconds:
        row = artifacts.request_release(depot, analyst, FIRST)
        process = start(depot, models, folder, row.id)
        began = time.monotonic()
        assert process.wait(60) == 0
        seconds["whole"] = time.monotonic() - began
        artifacts.verify(depot, analyst, row.id)
    return seconds["whole"]


def is_visible(depot, version: str) -> bool:
    """Whether the repository shows the release."""
    listed = {one.path for one in depot.store.list(Repository.DEV, f"churn/{version}")}
    return f"churn/{version}/index.json" in listed


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: f"{one:.2f}")
def test_killed_at_any_moment_both_sides_agree_and_a_retry_finishes(
    killed_depot, models, tmp_path, analyst, seconds, moment
):
    whole = duration(seconds, killed_depot, analyst, models, tmp_path)
    asked = artifacts.ReleaseRequest(FIRST.model, "churn", "2.0.0", notes="Killed on the way.")
    row = artifacts.request_release(killed_depot, analyst, asked)
    process = start(killed_depot, models, tmp_path, row.id)
    time.sleep(moment * whole)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    killed_depot.scheduler.live = False

    view = next(v for v in artifacts.releases(killed_depot, analyst) if v.release.id == row.id)
    visible = is_visible(killed_depot, "2.0.0")
    assert (view.release.state == ReleaseState.PUBLISHED) == visible
    assert bool(view.present) == visible
    assert acts(killed_depot.db)[-1] == ("release.published" if visible else "release.failed")

    if not visible:
        assert killed_depot.store.list(Repository.DEV, "churn/2.0.0") == []
        artifacts.retry(killed_depot, analyst, row.id)
        artifacts.publish(killed_depot, analyst, row.id, Silent())
    assert is_visible(killed_depot, "2.0.0")
    assert not [one for one in artifacts.verify(killed_depot, analyst, row.id) if one.fault]
