"""Which models meet which requirement of a policy version."""

from pathlib import Path

import pytest
from sqlmodel import select

from engines import projects
from engines.core.errors import NotAllowed
from engines.core.model_ref import ModelRef
from engines.governance import policies, register
from engines.governance.approvals import Vote
from engines.governance.register import STANDS, CoverageFilter
from engines.wired_models import TrainedModels
from tests.harness.governed import governed, vocabulary

FOLDER = Path(__file__).parents[4] / "policies"


@pytest.fixture
def house(db, tmp_path):
    made = governed(db, tmp_path)
    made.train()
    return made


@pytest.fixture
def guidance(house, db):
    """The current version of a shipped policy that renders a guidance."""
    policies.install(db, FOLDER, vocabulary(house.board.templates))
    return policies.current(db, "sr-26-2")


@pytest.fixture
def covered(house, db, guidance, tmp_path):
    """What the auditor sees of it."""
    models = TrainedModels(db, tmp_path / "runs")

    def look(who="audrey", **wanted):
        actor = house.people[who]
        return register.policy_coverage(db, actor, models, guidance, CoverageFilter(**wanted))

    return look


def test_a_model_never_submitted_is_named_as_that(covered, guidance):
    found = covered()
    assert found.models == 1
    assert {row.stands for row in found.rows} == {"never_submitted"}
    assert [row.requirement for row in found.rows] == [r.id for r in guidance.policy.requirements]


def test_each_requirement_counts_models_by_their_newest_submission(house, covered):
    first = house.model
    house.approve()
    house.undocumented("r2")
    found = covered(size=100)
    assert found.models == 2
    assert all(sum(count.values()) == 2 for count in found.counts.values())
    assert found.counts["VI inventory"] == {"met": 1, "never_submitted": 1}
    states = {row.requirement: row for row in found.rows if row.model == first}
    assert states["V validation"].stands == "open"
    assert "A validator has approved." in states["V validation"].evidence
    assert {row.stands for row in found.rows} <= STANDS.keys()


def test_a_vote_in_place_of_a_role_counts_for_that_role_and_says_by_whom(house, db, covered):
    house.approve()
    with db.write() as session:
        vote = session.exec(select(Vote).where(Vote.role == "validator")).one()
        vote.role, vote.in_place_of = "deployer", "validator"
        session.add(vote)
    states = {row.requirement: row for row in covered(size=100).rows}
    assert "A deployer has approved, in place of a validator." in states["V validation"].evidence


def test_filter_narrows_the_list_and_not_the_counts(house, covered):
    house.approve()
    house.undocumented("r2")
    open_ones = covered(stands=("open",), size=100)
    assert {row.stands for row in open_ones.rows} == {"open"}
    assert open_ones.counts == covered().counts
    (one,) = covered(requirement="VI inventory", text="CHURN r1").rows
    assert one.model == ModelRef("r1", "binary")
    assert covered(text="nothing").total == 0


def test_pages_end_at_the_last_one(covered, guidance):
    total = len(guidance.policy.requirements)
    last = covered(size=4, page=99)
    assert (last.total, len(last.rows)) == (total, (total - 1) % 4 + 1)


def test_table_holds_every_row_that_matches(house, db, covered, guidance, tmp_path):
    house.approve()
    models, actor = TrainedModels(db, tmp_path / "runs"), house.people["audrey"]
    rows = register.coverage_table(db, actor, models, guidance, CoverageFilter(size=1))
    assert len(rows) == covered().total
    assert rows[0]["policy"] == "sr-26-2 1"
    assert {row["status"] for row in rows} <= set(STANDS.values())


def test_archived_models_are_left_out(house, db, covered):
    projects.archive(db, house.people["ana"], house.experiment, "Done.")
    assert covered().models == 0


def test_who_reads_no_approvals_is_refused(covered):
    with pytest.raises(NotAllowed):
        covered("adam")
