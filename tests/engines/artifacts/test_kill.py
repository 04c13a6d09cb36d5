"""kill -9 at random moments of a publish and of a promotion: both sides agree afterwards."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from engines import artifacts
from engines.artifacts import FolderStore, ReleaseState, Repository
from engines.core.progress import Silent
from tests.engines.artifacts import publisher
from tests.engines.artifacts.conftest import store_on
from tests.engines.artifacts.publisher import KEYS
from tests.engines.artifacts.test_publish import FIRST, published
from tests.harness.audit import acts
from tests.harness.releases import depot_on, promoted

SEED, KILLS = 20261123, 10
MOMENTS = [random.Random(SEED + number).random() for number in range(KILLS)]


def start(depot, models: Path, folder: Path, release_id: str, act="publish", store="folder"):
    """A publisher of the release that has just begun."""
    address = depot.db.url.render_as_string(hide_password=False)
    return publisher.start(act, store, address, models, folder, release_id)


def whole(process: BaseProcess, said: Connection) -> float:
    """How many seconds the undisturbed publisher takes."""
    began = time.monotonic()
    assert said.recv() == "done"
    took = time.monotonic() - began
    process.join(60)
    assert process.exitcode == 0
    return took


@pytest.fixture
def killed_depot(db, models, tmp_path):
    """A depot on the folder that the publisher writes to."""
    return depot_on(db, FolderStore(tmp_path / "artifacts", KEYS), models, tmp_path / "work")


@pytest.fixture
def deployer(make_actor):
    return make_actor("deployer")


@pytest.fixture(scope="session")
def seconds():
    """How long an undisturbed publish takes; measured by the first test, kept for all."""
    return {}


def duration(seconds, depot, analyst, models, folder, store="folder") -> float:
    """Seconds of a whole publish from `ready` to `done`, of a release of its own."""
    if store not in seconds:
        row = artifacts.request_release(depot, analyst, FIRST)
        seconds[store] = whole(*start(depot, models, folder, row.id, store=store))
        artifacts.verify(depot, analyst, row.id)
    return seconds[store]


def kill(started: tuple[BaseProcess, Connection], after: float) -> None:
    """End the process and all it started, without a word."""
    process, said = started
    time.sleep(after)
    with suppress(ProcessLookupError):  # faster than the one that was measured: it has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.join(10)
    said.close()


def is_visible(depot, version: str, where: Repository = Repository.DEV) -> bool:
    """Whether the repository shows the release."""
    listed = {one.path for one in depot.store.list(where, f"churn/{version}")}
    return f"churn/{version}/index.json" in listed


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: f"{one:.2f}")
def test_killed_at_any_moment_both_sides_agree_and_a_retry_finishes(
    killed_depot, models, tmp_path, analyst, seconds, moment
):
    after = moment * duration(seconds, killed_depot, analyst, models, tmp_path)
    publish_and_kill(killed_depot, models, tmp_path, analyst, after, "folder")


@pytest.mark.parametrize("moment", [0.35, 0.6, 0.75, 0.9], ids=str)
def test_killed_before_artifactory_both_sides_agree_and_a_retry_finishes(
    db, server, models, tmp_path, analyst, seconds, moment
):
    depot = depot_on(db, store_on(server), models, tmp_path / "work")
    if "server" not in seconds:
        seconds["server"] = duration({}, depot, analyst, models, tmp_path, server.url)
    publish_and_kill(depot, models, tmp_path, analyst, moment * seconds["server"], server.url)


def publish_and_kill(depot, models, folder, analyst, after: float, store: str) -> None:
    asked = artifacts.ReleaseRequest(FIRST.model, "churn", "2.0.0", notes="Killed on the way.")
    row = artifacts.request_release(depot, analyst, asked)
    kill(start(depot, models, folder, row.id, store=store), after)
    depot.scheduler.live = False

    view = next(v for v in artifacts.releases(depot, analyst) if v.release.id == row.id)
    visible = is_visible(depot, "2.0.0")
    assert (view.release.state == ReleaseState.PUBLISHED) == visible
    assert bool(view.present) == visible
    assert acts(depot.db)[-1] == ("release.published" if visible else "release.failed")

    if not visible:
        assert depot.store.list(Repository.DEV, "churn/2.0.0") == []
        artifacts.retry(depot, analyst, row.id)
        artifacts.publish(depot, analyst, row.id, Silent())
    assert is_visible(depot, "2.0.0")
    assert not [one for one in artifacts.verify(depot, analyst, row.id) if one.fault]


@pytest.mark.parametrize("moment", [0.2, 0.6, 0.75, 0.9, 0.97], ids=str)
def test_promotion_killed_at_any_moment_both_sides_agree_and_a_retry_finishes(
    killed_depot, models, tmp_path, analyst, deployer, seconds, moment
):
    depot, uat = killed_depot, Repository.UAT
    release = published(depot, analyst)
    artifacts.request_promotion(depot, deployer, release.id, uat, "Its turn.")
    if "promote" not in seconds:
        seconds["promote"] = whole(*start(depot, models, tmp_path, release.id, "promote"))
        release = published(depot, analyst, replace(FIRST, version="2.0.0"))
        artifacts.request_promotion(depot, deployer, release.id, uat, "Its turn.")
    kill(start(depot, models, tmp_path, release.id, "promote"), moment * seconds["promote"])

    if moment < 0.7 and artifacts.release(depot, analyst, release.id).copying:
        # as the worker does by itself
        artifacts.promote(depot, deployer, release.id, uat, Silent())
    depot.scheduler.live = False
    view = next(v for v in artifacts.releases(depot, analyst) if v.release.id == release.id)
    visible = is_visible(depot, release.version, uat)
    assert (uat in view.present, view.copying) == (visible, None)
    assert acts(depot.db)[-1] == ("release.promoted" if visible else "release.promotion_failed")
    if not visible:
        assert depot.store.list(uat, f"churn/{release.version}") == []
        promoted(depot, deployer, release.id, uat, "Once more.")
    assert is_visible(depot, release.version, uat)
    assert "claim.json" not in {
        one.path.split("/")[-1] for one in depot.store.list(uat, f"churn/{release.version}")
    }
    assert not [one for one in artifacts.verify(depot, analyst, release.id) if one.fault]
