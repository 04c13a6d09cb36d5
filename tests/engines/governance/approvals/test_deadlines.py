"""Time passes: approvals expire, and what nobody answered is reminded, returned or rejected."""

import pytest
from sqlmodel import select

from engines.governance import approvals
from engines.governance.approvals import State, Submission
from engines.governance.notices.models import Notice
from tests.harness.governed import governed


def state(house, row):
    """What the submission is now."""
    with house.board.db.read() as session:
        return session.get_one(Submission, row.id).state


def titles(house):
    """What was said to people."""
    with house.board.db.read() as session:
        return [notice.title for notice in session.exec(select(Notice).order_by(Notice.made_at))]


def test_approval_expires_on_its_day_and_the_makers_are_told(house):
    row = house.approve()
    assert approvals.tick(house.board, house.clock.on(days=364)).expired == 0
    assert approvals.tick(house.board, house.clock.on(days=2)).expired == 1
    assert state(house, row) == State.EXPIRED
    assert titles(house)[-1].endswith("has expired")
    assert approvals.tick(house.board, house.clock.now).expired == 0


@pytest.mark.parametrize(
    ("then", "ends"),
    [
        ("remind", State.SUBMITTED),
        ("escalate", State.SUBMITTED),
        ("return", State.RETURNED),
        ("reject", State.REJECTED),
    ],
)
def test_unanswered_submission_meets_what_the_policy_says(db, tmp_path, templates, then, ends):
    house = governed(db, tmp_path, then, templates)
    house.train()
    row = house.submit()
    assert approvals.tick(house.board, house.clock.on(days=9)).late == 0
    assert approvals.tick(house.board, house.clock.on(days=2)).late == 1
    assert state(house, row) == ends
    assert approvals.tick(house.board, house.clock.now).late == 0
    again = 1 if ends is State.SUBMITTED else 0  # a day later it is said once more
    assert approvals.tick(house.board, house.clock.on(days=1)).late == again
    said = titles(house)
    if ends is State.SUBMITTED:
        assert said[-1] == "Churn: Ridge still waits for approval: training"
    else:
        assert said[-1] == f"Churn: Ridge was {ends.value}: time is over"
