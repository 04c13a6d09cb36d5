"""The inventory: status, tier and stage from the approvals, reviews, upstream models."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engines import projects
from engines.core.database import now
from engines.core.errors import InvalidInput, NotFound
from engines.core.gate import STAGES, Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals, register
from engines.governance.approvals.models import Submission
from engines.governance.register import InventoryFilter, Status
from engines.training import TaskResult
from engines.wired_models import TrainedModels
from tests.harness.governed import governed

TODAY = now().date()


class Behind:
    """A clock behind the real one by a span that a test sets."""

    def __init__(self, **span):
        self.span = timedelta(**span)

    def __call__(self):
        return now() - self.span


FOR_SUBMISSION = {"submitter_id": "user-mia", "submitter_name": "mia", "experiment_id": "e"}


@pytest.fixture
def submitted(db):
    """One submission more: `submitted(model, "prod", "approved", days_ago=3)`."""

    def add(model, stage, state, days_ago=1, **values):
        at = now() - timedelta(days=days_ago)
        given = {"submitted_at": at, "created_at": at, "tier": "high"}
        if state != "submitted":
            given["decided_at"] = at
        row = Submission(
            run_id=model.run_id, task=model.task, stage=stage, state=state,
            **(FOR_SUBMISSION | given | values),
        )  # fmt: skip
        with db.write() as session:
            session.add(row)
        return row

    return add


def row(db, maker, models, model):
    return register.inventory_row(db, maker, models, model)


def test_a_model_without_submission_is_in_development(db, maker, models, model):
    found = register.inventory(db, maker, models, InventoryFilter())
    (only,) = found.rows
    assert (only.status, only.stage, only.tier) == (Status.DEVELOPMENT, None, "")
    assert (only.record.title, only.record.owner, only.record.data) == (
        "Churn · Binary classification", "mia", "telco.csv",
    )  # fmt: skip
    assert (only.record.score, only.record.rows) == (0.84, 1000)
    assert found.statuses == {"development": 1}


def test_a_model_trained_after_the_first_look_is_there_at_the_next(
    db, maker, models, model, trained_model
):
    assert [each.model for each in models.all(maker)] == [model]
    newer = trained_model("run2", name="Fraud")
    assert {each.model for each in models.all(maker)} == {model, newer}
    projects.update(db, maker, models.of(maker, newer).experiment_id, "Fraud 2026", "", {})
    assert {each.experiment for each in models.all(maker)} == {"Churn", "Fraud 2026"}


def test_the_highest_stage_that_holds_is_the_status(db, maker, models, model, submitted):
    submitted(model, "training", "approved", days_ago=9)
    submitted(model, "published", "approved", days_ago=5)
    assert row(db, maker, models, model).status is Status.PUBLISHED
    submitted(model, "uat", "submitted")
    assert row(db, maker, models, model).status is Status.PUBLISHED


@pytest.mark.parametrize(
    ("state", "values", "status"),
    [
        ("submitted", {}, Status.WAITING),
        ("rejected", {}, Status.REFUSED),
        ("revoked", {"ended_at": now()}, Status.ENDED),
        ("approved", {"expires_at": now() - timedelta(minutes=1)}, Status.ENDED),
        ("approved", {"expires_at": now() + timedelta(days=1)}, Status.APPROVED),
        ("returned", {}, Status.RETURNED),
        ("withdrawn", {}, Status.DEVELOPMENT),
    ],
)
def test_status_follows_the_newest_submission(
    db, maker, models, model, submitted, state, values, status
):
    submitted(model, "training", state, **values)
    assert row(db, maker, models, model).status is status


@pytest.mark.parametrize(
    ("state", "status"), [("approved", Status.APPROVED), ("revoked", Status.ENDED)]
)
def test_a_draft_hides_neither_tier_nor_state_nor_the_newest_submission(
    db, maker, models, model, submitted, state, status
):
    ended = {"ended_at": now()} if state == "revoked" else {}
    asked = submitted(model, "training", state, days_ago=2, **ended)
    submitted(model, "published", "draft", submitted_at=None, decided_at=None, tier="")
    found = row(db, maker, models, model)
    assert (found.status, found.tier, found.submission_id) == (status, "high", asked.id)


def test_a_tier_raised_by_hand_is_the_models_tier_at_once(db, tmp_path):
    house = governed(db, tmp_path)
    house.train()
    models, reader = TrainedModels(db, tmp_path / "runs"), house.people["audrey"]
    house.approve()
    assert row(db, reader, models, house.model).tier == "low"
    approvals.raise_tier(house.board, house.people["vera"], house.model, "high", "More at stake.")
    assert row(db, reader, models, house.model).tier == "high"


def test_as_of_a_day_shows_what_held_then(db, maker, models, trained_model, submitted):
    old, young = trained_model("old"), trained_model("young")
    past = now() - timedelta(days=10)
    with db.write() as session:
        for result in session.query(TaskResult).filter(TaskResult.run_id == "old"):
            result.finished_at = now() - timedelta(days=30)
    for stage in ("training", "published", "uat"):
        submitted(old, stage, "approved", days_ago=21)
    submitted(old, "prod", "revoked", days_ago=20, ended_at=now() - timedelta(days=5))
    then = register.inventory(db, maker, models, InventoryFilter(at=past))
    assert [(r.record.model, r.status) for r in then.rows] == [(old, Status.IN_PRODUCTION)]
    present = register.inventory(db, maker, models, InventoryFilter())
    assert {r.record.model: r.status for r in present.rows} == {
        old: Status.IN_UAT, young: Status.DEVELOPMENT,
    }  # fmt: skip


def test_a_day_before_a_revocation_and_who_decided_say_the_same(db, tmp_path, make_actor):
    clock = Behind(days=10)
    house = governed(db, tmp_path, clock=clock)
    house.train()
    with db.write() as session:
        session.execute(sa.update(TaskResult).values(finished_at=now() - timedelta(days=12)))
    models, reader = TrainedModels(db, tmp_path / "runs"), house.people["audrey"]
    ids = [house.approve(stage).id for stage in STAGES]
    clock.span = timedelta(days=5)
    approvals.revoke(house.board, house.people["cora"], ids[0], "A flaw.")  # of training alone
    clock.span = timedelta()
    for days, status in ((7, Status.IN_PRODUCTION), (11, None), (3, Status.ENDED)):
        at = now() - timedelta(days=days)
        (found,) = register.inventory(db, reader, models, InventoryFilter(at=at)).rows
        decided = approvals.who_decided(house.board, reader, at=at)
        assert found.status is (status or Status.DEVELOPMENT)
        assert bool(decided) is (found.stage is Stage.PROD)
        assert found == register.inventory_row(db, reader, models, house.model, at)
    with pytest.raises(NotFound, match="no such model then"):
        register.inventory_row(db, reader, models, house.model, now() - timedelta(days=99))


def test_a_stage_whose_earlier_approval_ended_does_not_hold(db, maker, models, model, submitted):
    submitted(model, "training", "revoked", days_ago=9, ended_at=now() - timedelta(days=1))
    submitted(model, "published", "approved", days_ago=5)
    assert row(db, maker, models, model).status is Status.ENDED


@pytest.mark.parametrize(
    ("state", "status"), [("returned", Status.RETURNED), ("rejected", Status.REFUSED)]
)
def test_as_of_a_day_a_submission_that_ended_since_still_waits(
    db, maker, models, model, submitted, state, status
):
    with db.write() as session:
        session.execute(sa.update(TaskResult).values(finished_at=now() - timedelta(days=30)))
    submitted(model, "training", state, days_ago=9, decided_at=now() - timedelta(days=3))

    def then(days):
        return register.inventory_row(db, maker, models, model, now() - timedelta(days=days))

    assert [then(days).status for days in (10, 6, 2)] == [
        Status.DEVELOPMENT, Status.WAITING, status,
    ]  # fmt: skip


def test_reviews_findings_upstream_and_archive_are_those_of_then(
    db, maker, models, trained_model, validator, monkeypatch
):
    model, other = trained_model("run1"), trained_model("run2")
    before = now()
    register.set_review(db, validator, models, model, TODAY, "yearly")
    register.set_upstream(db, validator, models, model, [other])
    said = ("Drift", "", "high", maker.id, TODAY)
    found = register.open_finding(db, validator, models, model, *said)
    between = now()
    register.set_review(db, validator, models, model, TODAY + timedelta(days=9), "later")
    register.set_upstream(db, validator, models, model, [])
    for state in ("in_remediation", "resolved"):
        found = register.move_finding(db, maker, found.id, state, "Done.", found.version)
    register.move_finding(db, validator, found.id, "closed", "Seen.", found.version)
    projects.archive(db, maker, models.of(maker, model).experiment_id, "done")

    def told(at):
        row = register.inventory_row(db, maker, models, model, at)
        return row.review_on, row.upstream, row.open_findings, row.status

    assert told(before) == (None, (), 0, Status.DEVELOPMENT)
    assert told(between) == (TODAY, ("run2/binary",), 1, Status.DEVELOPMENT)
    assert told(now()) == told(None) == (TODAY + timedelta(days=9), (), 0, Status.ARCHIVED)


def test_filters_narrow_and_counts_stay(db, maker, models, trained_model, submitted):
    churn, price = trained_model("a"), trained_model("b", "regression", "House price")
    submitted(churn, "training", "approved")
    for wanted in (
        InventoryFilter(text="house PRICE"),
        InventoryFilter(statuses=("development",)),
        InventoryFilter(model="b/regression"),
    ):
        found = register.inventory(db, maker, models, wanted)
        assert [r.record.model for r in found.rows] == [price]
        assert found.statuses == {"development": 1, "approved": 1}
    assert register.inventory(db, maker, models, InventoryFilter(tier="high")).total == 1
    assert register.inventory(db, maker, models, InventoryFilter(review="missing")).total == 1
    table = register.inventory_table(db, maker, models, InventoryFilter(text="house"))
    assert [(r["model"], r["status"]) for r in table] == [("b/regression", "development")]


def test_an_archived_experiment_is_archived(db, maker, models, model):
    experiment = models.of(maker, model).experiment_id
    projects.archive(db, maker, experiment, "done")
    assert row(db, maker, models, model).status is Status.ARCHIVED


def test_review_is_set_and_becomes_overdue(db, maker, models, model, validator, monkeypatch):
    register.set_review(db, validator, models, model, TODAY, "yearly")
    assert not row(db, maker, models, model).review_overdue
    later = now() + timedelta(days=2)
    monkeypatch.setattr("engines.governance.register.stocktaking.now", lambda: later)
    assert row(db, maker, models, model).review_overdue
    found = register.inventory(db, maker, models, InventoryFilter(review="overdue"))
    assert found.total == 1


@pytest.mark.parametrize("days", [-1, 4_000])
def test_review_on_an_impossible_day_is_refused(db, models, model, validator, days):
    with pytest.raises(InvalidInput):
        register.set_review(db, validator, models, model, TODAY + timedelta(days), "x")


def test_upstream_models_are_kept_and_circles_refused(db, maker, models, trained_model, validator):
    a, b, c = (trained_model(name) for name in "abc")
    register.set_upstream(db, validator, models, b, [a])
    register.set_upstream(db, validator, models, c, [b])
    assert row(db, maker, models, b).upstream == ("a/binary",)
    assert register.downstream(db, maker, a) == [b]
    for upstream in ([c], [a]):
        with pytest.raises(InvalidInput, match="its own answers"):
            register.set_upstream(db, validator, models, a, upstream)
    with pytest.raises(NotFound):
        register.set_upstream(db, validator, models, a, [ModelRef("none", "binary")])
