"""Late submissions: the role that the policy escalates to may vote, too, with four eyes as ever."""

import json
from collections import Counter
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis.stateful import initialize, rule, run_state_machine_as_test
from sqlmodel import select

from engines.core import events
from engines.core.access import Role
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.gate import Purpose, Stage
from engines.governance import approvals, notices, policies, register
from engines.governance.approvals import Decision, Delegation, State, Submission, Vote
from engines.governance.policies import parse
from tests.engines.governance.approvals.test_flow import ASKED, CREW, SINGLE_STEPS, Flow, unsynced
from tests.harness.governed import POLICY, governed
from tools import verify_export

ESCALATES = "escalate\n    escalate_to: deployer"


@pytest.fixture
def late(db, tmp_path, templates):
    """A house whose policy escalates to deployers, and a submission that nobody answered."""
    house = governed(db, tmp_path, ESCALATES, templates)
    house.train()
    row = house.submit()
    assert approvals.tick(house.board, house.clock.on(days=11)).late == 1
    return SimpleNamespace(house=house, row=row)


def stored(house, row):
    with house.board.db.read() as session:
        return session.get_one(Submission, row.id)


def test_escalated_role_decides_for_the_late_level_and_the_record_tells_it(late):
    house = late.house
    house.vote(late.row, "dora")
    row = house.vote(late.row, "vera")
    assert row.state == State.APPROVED
    first, second = json.loads(row.signed)["votes"]
    assert (first["role"], first["in_place_of"], first["level"]) == ("deployer", "checker", 1)
    assert "in_place_of" not in second
    facts = approvals.approval_facts(house.board, house.people["audrey"], row.id)
    assert facts.votes[0]["role"] == "deployer, in place of a checker"
    (record,) = approvals.who_decided(
        house.board, house.people["audrey"], model=house.model, stage=Stage.TRAINING
    )
    assert record.approvers == ("dora (deployer, in place of a checker)", "vera (validator)")
    assert record.fault == ""
    house.gate.may_use(house.people["dora"], house.model, Purpose.TRIAL)


def test_nobody_stands_in_before_the_time_is_over(db, tmp_path, templates):
    house = governed(db, tmp_path, ESCALATES, templates)
    house.train()
    row = house.submit()
    approvals.tick(house.board, house.clock.on(days=9))
    with pytest.raises(NotAllowed, match="waits for checker"):
        house.vote(row, "dora")


def test_without_escalate_to_only_those_asked_vote(db, tmp_path, templates):
    house = governed(db, tmp_path, "escalate", templates)
    house.train()
    row = house.submit()
    approvals.tick(house.board, house.clock.on(days=11))
    assert stored(house, row).escalated_at is not None
    with pytest.raises(NotAllowed, match="waits for checker"):
        house.vote(row, "dora")
    assert house.vote(row, "carl").state == State.SUBMITTED


def test_only_the_level_that_was_late_is_opened(late):
    house = late.house
    house.person("dan", "deployer")
    house.vote(late.row, "dora")
    with pytest.raises(NotAllowed, match="waits for validator"):
        house.vote(late.row, "dan")


def test_makers_and_second_votes_are_refused_as_ever(late):
    house = late.house
    ana = house.person("ana2", "deployer")
    with house.board.db.write() as session:
        events.record(session, ana, "dataset.attached", f"experiment:{house.experiment}")
    with pytest.raises(NotAllowed, match="four eyes"):
        house.vote(late.row, "ana2")
    both = house.person("bo", "deployer", "validator")
    house.vote(late.row, "bo")
    with pytest.raises(NotReady, match="You have voted"):
        house.vote(late.row, "bo")
    assert both.id not in stored(house, late.row).makers


def test_who_holds_the_asked_role_votes_in_it(late):
    late.house.person("cleo", "checker", "deployer")
    late.house.vote(late.row, "cleo")
    with late.house.board.db.read() as session:
        (vote,) = session.exec(select(Vote))
    assert (vote.role, vote.in_place_of) == ("checker", None)


def test_escalated_voice_can_be_delegated(late):
    house = late.house
    start, end = house.clock.now, house.clock.now.replace(year=2026, month=5)
    board, dora = house.board, house.people["dora"]
    approvals.delegate(board, dora, "user-carl", Role.DEPLOYER, start, end, "Away.")
    house.vote(late.row, "carl", for_id="user-dora")
    with board.db.read() as session:
        (vote,) = session.exec(select(Vote))
        assert session.exec(select(Delegation)).one().giver_id == vote.principal_id == "user-dora"
    assert (vote.role, vote.in_place_of, vote.level) == ("deployer", "checker", 1)


def test_stand_in_can_return_it(late):
    assert late.house.vote(late.row, "dora", Decision.RETURN, "More.").state == State.RETURNED


