"""What becomes of a release is told to whom it concerns, together with the act or not at all."""

import pytest
from sqlmodel import select

from engines import artifacts
from engines.artifacts import FolderStore, Placement, PlacementState, Release, Repository, ledger
from engines.artifacts.settle import conclude
from engines.core.errors import BackendUnavailable, NotAllowed, NotReady
from engines.core.gate import Purpose
from engines.core.progress import Silent
from engines.core.scheduling import JobRequest
from engines.governance import notices
from engines.governance.approvals import Decision
from engines.governance.notices.models import NoticeCopy
from engines.wired_releases import announce
from tests.harness.audit import acts
from tests.harness.governed import governed
from tests.harness.releases import depot_on

CONCERNED = {"ana", "carl", "vera"}  # the maker, and those who voted


@pytest.fixture
def house(db, tmp_path):
    """A model of Ana's that Carl and Vera have approved; Cora and Dora had no part in it."""
    made = governed(db, tmp_path)
    made.train()
    made.vote(made.submit(), "carl", Decision.RETURN, "Say more.")
    made.approve()
    return made


@pytest.fixture
def depot(db, tmp_path):
    where = {place.value: place.value for place in Repository}
    store = FolderStore(tmp_path / "artifacts", where)
    return depot_on(db, store, tmp_path, tmp_path / "work", announce=announce)


@pytest.fixture
def release(house, db):
    """A release of it on its way."""
    row = Release(
        experiment_id=house.experiment, run_id=house.model.run_id, task=house.model.task,
        name="churn", version="1.0.0", scheme="semantic", formats=[], interface={},
        notes="The first one.", actor_id=house.people["ana"].id, actor_name="ana",
    )  # fmt: skip
    with db.write() as session:
        session.add(row)
    return row


def told(house, name):
    """What somebody's inbox says of releases, the newest first."""
    box = notices.InboxFilter(kind=notices.Kind.ARTIFACT)
    page = notices.inbox(house.board.db, house.people[name], box)
    return [row.title for row in page.rows]


def test_publication_is_told_to_makers_and_voters(house, depot, release):
    ledger.finish(depot, house.people["ana"], release)
    said = {name: told(house, name) for name in house.people}
    assert {name for name, titles in said.items() if titles} == CONCERNED
    assert said["ana"] == ["churn 1.0.0 is published in dev"]
    box = notices.InboxFilter(kind=notices.Kind.ARTIFACT)
    (row,) = notices.inbox(house.board.db, house.people["carl"], box).rows
    assert row.text == "The first one."
    assert row.link == notices.Link("artifacts", {"release": release.id})


@pytest.mark.parametrize(
    ("before", "after", "title"),
    [
        (PlacementState.COPYING, PlacementState.PRESENT, "churn 1.0.0 is in uat now"),
        (PlacementState.REMOVING, PlacementState.REMOVED, "churn 1.0.0 was removed from uat"),
    ],
)
def test_promotion_and_removal_are_told(house, depot, release, db, before, after, title):
    row = Placement(
        release_id=release.id, repository="uat", state=before.value, reason="Tested.",
        actor_id=house.people["dora"].id, actor_name="dora",
    )  # fmt: skip
    with db.write() as session:
        session.add(row)
    conclude(depot, row, after)
    knows = {name for name in house.people if told(house, name) == [title]}
    assert knows == CONCERNED | {"dora"}  # who asked for it, too


def test_what_is_not_written_down_is_not_told(house, depot, release):
    ledger.finish(depot, house.people["ana"], release)
    with pytest.raises(NotReady):
        ledger.finish(depot, house.people["ana"], release)
    assert len(told(house, "ana")) == 1


def test_an_act_that_cannot_be_told_does_not_happen(house, db, tmp_path, release, depot):
    def broken(*_given):
        raise NotReady("The inbox is full.")

    silent = depot_on(db, depot.store, tmp_path, tmp_path / "work", announce=broken)
    with pytest.raises(NotReady, match="full"):
        ledger.finish(silent, house.people["ana"], release)
    assert ledger.find(db, release.id).state == "publishing"
    assert "release.published" not in acts(db)
    with pytest.raises(NotReady, match="full"):
        ledger.fail(silent, house.people["ana"], release, "The disk is full.")
    assert ledger.find(db, release.id).state == "publishing"


