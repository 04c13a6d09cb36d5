"""The question of record: by request, refusals too, and by model and moment, as of then."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engines.core.correlation import correlated
from engines.core.errors import NotAllowed, NotFound
from engines.core.gate import Purpose, Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals
from engines.governance.approvals import Submission


def use(house, request, by="ana"):
    """Score with the model under a request's id."""
    with correlated(request):
        return house.gate.may_use(house.people[by], house.model, Purpose.SCORE)


def stood(house, at):
    """Stage → why it did not hold, as of then."""
    found = approvals.stood(house.board, house.people["audrey"], house.model, at)
    return {each.stage: each.reason for each in found}


@pytest.fixture
def revoked(house):
    """A model approved up to production, asked for, and revoked two days later."""
    house.prod = house.approve_up_to(Stage.PROD)
    house.permit = use(house, "request-1")
    house.between = house.clock.now
    house.clock.on(days=2)
    house.training = approvals.of_model(house.board, house.people["audrey"], house.model)[-1]
    approvals.revoke(house.board, house.people["cora"], house.training.id, "A flaw.")
    return house


def test_request_and_permit_name_what_decided_also_after_a_revocation(revoked):
    for identifier in ("request-1", f" {revoked.permit.id} "):
        (ruling,) = approvals.rulings(revoked.board, revoked.people["audrey"], identifier)
        record = ruling.record
        assert ruling.decision.allowed
        assert (record.submission.id, record.stage, record.fault) == (
            revoked.prod.id, Stage.PROD, "",
        )  # fmt: skip
        assert record.approvers == ("carl (checker)", "cora (checker)", "dora (deployer)")
        assert len(record.data_sha256) == 64


def test_refused_request_says_why_and_names_the_approval_that_ended(revoked):
    with pytest.raises(NotAllowed):
        use(revoked, "request-2")
    (ruling,) = approvals.rulings(revoked.board, revoked.people["audrey"], "request-2")
    assert not ruling.decision.allowed
    assert "revoked: A flaw." in ruling.decision.reason
    assert ruling.record.submission.id == revoked.training.id
    assert approvals.who_decided(revoked.board, revoked.people["audrey"], "request-2") == []


@pytest.mark.parametrize("identifier", ["", "   ", "nobody-asked"])
def test_a_request_that_the_gate_never_saw_is_not_found(house, identifier):
    with pytest.raises(NotFound, match="never saw"):
        approvals.rulings(house.board, house.people["audrey"], identifier)


def test_stages_are_told_as_of_then_and_one_that_ends_takes_the_later_with_it(revoked):
    assert set(stood(revoked, revoked.between).values()) == {""}
    reasons = stood(revoked, revoked.clock.now)
    assert reasons[Stage.TRAINING] == "Its approval for training is revoked: A flaw."
    assert all(reason.startswith("It needs the stage before.") for reason in [
        reasons[Stage.PUBLISHED], reasons[Stage.UAT], reasons[Stage.PROD],
    ])  # fmt: skip
    auditor = revoked.people["audrey"]
    (then,) = approvals.who_decided(revoked.board, auditor, at=revoked.between)
    assert then.submission.id == revoked.prod.id
    assert approvals.who_decided(revoked.board, auditor) == []


def test_before_any_approval_every_stage_says_so(revoked):
    reasons = stood(revoked, revoked.training.submitted_at - timedelta(seconds=1))
    assert reasons[Stage.PROD] == "It was not approved for production."
    unknown = approvals.stood(
        revoked.board, revoked.people["audrey"], ModelRef("nobody", "binary"), revoked.between
    )
    assert [each.record for each in unknown] == [None] * 4


def test_a_moment_to_come_has_no_record(house):
    with pytest.raises(NotFound, match="to come"):
        stood(house, house.clock.now + timedelta(days=1))


def test_an_approval_that_ran_out_held_until_its_last_day(house):
    row = house.approve()
    house.clock.on(days=400)
    assert stood(house, row.expires_at - timedelta(days=1))[Stage.TRAINING] == ""
    assert "expired on 2027" in stood(house, house.clock.now)[Stage.TRAINING]


def test_a_tier_raised_later_changes_nothing_of_before(house):
    house.approve()
    before = house.clock.now
    house.clock.on(hours=1)
    approvals.raise_tier(house.board, house.people["vera"], house.model, "high", "More at stake.")
    assert stood(house, before)[Stage.TRAINING] == ""
    assert "now “high”" in stood(house, house.clock.now)[Stage.TRAINING]


def test_an_end_put_off_in_the_table_is_not_believed(revoked):
    later = revoked.clock.now + timedelta(days=9_000)
    with revoked.board.db.write() as session:
        mine = sa.update(Submission).where(Submission.id == revoked.training.id)
        session.execute(mine.values(ended_at=later))
    revoked.clock.on(days=300)  # beyond the real day of the audit row
    assert "revoked" in stood(revoked, revoked.clock.now)[Stage.TRAINING]


def test_the_answer_is_one_json_object_with_signature_and_people(revoked):
    auditor = revoked.people["audrey"]
    found = approvals.rulings(revoked.board, auditor, "request-1")
    file = approvals.as_file({"request": "request-1"}, revoked.clock.now, found)
    told = json.loads(json.dumps(file, default=str))
    (decision,) = told["decisions"]
    assert (told["format"], decision["permit"]) == ("mlaas-record/1", revoked.permit.id)
    approval = decision["approval"]
    assert [each["name"] for each in approval["approvers"]] == ["carl", "cora", "dora"]
    assert approvals.signing.verify(
        approval["signed"], approval["signature"], approval["public_key"]
    )
    stages = approvals.stood(revoked.board, auditor, revoked.model, revoked.between)
    file = approvals.as_file({"model": str(revoked.model)}, revoked.clock.now, stages)
    assert [stage["holds"] for stage in file["stages"]] == [True] * 4
