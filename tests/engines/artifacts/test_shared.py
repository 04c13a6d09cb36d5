"""Two installations on one repository: one version has one owner, whoever is faster."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from engines import artifacts
from engines.artifacts import ReleaseState, Repository
from engines.artifacts.folder import FolderStore
from engines.core import migrate
from engines.core.database import Database
from engines.core.errors import InvalidInput, MlaasError, NotReady
from engines.core.progress import Silent
from tests.engines.artifacts.conftest import KEYS
from tests.engines.artifacts.test_publish import FIRST, published
from tests.engines.artifacts.test_store import written
from tests.harness.releases import depot_on

DEV = Repository.DEV


@pytest.fixture
def other(depot, models, tmp_path):
    """A second installation, with a database of its own, on the same store."""
    db = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    migrate.upgrade(db)
    yield depot_on(db, depot.store, models, tmp_path / "other-work")
    db.engine.dispose()


def listed(depot) -> dict[str, str]:
    return {one.path: one.sha256 for one in depot.store.list(DEV, "churn/1.0.0")}


def attempt(depot, actor, release_id, barrier) -> str:
    barrier.wait()
    try:
        artifacts.publish(depot, actor, release_id, Silent())
    except MlaasError as failure:
        return str(failure)
    return ""


def test_version_that_another_installation_published_is_refused(depot, other, analyst):
    release = published(depot, analyst)
    before = listed(depot)
    with pytest.raises(NotReady, match="was published in dev by another installation"):
        published(other, analyst)
    assert listed(depot) == before
    assert not [one for one in artifacts.verify(depot, analyst, release.id) if one.fault]
    (view,) = artifacts.releases(other, analyst)
    assert view.release.state == ReleaseState.FAILED


class Interrupting(Silent):
    """Lets the other installation try when the first has sent a few files."""

    def __init__(self, act) -> None:
        self.act, self.told = act, ""

    def report(self, fraction, step) -> None:
        if fraction > 0.6 and not self.told:
            with pytest.raises(NotReady) as refused:
                self.act()
            self.told = str(refused.value)


def test_second_installation_leaves_files_of_the_first_alone_while_they_arrive(
    depot, other, analyst
):
    row = artifacts.request_release(depot, analyst, FIRST)
    during = Interrupting(lambda: published(other, analyst))
    artifacts.publish(depot, analyst, row.id, during)
    assert "is being written in dev by another installation" in during.told
    assert not [one for one in artifacts.verify(depot, analyst, row.id) if one.fault]
    assert "churn/1.0.0/claim.json" not in listed(depot)
    published(other, analyst, replace(FIRST, version="1.0.1"))


def test_two_installations_racing_for_a_version_have_at_most_one_winner(depot, other, analyst):
    depots = (depot, other)
    rows = [artifacts.request_release(one, analyst, FIRST) for one in depots]
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda n: attempt(depots[n], analyst, rows[n].id, barrier), range(2)))
    winners = [n for n in range(2) if not told[n]]
    assert len(winners) <= 1
    if isinstance(depot.store, FolderStore):
        assert len(winners) == 1
    visible = "churn/1.0.0/index.json" in listed(depot)
    assert visible == bool(winners)
    for n in winners:
        assert not [o for o in artifacts.verify(depots[n], analyst, rows[n].id) if o.fault]


def test_folder_gives_a_name_once_to_racing_writers(tmp_path: Path):
    stores = [FolderStore(tmp_path / "artifacts", KEYS) for _ in range(8)]
    barrier = Barrier(8)

    def write(number: int) -> str:
        (tmp_path / str(number)).mkdir()
        file, sha256 = written(tmp_path / str(number), f"content {number}".encode())
        barrier.wait()
        try:
            stores[number].put(DEV, "churn/1.0.0/index.json", file, sha256)
        except InvalidInput:
            return ""
        return sha256

    with ThreadPoolExecutor(8) as pool:
        (won,) = [one for one in pool.map(write, range(8)) if one]
    got = stores[0].get(DEV, "churn/1.0.0/index.json", tmp_path / "got")
    assert got.sha256 == won
