"""What is not allowed is refused, with the reason, and recorded."""

import os
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import select

from engines.core.correlation import correlated
from engines.core.errors import NotAllowed
from engines.core.gate import STAGES, Purpose, Stage
from engines.governance import approvals
from engines.governance.approvals import Decision, GateDecision, State, Submission
from tests.harness.audit import audit_events

ASKING = {
    Purpose.TRIAL: "ana", Purpose.DOWNLOAD: "ana", Purpose.PUBLISH: "dora", Purpose.PROMOTE: "dora",
    Purpose.UAT: "dora", Purpose.DEPLOY: "dora", Purpose.SCORE: "ana", Purpose.BATCH: "ana",
}  # fmt: skip
NEEDS = {
    Purpose.PUBLISH: Stage.PUBLISHED, Purpose.PROMOTE: Stage.UAT, Purpose.UAT: Stage.UAT,
    Purpose.DEPLOY: Stage.PROD, Purpose.SCORE: Stage.PROD, Purpose.BATCH: Stage.PROD,
}  # fmt: skip
LEAVING = tuple(NEEDS)


def use(house, purpose, by="", at=None):
    """Ask the gate."""
    actor = house.people[by or ASKING[purpose]]
    return house.gate.may_use(actor, house.model, purpose, at)


def recorded(house):
    """The gate's rows, the oldest first."""
    with house.board.db.read() as session:
        return list(session.exec(select(GateDecision).order_by(GateDecision.at)))


@pytest.mark.parametrize("reached", [None, *STAGES])
def test_each_purpose_needs_its_stage_and_those_before(house, reached):
    if reached:
        house.approve_up_to(reached)
    for purpose, needed in NEEDS.items():
        if reached and STAGES.index(needed) <= STAGES.index(reached):
            permit = use(house, purpose)
            assert permit.approved
            assert permit.stage is needed
        else:
            with pytest.raises(NotAllowed, match="not approved for"):
                use(house, purpose)
    assert [row.allowed for row in recorded(house)].count(True) == sum(
        bool(reached) and STAGES.index(s) <= STAGES.index(reached) for s in NEEDS.values()
    )


def test_trial_needs_no_approval_and_is_not_recorded(house):
    assert not use(house, Purpose.TRIAL).approved
    assert recorded(house) == []


def test_unapproved_download_is_for_makers_and_waited_for_reviewers(house):
    assert not use(house, Purpose.DOWNLOAD).approved
    for name in ("vera", "dora"):
        with pytest.raises(NotAllowed, match="not approved for training"):
            use(house, Purpose.DOWNLOAD, name)
    row = house.submit()
    assert not use(house, Purpose.DOWNLOAD, "vera").approved
    with pytest.raises(NotAllowed):
        use(house, Purpose.DOWNLOAD, "dora")
    house.vote(row, "carl")
    house.vote(row, "vera")
    assert use(house, Purpose.DOWNLOAD, "dora").approved
    assert [row.allowed for row in recorded(house)] == [True, False, False, True, False, True]


def test_refusal_is_recorded_with_reason_request_and_audit(house):
    with correlated("request-7"), pytest.raises(NotAllowed, match="may not be used for score"):
        use(house, Purpose.SCORE)
    row = recorded(house)[0]
    assert (row.request_id, row.allowed, row.actor_name) == ("request-7", False, "ana")
    assert row.reason == "It is not approved for training."
    (event,) = audit_events(house.board.db, "model.use_refused")
    assert event.subject == f"model:{house.model}"


@pytest.mark.parametrize("purpose", LEAVING)
def test_one_changed_byte_with_the_old_time_voids_and_names_the_file(house, purpose):
    house.approve_up_to(Stage.PROD)
    use(house, purpose)
    file = house.file()
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[7] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(NotAllowed, match=r"model file “model\.skops” has changed"):
        use(house, purpose)
    states = {
        row.state for row in approvals.of_model(house.board, house.people["ana"], house.model)
    }
    assert states == {State.VOID}
    content[7] ^= 1
    file.write_bytes(content)
    with pytest.raises(NotAllowed, match="is void"):
        use(house, purpose)
    for barred in (Purpose.DOWNLOAD,):
        with pytest.raises(NotAllowed, match="void"):
            use(house, barred)
    assert not use(house, Purpose.TRIAL).approved  # the bytes are those that were submitted


@pytest.mark.parametrize("what", ["document", "data", "answers", "added file", "link", "gone"])
def test_every_kind_of_change_is_found(house, what):
    house.approve_up_to(Stage.PROD)
    change(house, what)
    with pytest.raises(NotAllowed, match="is void"):
        use(house, Purpose.DEPLOY)


def change(house, what):
    """Change one piece of the content."""
    if what == "document":
        house.write("details", "New words.")
    elif what == "data":
        next((house.folder / "store").glob("*.parquet")).write_bytes(b"cows")
    elif what == "answers":
        from engines.projects.models import Experiment

        with house.board.db.write() as session:
            experiment = session.get_one(Experiment, house.experiment)
            experiment.objective = {**experiment.objective, "purpose": "decision support"}
            session.add(experiment)
    elif what == "added file":
        house.file("hidden/.more.bin").parent.mkdir()
        house.file("hidden/.more.bin").write_bytes(b"x")
    elif what == "link":
        file = house.file("metrics.json")
        file.rename(house.folder / "metrics.json")
        file.symlink_to(house.folder / "metrics.json")
    else:
        house.file("model.json").unlink()


