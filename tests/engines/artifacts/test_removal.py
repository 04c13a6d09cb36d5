"""Removal as a job: queued, retried, called off, and settled after kill -9 at any moment."""

import os
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engines import artifacts
from engines.artifacts import FolderStore, PlacementState, Release, ReleaseState, Repository
from engines.core.access import Actor, Role
from engines.core.database import Database, now
from engines.core.errors import BackendUnavailable, NotAllowed, NotReady
from engines.core.progress import Silent
from tests.engines.artifacts.conftest import KEYS
from tests.engines.artifacts.publisher import FORKED
from tests.engines.artifacts.test_promote import KEEP, Needed
from tests.engines.artifacts.test_publish import FIRST, published
from tests.harness.audit import acts, audit_events
from tests.harness.releases import Queue, depot_on, promoted

DEV, UAT, PROD = Repository


class Heard(Silent):
    """Remembers what was reported."""

    def __init__(self):
        self.steps = []

    def report(self, fraction, step):
        self.steps.append((round(fraction, 2), step))


class Failing(FolderStore):
    """A folder whose disk goes away at the delete of that number."""

    left = 10_000

    def delete(self, where, path):
        self.left -= 1
        if self.left < 0:
            raise BackendUnavailable("The disk is away.")
        super().delete(where, path)


class Killed(FolderStore):
    """A folder whose process is killed before the delete of that number."""

    left = 0

    def delete(self, where, path):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        super().delete(where, path)


@pytest.fixture
def deployer(make_actor):
    return make_actor("deployer")


@pytest.fixture
def depot(db, models, tmp_path):
    """A depot on a folder whose disk can go away, with a release that is due and one that stays."""
    return depot_on(db, Failing(tmp_path / "artifacts", KEYS), models, tmp_path / "work")


@pytest.fixture
def due(depot, analyst):
    made = [published(depot, analyst, replace(FIRST, version=v)) for v in ("1.0.0", "1.1.0")]
    with depot.db.write() as session:
        session.execute(sa.update(Release).values(created_at=now() - timedelta(days=40)))
    return made[0]


def ask(depot, deployer):
    """Queue what is due, and give the job of it."""
    artifacts.request_removals(depot, deployer, KEEP, Needed())
    return depot.scheduler.requests[-1]


def work(depot, deployer, due, needed=None, progress=None):
    """What the job does."""
    given = (due.id, DEV, needed or Needed(), progress or Silent())
    return artifacts.remove(depot, deployer, *given)


def files(depot, due):
    return [one.path for one in depot.store.list(DEV, f"churn/{due.version}")]


def test_request_queues_a_job_and_removes_nothing_itself(depot, deployer, analyst, due):
    job = ask(depot, deployer)
    assert (job.kind, job.payload) == ("remove", {"release_id": due.id, "where": "dev"})
    view = artifacts.release(depot, analyst, due.id)
    assert (view.present, view.removing.job_key) == ((), job.key)
    assert files(depot, due)
    assert artifacts.request_removals(depot, deployer, KEEP, Needed()) == []  # under way
    heard = Heard()
    assert work(depot, deployer, due, progress=heard).state == PlacementState.REMOVED
    assert heard.steps[-1][0] == 1.0
    assert files(depot, due) == []
    view = artifacts.release(depot, analyst, due.id)
    assert (view.release.state, view.removing) == (ReleaseState.REMOVED, None)
    assert acts(depot.db)[-2:] == ["release.removing", "release.removed"]


def test_removal_is_for_deployers(depot, analyst, due):
    with pytest.raises(NotAllowed):
        artifacts.request_removals(depot, analyst, KEEP, Needed())
    with pytest.raises(NotAllowed):
        work(depot, analyst, due)


