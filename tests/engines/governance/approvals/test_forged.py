"""Whoever can write the tables, or set the clock back, gets no approval by it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engines.core import events
from engines.core.errors import NotAllowed, NotReady
from engines.core.gate import Purpose, Stage
from engines.core.secrets import EnvironmentSecrets
from engines.governance import approvals, policies
from engines.governance.approvals import Decision, State, Submission, Vote, attested
from tests.engines.governance.approvals.test_gate import use
from tests.harness.governed import POLICY, vocabulary

LESS = {"approvals": [{"role": "checker", "count": 1, "level": 1}]}


def write(house, table, which, **values) -> None:
    """Change rows past the product."""
    with house.board.db.write() as session:
        session.execute(sa.update(table).where(which).values(**values))


def forged_vote(house, row, name: str, **values) -> Vote:
    """A vote put into the table, with an audit row that tells of it but bears no mark."""
    person = house.people[name]
    told = {"person_id": person.id, "person_name": name, "principal_id": person.id}
    told |= {"principal_name": name, "role": "checker", "level": 1, "decision": "approve"}
    told |= {"submission_id": row.id, "content_hash": row.content_hash, "at": house.clock()}
    vote = Vote(**(told | values))
    with house.board.db.write() as session:
        session.add(vote)
    return vote


@pytest.mark.parametrize(
    "values",
    [
        {"requirements": LESS},
        {"tier": "high"},
        {"makers": {}, "submitter_id": "user-nobody"},
        {"facts": {"holdout.roc_auc": 0.99}},
        {"answer_by": None},
    ],
    ids=lambda values: next(iter(values)),
)
def test_submission_changed_in_the_table_gets_no_approval(house, values):
    row = house.submit()
    write(house, Submission, Submission.id == row.id, **values)
    with pytest.raises(NotReady, match="not the one that was made here"):
        house.vote(row, "carl")
    assert house.vote(row, "cora", Decision.RETURN, "Look.").state == State.RETURNED


def test_vote_written_into_the_table_gives_no_approval(house):
    row = house.submit()
    forged_vote(house, row, "cora")
    with pytest.raises(NotReady, match="vote of cora on it was not cast here"):
        house.vote(row, "vera")


def test_vote_that_says_it_was_taken_over_needs_the_one_it_came_from(house):
    first = house.vote(house.submit(), "carl")
    before = approvals.open_submission(house.board, house.people["cora"], first.id).votes[0]
    row = approvals.resubmit(house.board, house.people["ana"], first.id)
    write(house, Vote, Vote.submission_id == row.id, person_name="cora", carried_from=before.id)
    with pytest.raises(NotReady, match="not the one it was taken over from"):
        house.vote(row, "vera")


def test_vote_with_the_mark_of_another_key_gives_no_approval(house, tmp_path):
    row = house.submit()
    vote, foreign = forged_vote(house, row, "cora"), tmp_path / "foreign"
    mark = attested.mark_vote(EnvironmentSecrets(foreign, environ={}), vote)
    with house.board.db.write() as session:
        told = {"decision": "approve", "role": "checker", "level": 1, **mark}
        events.record(
            session, house.people["cora"], "submission.voted", f"submission:{row.id}", **told
        )
    with pytest.raises(NotReady, match="vote of cora on it was not cast here"):
        house.vote(row, "vera")


def test_stand_in_without_an_escalation_gives_no_approval(house):
    row = house.submit()
    moment = house.clock.now
    write(house, Submission, Submission.id == row.id, escalated_at=moment, escalated_level=1)
    with pytest.raises(NotReady, match="was not escalated here"):
        house.vote(row, "carl")


@pytest.mark.parametrize(
    "values",
    [
        {"requirements": LESS},
        {"checks": []},
        {"facts": {"holdout.roc_auc": 0.99}},
        {"answers": {}},
        {"makers": {"user-ned": "trained it"}},
        {"policy_sha256": "0" * 64},
    ],
    ids=lambda values: next(iter(values)),
)
def test_approval_whose_grounds_were_changed_is_refused(house, values):
    row = house.approve()
    write(house, Submission, Submission.id == row.id, **values)
    with pytest.raises(NotAllowed, match="record of its approval is not what was signed"):
        use(house, Purpose.DOWNLOAD, "dora")


@pytest.mark.parametrize("values", [{"person_name": "eve"}, {"comment": "Unseen."}, {"level": 3}])
def test_approval_whose_votes_were_changed_is_refused(house, values):
    row = house.approve()
    write(house, Vote, Vote.submission_id == row.id, **values)
    with pytest.raises(NotAllowed, match="record of its approval is not what was signed"):
        use(house, Purpose.DOWNLOAD, "dora")


def test_vote_added_to_an_approval_is_refused(house):
    row = house.approve()
    forged_vote(house, row, "cora")
    with pytest.raises(NotAllowed, match="record of its approval is not what was signed"):
        use(house, Purpose.DOWNLOAD, "dora")


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_what_ended_stays_ended_when_the_clock_is_set_back(house, how):
    row = house.approve()
    between = house.clock.now
    house.clock.on(days=10)
    if how == "revoked":
        approvals.revoke(house.board, house.people["cora"], row.id, "A flaw.")
    else:
        approvals.tick(house.board, house.clock.on(days=400))
    house.clock.now = between + timedelta(days=1)
    with pytest.raises(NotAllowed, match=how):
        use(house, Purpose.DOWNLOAD, "dora")


def test_older_approval_does_not_come_back_with_an_older_clock(house):
    first = house.approve()
    between = house.clock.now
    house.clock.on(days=10)
    again = approvals.resubmit(house.board, house.people["ana"], first.id)
    for name in ("carl", "vera"):
        again = house.vote(again, name)
    approvals.revoke(house.board, house.people["cora"], again.id, "A flaw.")
    house.clock.now = between + timedelta(days=1)
    with pytest.raises(NotAllowed, match="revoked"):
        use(house, Purpose.DOWNLOAD, "dora")


def test_vote_after_the_time_is_over_is_refused_before_anybody_tidies_up(house):
    words = vocabulary(house.board.templates)
    text = POLICY % {"then": "return"}
    policies.publish(house.board.db, house.people["adam"], text, "Shorter.", words, 1)
    row = house.submit()
    house.clock.on(days=11)
    with pytest.raises(NotReady, match="time for an answer is over"):
        house.vote(row, "carl")


@pytest.mark.parametrize(
    "value",
    [float("inf"), float("-inf"), float("nan"), 10**400],
    ids=["inf", "-inf", "nan", "huge"],
)
def test_number_that_is_none_meets_no_floor(house, value):
    house.facts.values |= {"holdout.roc_auc": value}
    with pytest.raises(NotReady, match="ROC AUC"):
        house.submit(Stage.TRAINING)