def test_failed_publication_is_told_once_to_who_asked_for_it(house, depot, release):
    depot.gate.refused[Purpose.PUBLISH] = "The approval was revoked."
    with pytest.raises(NotAllowed, match="revoked"):
        artifacts.publish(depot, house.people["ana"], release.id, Silent())
    with pytest.raises(NotReady):  # the job's next attempt
        artifacts.publish(depot, house.people["ana"], release.id, Silent())
    artifacts.settle(depot)
    title = "churn 1.0.0 could not be published"
    assert {name: told(house, name) for name in house.people if told(house, name)} == {
        "ana": [title]
    }
    box = notices.InboxFilter(kind=notices.Kind.ARTIFACT)
    (row,) = notices.inbox(house.board.db, house.people["ana"], box).rows
    assert row.text == "The approval was revoked."


def test_publication_that_was_killed_is_told_when_it_is_settled_and_not_before(
    house, depot, release, db
):
    row = ledger.claim(db, release.id)
    depot.scheduler.requests.append(JobRequest("publish", row.job_key, row.experiment_id, {}))
    ledger.note(db, row, BackendUnavailable("The disk is away."))  # another attempt follows
    artifacts.settle(depot)
    assert told(house, "ana") == []
    depot.scheduler.live = False
    artifacts.settle(depot)
    artifacts.settle(depot)
    assert told(house, "ana") == ["churn 1.0.0 could not be published"]


def test_publication_that_fails_again_is_told_to_who_tried_it_again(house, depot, release, db):
    ledger.fail(depot, house.people["ana"], release, "The disk is full.")
    again = ledger.reopen(db, house.people["dora"], release)
    ledger.fail(depot, house.people["ana"], again, "The disk is full.")
    assert len(told(house, "ana")) == len(told(house, "dora")) == 1


@pytest.mark.parametrize("settled", [False, True])
def test_failed_promotion_is_told_once_to_who_asked_for_it(house, depot, release, db, settled):
    ledger.finish(depot, house.people["ana"], release)
    before = {name: told(house, name) for name in house.people}
    dora = house.people["dora"]
    artifacts.request_promotion(depot, dora, release.id, Repository.UAT, "Tested.")
    depot.gate.refused[Purpose.UAT] = "The approval was revoked."
    if settled:
        depot.scheduler.live = False  # as after kill -9 in its last attempt
    else:
        with pytest.raises(NotAllowed, match="revoked"):
            artifacts.promote(depot, dora, release.id, Repository.UAT, Silent())
    artifacts.settle(depot)
    artifacts.settle(depot)
    assert told(house, "dora") == ["churn 1.0.0 could not be promoted to uat"]
    assert all(told(house, name) == before[name] for name in house.people if name != "dora")


def test_removal_that_was_called_off_is_told_to_who_asked_for_it(house, depot, release, db):
    row = Placement(
        release_id=release.id, repository="uat", state=PlacementState.REMOVING.value,
        reason="older than 30 days", actor_id=house.people["dora"].id, actor_name="dora",
    )  # fmt: skip
    with db.write() as session:
        session.add(row)
    conclude(depot, row, PlacementState.PRESENT, "Cancelled by dora: not yet")
    assert told(house, "dora") == ["churn 1.0.0 was not removed from uat"]
    assert not any(told(house, name) for name in house.people if name != "dora")


def test_the_schedule_has_no_inbox(house, depot, release, db):
    row = Placement(
        release_id=release.id, repository="uat", state=PlacementState.REMOVING.value,
        reason="older than 30 days", actor_id="system", actor_name="MLAAS",
    )  # fmt: skip
    with db.write() as session:
        session.add(row)
    conclude(depot, row, PlacementState.REMOVED)
    with db.read() as session:
        told_to = session.exec(select(NoticeCopy.user_id)).all()
    assert set(told_to) <= {person.id for person in house.people.values()}