def test_attempt_that_lost_the_disk_is_finished_by_the_next(depot, deployer, analyst, due):
    ask(depot, deployer)
    depot.store.left = 3
    with pytest.raises(BackendUnavailable):
        work(depot, deployer, due)
    (view,) = [v for v in artifacts.releases(depot, analyst) if v.release.id == due.id]
    assert view.removing.error == "The disk is away."  # its job lives: nobody else touches it
    depot.store.left = 10_000
    assert work(depot, deployer, due).state == PlacementState.REMOVED
    assert files(depot, due) == []
    with pytest.raises(NotReady, match="finished, ended or taken over"):
        work(depot, deployer, due)
    assert acts(depot.db).count("release.removed") == 1


@pytest.mark.parametrize("begun", [False, True])
def test_cancelled_removal_stays_whole_or_is_finished(depot, deployer, analyst, due, begun):
    job = ask(depot, deployer)
    if begun:
        depot.store.left = 1
        with pytest.raises(BackendUnavailable):
            work(depot, deployer, due)
        depot.store.left = 10_000
    depot.scheduler.cancel(deployer, job.key, "not yet")
    (view,) = [v for v in artifacts.releases(depot, analyst) if v.release.id == due.id]
    if begun:
        assert (view.release.state, files(depot, due)) == (ReleaseState.REMOVED, [])
        return
    assert (view.present, view.kept.error) == ((DEV,), "Cancelled by deployer: not yet")
    assert (view.kept.actor_name, view.kept.reason) == ("analyst", "Published")
    assert acts(depot.db)[-1] == "release.removal_failed"
    assert not [one for one in artifacts.verify(depot, analyst, due.id) if one.fault]
    promoted(depot, deployer, due.id, UAT, "It is needed.")
    assert artifacts.release(depot, analyst, due.id).present == (DEV, UAT)


def test_release_that_is_needed_meanwhile_stays(depot, deployer, analyst, due):
    ask(depot, deployer)
    with pytest.raises(NotReady, match="approved for UAT or prod meanwhile"):
        work(depot, deployer, due, Needed(FIRST.model))
    view = artifacts.release(depot, analyst, due.id)
    assert view.present == (DEV,)
    assert "approved for UAT or prod" in view.kept.error
    assert audit_events(depot.db)[-1].detail["repository"] == "dev"


def test_release_under_removal_is_not_promoted(depot, deployer, due):
    ask(depot, deployer)
    with pytest.raises(NotReady, match="is not in dev"):
        promoted(depot, deployer, due.id, UAT, "quick")


def test_queue_that_is_away_leaves_the_release_where_it_is(depot, deployer, analyst, due):
    class Away(Queue):
        def submit(self, actor, request):
            raise BackendUnavailable("The queue is away.")

    with pytest.raises(BackendUnavailable):
        artifacts.request_removals(replace(depot, scheduler=Away()), deployer, KEEP, Needed())
    view = artifacts.release(depot, analyst, due.id)
    assert (view.present, view.kept.error) == ((DEV,), "The queue is away.")


def _killed(address, root, place, release_id, left):
    store = Killed(place / "artifacts", KEYS)
    store.left = left
    depot = depot_on(Database(address), store, root, place / "work")
    actor = Actor("user-deployer", "deployer", frozenset({Role.DEPLOYER}))
    artifacts.remove(depot, actor, release_id, DEV, Needed(), Silent())


@pytest.mark.parametrize("left", [0, 1, 4, -1])
def test_removal_killed_at_any_moment_is_finished_by_retry_or_settling(
    depot, deployer, analyst, due, models, tmp_path, left
):
    ask(depot, deployer)
    moment = len(files(depot, due)) - 1 if left == -1 else left
    address = depot.db.url.render_as_string(hide_password=False)
    given = (address, models, tmp_path, due.id, moment)
    process = FORKED.Process(target=_killed, args=given)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert bool(files(depot, due))
    assert artifacts.release(depot, analyst, due.id).removing is not None
    if left == 4:
        work(depot, deployer, due)  # as the worker does by itself
    depot.scheduler.live = False
    (view,) = [v for v in artifacts.releases(depot, analyst) if v.release.id == due.id]
    assert (view.release.state, view.removing, view.present) == (ReleaseState.REMOVED, None, ())
    assert files(depot, due) == []
    assert acts(depot.db)[-1] == "release.removed"
