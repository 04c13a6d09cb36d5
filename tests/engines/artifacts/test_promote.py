"""Promotion, retrieval, verification, retention."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engines import artifacts
from engines.artifacts import Placement, PlacementState, Release, ReleaseState, Repository
from engines.core.artifact_settings import Keep
from engines.core.database import now
from engines.core.errors import BackendUnavailable, InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.files import sha256_of
from engines.core.gate import Purpose
from engines.core.progress import Silent
from tests.engines.artifacts.conftest import store_on
from tests.engines.artifacts.test_publish import FIRST, published
from tests.harness.artifactory import Fault
from tests.harness.audit import acts
from tests.harness.releases import OpenGate, depot_on, promoted

DEV, UAT, PROD = Repository
KEEP = {"dev": Keep(newest=1, days=30), "uat": Keep(newest=1, days=30)}


class Needed:
    """Nothing is needed but the models named."""

    def __init__(self, *models: object) -> None:
        self.models = models

    def is_needed(self, model: object) -> bool:
        """Whether it was named."""
        return model in self.models


@pytest.fixture
def deployer(make_actor):
    return make_actor("deployer")


def test_promote_copies_byte_for_byte_and_step_by_step(depot, analyst, deployer):
    release = published(depot, analyst)
    with pytest.raises(NotReady, match="not in uat"):
        promoted(depot, deployer, release.id, PROD, "straight to prod")
    promoted(depot, deployer, release.id, UAT, "tests passed")
    promoted(depot, deployer, release.id, PROD, "accepted")
    view = artifacts.release(depot, analyst, release.id)
    assert (view.present, view.next) == ((DEV, UAT, PROD), None)
    sums = [
        {one.path: one.sha256 for one in depot.store.list(where, "churn/1.0.0")}
        for where in Repository
    ]
    assert sums[0] == sums[1] == sums[2]
    assert artifacts.properties(depot, analyst, release.id, PROD)["mlaas.name"] == "churn"
    assert not [one for one in artifacts.verify(depot, analyst, release.id) if one.fault]
    assert acts(depot.db)[-5:] == [
        "release.promoting", "release.promoted", "release.promoting", "release.promoted",
        "release.verified",
    ]  # fmt: skip


def test_promote_asks_the_gate_for_the_stage_it_leads_to(folder_depot, analyst, deployer):
    release = published(folder_depot, analyst)
    for refused in (Purpose.PROMOTE, Purpose.UAT):
        depot = replace(folder_depot, gate=OpenGate({refused: "Not approved for uat."}))
        with pytest.raises(NotAllowed, match="Not approved for uat"):
            promoted(depot, deployer, release.id, UAT, "try")
    promoted(folder_depot, deployer, release.id, UAT, "ok")
    depot = replace(folder_depot, gate=OpenGate({Purpose.DEPLOY: "Not approved for prod."}))
    with pytest.raises(NotAllowed, match="Not approved for prod"):
        promoted(depot, deployer, release.id, PROD, "try")
    assert artifacts.release(depot, analyst, release.id).present == (DEV, UAT)


def test_promote_needs_reason_role_and_a_later_place(folder_depot, analyst, deployer):
    release = published(folder_depot, analyst)
    with pytest.raises(InvalidInput, match="reason is missing"):
        promoted(folder_depot, deployer, release.id, UAT, " ")
    with pytest.raises(NotAllowed):
        promoted(folder_depot, analyst, release.id, UAT, "mine")
    with pytest.raises(InvalidInput, match="begins in dev"):
        promoted(folder_depot, deployer, release.id, DEV, "back")
    promoted(folder_depot, deployer, release.id, UAT, "ok")
    with pytest.raises(NotReady, match="in uat already"):
        promoted(folder_depot, deployer, release.id, UAT, "again")
    with pytest.raises(NotFound):
        promoted(folder_depot, deployer, "nothing", UAT, "ok")


def test_promotion_that_fails_on_the_way_leaves_nothing_visible(
    db, server, models, tmp_path, analyst, deployer
):
    depot = depot_on(db, store_on(server, waits=()), models, tmp_path / "work")
    release = published(depot, analyst)
    server.faults.append(Fault("500", "POST", "manifest.json", times=9))
    with pytest.raises(BackendUnavailable):
        promoted(depot, deployer, release.id, UAT, "ok")
    depot.scheduler.live = False  # as after its last attempt
    (view,) = artifacts.releases(depot, analyst)
    assert (view.present, view.failed_copy.error[:11]) == ((DEV,), "Artifactory")
    assert server.items["mlaas-uat"] == {}
    assert acts(depot.db)[-1] == "release.promotion_failed"
    server.faults.clear()
    promoted(depot, deployer, release.id, UAT, "again")
    assert artifacts.release(depot, analyst, release.id).present == (DEV, UAT)


@pytest.mark.parametrize("reached", [False, True])
def test_interrupted_copy_is_settled_by_what_is_visible(folder_depot, analyst, deployer, reached):
    release = published(folder_depot, analyst)
    promoted(folder_depot, deployer, release.id, UAT, "ok")
    if not reached:
        folder_depot.store.delete(UAT, "churn/1.0.0/index.json")
    with folder_depot.db.write() as session:
        mine = (Placement.release_id == release.id) & (Placement.repository == "uat")
        long_ago = now() - timedelta(hours=1)
        session.execute(sa.update(Placement).where(mine).values(state="copying", at=long_ago))
    folder_depot.scheduler.live = False
    (view,) = artifacts.releases(folder_depot, analyst)
    assert view.present == ((DEV, UAT) if reached else (DEV,))
    if not reached:
        assert folder_depot.store.list(UAT, "churn/1.0.0") == []


def test_copy_whose_job_still_runs_is_left_alone_and_a_cancelled_one_taken_back(
    folder_depot, analyst, deployer
):
    release = published(folder_depot, analyst)
    artifacts.request_promotion(folder_depot, deployer, release.id, UAT, "ok")
    (view,) = artifacts.releases(folder_depot, analyst)
    assert (view.copying.repository, view.present) == ("uat", (DEV,))
    with pytest.raises(NotReady, match="is copying churn"):
        artifacts.request_promotion(folder_depot, deployer, release.id, UAT, "ok")
    folder_depot.scheduler.cancel(deployer, view.copying.job_key, "wrong one")
    (view,) = artifacts.releases(folder_depot, analyst)
    assert view.copying is None
    assert view.failed_copy.error == "Cancelled by deployer: wrong one"
    with pytest.raises(NotReady, match="finished, ended or taken over"):
        artifacts.promote(folder_depot, deployer, release.id, UAT, Silent())


def test_gate_that_closes_during_the_copy_keeps_it_invisible(folder_depot, analyst, deployer):
    release = published(folder_depot, analyst)
    artifacts.request_promotion(folder_depot, deployer, release.id, UAT, "ok")

    class Closing(Silent):
        def report(self, fraction, step):
            folder_depot.gate.refused[Purpose.UAT] = "The approval was revoked."

    with pytest.raises(NotAllowed, match="revoked"):
        artifacts.promote(folder_depot, deployer, release.id, UAT, Closing())
    view = artifacts.release(folder_depot, analyst, release.id)
    assert (view.present, view.failed_copy.error) == ((DEV,), "The approval was revoked.")
    assert folder_depot.store.list(UAT, "churn/1.0.0") == []


def test_changed_byte_in_the_repository_is_found_and_not_promoted(
    folder_depot, analyst, deployer, tmp_path
):
    release = published(folder_depot, analyst)
    file = tmp_path / "artifacts" / "mlaas-dev" / "churn/1.0.0/files/model.skops"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(bytes(content))
    (fault,) = [o for o in artifacts.verify(folder_depot, analyst, release.id) if o.fault]
    assert (fault.path, fault.repository) == ("churn/1.0.0/files/model.skops", DEV)
    with pytest.raises(InvalidInput, match="checksum"):
        artifacts.retrieve(
            folder_depot, analyst, release.id, "files/model.skops", tmp_path / "m", DEV
        )
    assert not (tmp_path / "m").exists()
    with pytest.raises(InvalidInput, match="checksum"):
        promoted(folder_depot, deployer, release.id, UAT, "ok")
    assert artifacts.release(folder_depot, analyst, release.id).present == (DEV,)


def test_retrieve_asks_the_gate_and_is_audited(folder_depot, analyst, make_actor, tmp_path):
    release = published(folder_depot, analyst)
    given = (release.id, "files/manifest.json", tmp_path / "m.json", DEV)
    assert artifacts.retrieve(folder_depot, analyst, *given).stat().st_size > 100
    assert acts(folder_depot.db)[-1] == "release.downloaded"
    closed = replace(folder_depot, gate=OpenGate({Purpose.DOWNLOAD: "It was revoked."}))
    with pytest.raises(NotAllowed, match="revoked"):
        artifacts.retrieve(closed, analyst, *given)
    with pytest.raises(NotAllowed):
        artifacts.retrieve(folder_depot, make_actor("checker"), *given)
    with pytest.raises(NotFound, match="no such file"):
        artifacts.retrieve(folder_depot, analyst, release.id, "../x", tmp_path / "x", DEV)


def test_release_whose_record_was_changed_is_neither_fetched_nor_promoted(
    folder_depot, analyst, deployer, models, tmp_path
):
    release = published(folder_depot, analyst)
    folder = models / "r1" / "binary"
    seen = {one.name: sha256_of(one) for one in folder.iterdir() if one.is_file()}

    class Looking(OpenGate):
        """A gate that says which files of the model it saw."""

        def may_use(self, actor, model, purpose, at=None):
            return replace(super().may_use(actor, model, purpose, at), files=seen)

    looking = replace(folder_depot, gate=Looking())
    given = (release.id, "files/model.skops", tmp_path / "m.skops", DEV)
    artifacts.retrieve(looking, analyst, *given)
    files = [
        {**one, "sha256": "0" * 64} if one["path"].endswith("/model.skops") else one
        for one in release.files
    ]
    with folder_depot.db.write() as session:
        session.execute(sa.update(Release).values(files=files))
    with pytest.raises(NotAllowed, match=r"“model\.skops” was changed"):
        artifacts.retrieve(looking, analyst, *given)
    with pytest.raises(NotAllowed, match=r"“model\.skops” was changed"):
        artifacts.request_promotion(looking, deployer, release.id, UAT, "Tried.")


def aged(depot, actor, days, *versions):
    made = [published(depot, actor, replace(FIRST, version=version)) for version in versions]
    with depot.db.write() as session:
        session.execute(sa.update(Release).values(created_at=now() - timedelta(days=days)))
    return made


def test_retention_removes_old_releases_but_the_newest(folder_depot, analyst, deployer):
    old, new = aged(folder_depot, analyst, 40, "1.0.0", "1.1.0")
    removed = artifacts.retain(folder_depot, deployer, KEEP, Needed())
    assert [(one.release.id, one.where) for one in removed] == [(old.id, DEV)]
    assert folder_depot.store.list(DEV, "churn/1.0.0") == []
    assert artifacts.release(folder_depot, analyst, new.id).present == (DEV,)
    assert artifacts.release(folder_depot, analyst, old.id).release.state == ReleaseState.REMOVED
    assert acts(folder_depot.db)[-1] == "release.removed"
    assert artifacts.retain(folder_depot, deployer, KEEP, Needed()) == []


def test_retention_keeps_what_is_young_in_prod_or_needed(folder_depot, analyst, deployer):
    aged(folder_depot, analyst, 20, "1.0.0", "1.1.0")
    assert artifacts.due(folder_depot, analyst, KEEP, Needed()) == []
    old = artifacts.releases(folder_depot, analyst)[-1].release
    with folder_depot.db.write() as session:
        session.execute(sa.update(Release).values(created_at=now() - timedelta(days=99)))
    assert artifacts.due(folder_depot, analyst, KEEP, Needed(FIRST.model)) == []
    (due,) = artifacts.due(folder_depot, analyst, KEEP, Needed())
    assert due.release.version == "1.0.0"
    promoted(folder_depot, deployer, due.release.id, UAT, "ok")
    promoted(folder_depot, deployer, due.release.id, PROD, "ok")
    assert artifacts.retain(folder_depot, deployer, KEEP, Needed()) == []
    assert artifacts.due(folder_depot, analyst, {}, Needed()) == []
    assert old.name == "churn"


def test_removal_that_was_interrupted_is_finished(folder_depot, analyst):
    release = published(folder_depot, analyst)
    with folder_depot.db.write() as session:
        long_ago = now() - timedelta(hours=1)
        values = {"state": PlacementState.REMOVING.value, "at": long_ago}
        session.execute(sa.update(Placement).values(**values))
    (view,) = artifacts.releases(folder_depot, analyst)
    assert (view.release.state, view.present) == (ReleaseState.REMOVED, ())
    assert folder_depot.store.list(DEV, f"churn/{release.version}") == []


def test_schedule_removes_when_it_is_time_and_not_again_before(folder_depot, analyst, deployer):
    old, _ = aged(folder_depot, analyst, 40, "1.0.0", "1.1.0")
    given = (folder_depot, deployer, KEEP, Needed())
    assert artifacts.next_retention(folder_depot, analyst, 0) is None
    assert artifacts.retain_on_schedule(*given, 0) == []
    assert artifacts.retain_on_schedule(folder_depot, deployer, {}, Needed(), 24) == []
    (removed,) = artifacts.retain_on_schedule(*given, 24)
    assert removed.release.id == old.id
    assert acts(folder_depot.db)[-2:] == ["release.removed", "retention.ran"]
    hours = artifacts.next_retention(folder_depot, analyst, 24) - now()
    assert timedelta(hours=23) < hours <= timedelta(hours=24)
    aged(folder_depot, analyst, 40, "1.2.0")
    assert artifacts.retain_on_schedule(*given, 24) == []
    with pytest.raises(NotAllowed):
        artifacts.retain_on_schedule(folder_depot, analyst, KEEP, Needed(), 24)


def test_release_that_is_being_promoted_is_not_removed(folder_depot, analyst, deployer):
    old, _ = aged(folder_depot, analyst, 40, "1.0.0", "1.1.0")
    artifacts.request_promotion(folder_depot, deployer, old.id, UAT, "ok")
    assert artifacts.retain(folder_depot, deployer, KEEP, Needed()) == []