def test_trial_of_a_changed_or_revoked_model_is_refused(house):
    row = house.approve()
    house.file().write_bytes(b"another")
    with pytest.raises(NotAllowed, match="files are not those that were submitted"):
        use(house, Purpose.TRIAL)
    assert not recorded(house)[0].allowed
    assert approvals.of_model(house.board, house.people["ana"], house.model)[0].id == row.id


@pytest.mark.parametrize("purpose", [Purpose.TRIAL, Purpose.DOWNLOAD, Purpose.PUBLISH])
def test_revoked_is_refused_until_approved_anew(house, purpose):
    row = house.approve()
    house.approve(Stage.PUBLISHED)
    approvals.revoke(house.board, house.people["cora"], row.id, "A flaw was found.")
    with pytest.raises(NotAllowed, match="revoked: A flaw was found"):
        use(house, purpose)
    again = approvals.resubmit(house.board, house.people["ana"], row.id)
    with pytest.raises(NotAllowed, match="revoked"):
        use(house, purpose)
    house.vote(again, "carl")
    house.vote(again, "vera")
    assert use(house, purpose).purpose is purpose


def test_expired_is_refused_before_anybody_tidies_up(house):
    house.approve_up_to(Stage.PROD)
    use(house, Purpose.SCORE)
    house.clock.on(days=91)
    with pytest.raises(NotAllowed, match="production expired on"):
        use(house, Purpose.SCORE)


def test_raised_tier_ends_what_was_approved_for_a_lower_one(house):
    house.approve()
    row = house.approve(Stage.PUBLISHED)
    assert approvals.open_submission(house.board, house.people["vera"], row.id).above == ""
    approvals.raise_tier(house.board, house.people["vera"], house.model, "high", "Wider use.")
    opened = approvals.open_submission(house.board, house.people["vera"], row.id)
    assert "is now “high”" in opened.above
    with pytest.raises(NotAllowed, match=r"approved for the tier “low”, and is now “high”"):
        use(house, Purpose.PUBLISH)


@pytest.mark.parametrize("column", ["state", "signature", "expires_at", "content", "stage"])
def test_approval_written_into_the_table_by_hand_is_refused(house, column):
    house.approve_up_to(Stage.UAT)
    row = house.submit(Stage.PROD)
    if column != "state":
        for name in ("carl", "cora", "dora"):
            row = house.vote(row, name)
    tamper(house, row, column)
    with pytest.raises(NotAllowed, match=r"signed|signature"):
        use(house, Purpose.DEPLOY)


def tamper(house, row, column):
    """Change the row past the product."""
    moment = house.clock.now
    forged = {
        "state": {"state": "approved", "decided_at": moment, "expires_at": None},
        "signature": {"signature": row.signature[:-4] + "AAA="},
        "expires_at": {"expires_at": moment + timedelta(days=9_000)},
        "content": {"items": row.items[1:]},
        "stage": {"tier_position": 5},
    }[column]
    with house.board.db.write() as session:
        session.execute(sa.update(Submission).where(Submission.id == row.id).values(**forged))


def test_revocation_undone_in_the_table_is_refused(house):
    house.approve()
    row = house.approve(Stage.PUBLISHED)
    approvals.revoke(house.board, house.people["cora"], row.id, "A flaw.")
    with house.board.db.write() as session:
        values = {"state": "approved", "ended_at": None}
        session.execute(sa.update(Submission).where(Submission.id == row.id).values(**values))
    house.clock.on(days=300)  # beyond the real day of the audit row
    with pytest.raises(NotAllowed, match="revoked"):
        use(house, Purpose.PUBLISH)


def test_as_of_an_earlier_moment_the_record_of_then_answers(house):
    before = house.clock.now
    row = house.approve_up_to(Stage.PROD)
    between = house.clock.now
    house.clock.on(days=1)
    approvals.revoke(house.board, house.people["cora"], row.id, "A flaw.")
    assert use(house, Purpose.SCORE, at=between).submission_id == row.id
    for moment in (before, house.clock.now):
        with pytest.raises(NotAllowed):
            use(house, Purpose.SCORE, at=moment)


def test_who_decided_names_model_data_policy_and_approvers(house):
    row = house.approve_up_to(Stage.PROD)
    with correlated("request-8"):
        use(house, Purpose.SCORE)
    moment = house.clock.now
    house.clock.on(days=1)
    approvals.revoke(house.board, house.people["cora"], row.id, "A flaw.")
    auditor = house.people["audrey"]
    found = approvals.who_decided(house.board, auditor, "request-8")[0]
    assert (found.model, found.submission.id, found.fault) == (house.model, row.id, "")
    assert found.approvers == ("carl (checker)", "cora (checker)", "dora (deployer)")
    assert found.policy == "house 1"
    assert len(found.data_sha256) == 64
    assert [r.submission.id for r in approvals.who_decided(house.board, auditor, at=moment)] == [
        row.id
    ]
    assert approvals.who_decided(house.board, auditor) == []


def test_use_without_the_capability_is_refused(house):
    house.approve_up_to(Stage.PROD)
    for purpose, name in ((Purpose.PROMOTE, "ana"), (Purpose.DOWNLOAD, "carl")):
        with pytest.raises(NotAllowed, match="needs the permission"):
            use(house, purpose, name)


def test_rejected_says_nothing_about_a_trial(house):
    row = house.submit()
    house.vote(row, "carl", Decision.REJECT, "No.")
    assert not use(house, Purpose.TRIAL).approved