def test_vote_of_a_stand_in_is_not_carried_into_a_submission_that_is_not_late(late):
    house = late.house
    house.vote(late.row, "dora")
    ana = house.people["ana"]
    again = approvals.resubmit(house.board, ana, late.row.id)
    opened = approvals.open_submission(house.board, ana, again.id)
    assert (opened.votes, opened.stand_ins) == ((), ())
    assert [slot.role for slot in opened.waits_for] == ["checker"]


def test_queue_and_inbox_of_the_escalated_role_have_it(late):
    house, dora = late.house, late.house.people["dora"]
    (waiting,) = approvals.waiting(house.board, dora)
    assert [(s.role, s.in_place_of) for s in waiting.stand_ins] == [("deployer", "checker")]
    assert waiting.submission.escalated_at is not None
    box = notices.InboxFilter(kind=notices.Kind.APPROVAL_ASKED)
    (told,) = notices.inbox(house.board.db, dora, box).rows
    assert told.title.endswith("was not answered in time: training, and you may decide")
    house.vote(late.row, "dora")
    assert approvals.waiting(house.board, dora) == []
    assert len(approvals.waiting(house.board, house.people["vera"])) == 1
    found = register.overview(house.board.db, house.people["audrey"])
    assert [role for role, _ in found.waiting] == ["validator"]


def test_evidence_of_a_stand_in_holds_and_one_without_escalation_does_not(late, tmp_path):
    house = late.house
    house.vote(late.row, "dora")
    house.vote(late.row, "vera")
    path = tmp_path / "evidence.jsonl"
    with path.open("wb") as out:
        register.write_evidence(house.board.db, house.people["audrey"], house.board.secrets, out)
    assert verify_export.verify(path)[0] == ""
    lines = path.read_text("utf-8")
    assert '"act":"submission.escalated"' in lines
    verifier = verify_export.Verifier([])
    verifier.escalated = {}
    told = json.loads(next(x for x in lines.splitlines() if '"in_place_of":"checker"' in x))
    verifier.head = told["previous_hash"]
    with pytest.raises(verify_export.Broken, match="nothing was escalated to that role"):
        verifier.take_event(told)


def test_role_that_is_asked_anyway_is_no_one_to_escalate_to():
    only = POLICY % {"then": "remind"}
    only = only.replace(
        "uat:\n    approvals: [{role: deployer, count: 1, level: 1}]\n    expires_days: 180\n"
        "    answer_within_days: 10\n    then: remind",
        "uat:\n    approvals: [{role: deployer, count: 1, level: 1}]\n    expires_days: 180\n"
        "    answer_within_days: 10\n    then: escalate\n    escalate_to: deployer",
    )
    with pytest.raises(InvalidInput, match="Only a deployer is asked at this stage"):
        parse(only)


def test_policy_tells_who_it_is_escalated_to():
    policy = parse(POLICY % {"then": ESCALATES})
    low = policies.tier_of(policy, "low")
    assert policies.required(policy, Stage.TRAINING, low, {}).escalate_to == "deployer"
    assert policies.required(policy, Stage.UAT, low, {}).escalate_to is None


class Escalating(Flow):
    """The flow of everybody under a policy that escalates; a stand-in fills another's place."""

    @initialize()
    def begin(self):
        """A fresh experiment whose first submission is late."""
        super().begin()
        self.nobody_answers()

    @rule()
    def nobody_answers(self):
        """It is submitted and late; everybody tries, who stands in first."""
        self.submit(Stage.TRAINING, "ana")
        self.wait(12)
        for name in ("dora", *CREW):
            self._vote(Stage.TRAINING, name, Decision.APPROVE, None)

    def _judge(self, row):
        with self.house.board.db.read() as session:
            votes = list(session.exec(select(Vote).where(Vote.submission_id == row.id)))
        assert self.truth.frozen[row.id] == self.truth.content
        people = [vote.person_id for vote in votes]
        assert len(set(people)) == len(people)
        assert not {*people, *(vote.principal_id for vote in votes)} & self.truth.makers
        given = [vote.fills for vote in votes if vote.decision == Decision.APPROVE]
        for role, needed in ASKED[Stage(row.stage)].items():
            assert given.count(role) >= needed
        for vote in votes:
            if vote.in_place_of:
                self.seen["stood in"] += 1
                assert (vote.role, vote.level) == ("deployer", row.escalated_level)
                assert row.escalated_at <= vote.at
        self.seen["approved"] += 1


def test_no_sequence_with_escalation_ends_in_an_unsound_approval(db, tmp_path, templates):
    house = governed(unsynced(db), tmp_path, ESCALATES, templates)
    house.person("ned", "checker")
    machine = type("Here", (Escalating,), {"house": house, "runs": count(), "seen": Counter()})
    few = settings(SINGLE_STEPS, max_examples=4, stateful_step_count=25)
    run_state_machine_as_test(machine, settings=few)
    assert machine.seen["steps"] >= 25
    assert machine.seen["stood in"] > 0
