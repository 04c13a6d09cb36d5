"""Random people, roles, delegations, edits, clock jumps and votes at once: nothing slips through.

The machine keeps its own small truth beside the product: who had a part in the model, what its
content is, which votes were accepted. After every step it judges every approval by that truth.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event
from sqlmodel import col, select

from engines.core import events
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.errors import MlaasError, NotAllowed, NotReady
from engines.core.gate import Purpose, Stage
from engines.core.models import AppUser
from engines.governance import approvals
from engines.governance.approvals import Decision, Delegation, State, Submission, Vote
from tests.harness.governed import PEOPLE, Governed, governed

VOTING = ("checker", "validator", "deployer")
CREW = ("ana", "carl", "cora", "vera", "dora", "ned")
NAMES = st.sampled_from(CREW)
SOMEBODY_ELSE = st.sampled_from((None, *CREW))
STAGES = st.sampled_from((Stage.TRAINING, Stage.PUBLISHED))
ROLES = st.sets(st.sampled_from(("analyst", *VOTING)), min_size=1, max_size=3)
ASKED = {Stage.TRAINING: {"checker": 1, "validator": 1}, Stage.PUBLISHED: {"checker": 1}}
SINGLE_STEPS = settings(
    max_examples=20,
    stateful_step_count=50,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Truth:
    """What really happened to one model."""

    makers: set[str] = field(default_factory=set)
    content: tuple[int, int] = (0, 0)  # texts written, bytes changed
    frozen: dict[str, tuple[int, int]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)


class Flow(RuleBasedStateMachine):
    """One model on its way, and everybody who might have a say."""

    house: Governed
    runs: Iterator[int]
    seen: Counter[str]

    @initialize()
    def begin(self) -> None:
        """A fresh experiment; everybody is what they were hired for."""
        for name in CREW:
            self._become(name, set(PEOPLE.get(name, ("checker",))))
        with self.house.board.db.write() as session:
            session.execute(sa.update(Delegation).values(ended_at=self.house.clock.now))
            waiting = sa.update(Submission).where(col(Submission.state) == State.SUBMITTED)
            session.execute(waiting.values(state=State.WITHDRAWN))  # nobody looks at them again
        self.house.train(run=f"r{next(self.runs)}")
        self.truth = Truth({"user-ana"})

    @rule(by=NAMES)
    def write(self, by: str) -> None:
        """Somebody writes a section; only the owner can."""
        with suppress(MlaasError):
            texts, changed = self.truth.content
            self.house.write("details", f"Text {texts + 1}", by)
            self.truth.content = (texts + 1, changed)
            self.truth.makers.add(f"user-{by}")

    @rule()
    def flip(self) -> None:
        """A byte of the model changes on disk."""
        texts, changed = self.truth.content
        self.house.file().write_text(f"model {changed + 1}")
        self.truth.content = (texts, changed + 1)

    @rule(by=st.sampled_from(("ana", "cora")))
    def edit_data(self, by: str) -> None:
        """Somebody edits the data: a maker from then on."""
        with self.house.board.db.write() as session:
            subject = f"experiment:{self.house.experiment}"
            events.record(session, self.house.people[by], "dataset.attached", subject)
        self.truth.makers.add(f"user-{by}")

    @rule(who=st.sampled_from(("ana", "cora", "ned", "dora")), roles=ROLES)
    def change_roles(self, who: str, roles: set[str]) -> None:
        """Somebody gets other duties."""
        self._become(who, roles | ({"analyst"} if who == "ana" else set()))

    @rule(giver=NAMES, taker=NAMES, role=st.sampled_from(VOTING), days=st.integers(1, 30))
    def delegate(self, giver: str, taker: str, role: str, days: int) -> None:
        """Somebody hands on a vote."""
        start = self.house.clock.now
        people = self.house.people[giver], self.house.people[taker].id
        with suppress(MlaasError):
            end = start + timedelta(days=days)
            approvals.delegate(self.house.board, *people, Role(role), start, end, "Away.")

    @rule(days=st.sampled_from((1, 5, 12, 200, 400)))
    def wait(self, days: int) -> None:
        """Time passes, and the worker tidies up."""
        approvals.tick(self.house.board, self.house.clock.on(days=days))

    @rule(stage=STAGES, by=NAMES)
    def submit(self, stage: Stage, by: str) -> None:
        """Somebody submits; only the owner can, and only in order."""
        with suppress(MlaasError):
            row = self.house.submit(stage, by)
            assert by == "ana"
            self.truth.frozen[row.id] = self.truth.content

    @rule(stage=STAGES)
    def submit_again(self, stage: Stage) -> None:
        """The owner submits again what came back or changed."""
        row = self._newest(stage)
        if row is None or row.state == State.DRAFT:
            return
        with suppress(MlaasError):
            made = approvals.resubmit(self.house.board, self.house.people["ana"], row.id)
            self.truth.frozen[made.id] = self.truth.content

    @rule(stage=STAGES, by=NAMES, spoken=SOMEBODY_ELSE)
    def approve(self, stage: Stage, by: str, spoken: str | None) -> None:
        """Somebody approves, for themselves or for somebody else."""
        self._vote(stage, by, Decision.APPROVE, spoken)

    @rule(stage=STAGES)
    def everybody_approves(self, stage: Stage) -> None:
        """Everybody tries, one after the other."""
        for name in CREW:
            self._vote(stage, name, Decision.APPROVE, None)

    @rule(far=st.integers(1, 2))
    def go_through(self, far: int) -> None:
        """What people are there for: submitted anew, and everybody tries to approve."""
        for stage in (Stage.TRAINING, Stage.PUBLISHED)[:far]:
            self.submit(stage, "ana")
            self.submit_again(stage)
            self.everybody_approves(stage)
        self.publish()

    @rule(stage=STAGES, by=NAMES, decision=st.sampled_from((Decision.RETURN, Decision.REJECT)))
    def send_back(self, stage: Stage, by: str, decision: Decision) -> None:
        """Somebody says no."""
        self._vote(stage, by, decision, None)

    @rule(stage=STAGES, people=st.lists(NAMES, min_size=2, max_size=3))
    def approve_at_once(self, stage: Stage, people: list[str]) -> None:
        """Several tabs, also of one person, approve in the same moment."""
        row = self._newest(stage)
        if row is None or row.state != State.SUBMITTED:
            return
        with ThreadPoolExecutor(len(people)) as pool:
            list(pool.map(lambda name: self._cast(row, name, Decision.APPROVE, None), people))

    @rule(stage=STAGES, by=NAMES)
    def revoke(self, stage: Stage, by: str) -> None:
        """Somebody takes an approval back."""
        row = self._newest(stage)
        if row is None:
            return
        with suppress(MlaasError):
            approvals.revoke(self.house.board, self.house.people[by], row.id, "A flaw.")
            self.truth.revoked.add(row.id)

    @rule(stage=STAGES)
    def withdraw(self, stage: Stage) -> None:
        """The owner takes a submission back."""
        row = self._newest(stage)
        if row is not None:
            with suppress(MlaasError):
                approvals.withdraw(self.house.board, self.house.people["ana"], row.id, "Wait.")

    @rule()
    def publish(self) -> None:
        """The gate lets through what the truth lets through, and nothing else."""
        wanted = self._may_publish()
        publisher = Actor("user-dora", "dora", frozenset({Role.DEPLOYER}))
        try:
            self.house.gate.may_use(publisher, self.house.model, Purpose.PUBLISH)
        except NotAllowed:
            assert not wanted
            self._void()
        else:
            assert wanted
            self.seen["let through"] += 1

    @invariant()
    def every_approval_is_sound(self) -> None:
        """No maker, enough different people, the roles asked, on content that was the same."""
        self.seen["steps"] += 1
        if not hasattr(self, "truth"):
            return
        for row in self._all():
            if row.state == State.APPROVED and row.id not in self.truth.judged:
                self.truth.judged.add(row.id)
                self._judge(row)

    def _judge(self, row: Submission) -> None:
        with self.house.board.db.read() as session:
            votes = list(session.exec(select(Vote).where(Vote.submission_id == row.id)))
        self.seen[f"approved for {row.stage}"] += 1
        assert row.id in self.truth.frozen
        assert self.truth.frozen[row.id] == self.truth.content, "approved on changed content"
        people = [vote.person_id for vote in votes]
        voices = [vote.principal_id for vote in votes]
        assert len(set(people)) == len(people)
        assert len(set(voices)) == len(voices)
        assert not {*people, *voices} & self.truth.makers, "approved by a maker"
        given = [vote.role for vote in votes if vote.decision == Decision.APPROVE]
        for role, needed in ASKED[Stage(row.stage)].items():
            assert given.count(role) >= needed, "too few votes"
        assert all(vote.content_hash == row.content_hash for vote in votes)

    def _may_publish(self) -> bool:
        """By the truth: both stages approved last, in time, not taken back, nothing changed."""
        for stage in (Stage.TRAINING, Stage.PUBLISHED):
            row = self._decided(stage)
            if row is None or row.id in self.truth.revoked | self.truth.voided:
                return False
            over = row.expires_at is not None and row.expires_at <= self.house.clock.now
            if over or self.truth.frozen[row.id] != self.truth.content:
                return False
        return True

    def _void(self) -> None:
        """Remember which approvals the gate has just found changed."""
        gone = (row.id for row in self._all() if row.state == State.VOID)
        self.truth.voided.update(gone)

    def _become(self, name: str, roles: set[str]) -> None:
        actor = self.house.people[name]
        self.house.people[name] = Actor(actor.id, name, frozenset(Role(r) for r in roles))
        with self.house.board.db.write() as session:
            given = sa.update(AppUser).where(col(AppUser.id) == actor.id)
            session.execute(given.values(roles=sorted(roles)))

    def _vote(self, stage: Stage, by: str, decision: Decision, spoken: str | None) -> None:
        row = self._newest(stage)
        if row is not None:
            self._cast(row, by, decision, spoken)

    def _cast(self, row: Submission, by: str, decision: Decision, spoken: str | None) -> None:
        with suppress(MlaasError):
            self.house.vote(row, by, decision, "Said.", f"user-{spoken}" if spoken else "")

    def _all(self) -> list[Submission]:
        mine = select(Submission).where(Submission.run_id == self.house.model.run_id)
        with self.house.board.db.read() as session:
            return list(session.exec(mine.order_by(col(Submission.created_at))))

    def _newest(self, stage: Stage) -> Submission | None:
        return next((row for row in reversed(self._all()) if row.stage == stage), None)

    def _decided(self, stage: Stage) -> Submission | None:
        ended = (State.APPROVED, State.EXPIRED, State.REVOKED, State.VOID)
        rows = [row for row in self._all() if row.stage == stage and row.state in ended]
        return max(rows, key=lambda row: row.decided_at, default=None)


@contextmanager
def flowing(db: Database, folder: Path) -> Iterator[type[Flow]]:
    """The machine on one database: each example is a new experiment in it."""
    house = governed(db, folder)
    house.person("ned", "checker")
    yield type("FlowHere", (Flow,), {"house": house, "runs": count(), "seen": Counter()})


def unsynced(db: Database) -> Database:
    """SQLite that does not wait for the disk: nobody pulls the plug here."""
    if db.is_sqlite:
        event.listen(db.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    return db


@pytest.mark.slow
@pytest.mark.timeout(900)  # 73 s of computing; other tests may run beside it
def test_no_sequence_ends_in_an_unsound_approval(db: Database, tmp_path: Path) -> None:
    with flowing(unsynced(db), tmp_path) as machine:
        while machine.seen["steps"] < 5_000:  # how many an example takes is left to chance
            run_state_machine_as_test(machine, settings=SINGLE_STEPS)
        assert machine.seen["approved for published"] > 0
        assert machine.seen["let through"] > 0


def test_short_sequences_end_in_no_unsound_approval(db: Database, tmp_path: Path) -> None:
    few = settings(SINGLE_STEPS, max_examples=4, stateful_step_count=30)
    with flowing(unsynced(db), tmp_path) as machine:
        run_state_machine_as_test(machine, settings=few)
        assert machine.seen["steps"] >= 30


@pytest.mark.postgres
def test_no_sequence_ends_in_an_unsound_approval_on_postgresql(
    kept_database, tmp_path: Path
) -> None:
    few = settings(SINGLE_STEPS, max_examples=12, stateful_step_count=40)
    db = Database(kept_database.url)
    try:
        with flowing(db, tmp_path) as machine:
            run_state_machine_as_test(machine, settings=few)
            assert machine.seen["steps"] >= 400
    finally:
        db.engine.dispose()
        kept_database.renew()


def votes_at_once(house: Governed, names: list[str]) -> tuple[Submission, list[Vote]]:
    """Everybody named approves a fresh submission in the same moment."""
    row = house.submit()

    def cast(name: str) -> None:
        with suppress(NotReady, NotAllowed):
            house.vote(row, name)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(cast, names))
    with house.board.db.read() as session:
        mine = select(Vote).where(Vote.submission_id == row.id)
        return session.get_one(Submission, row.id), list(session.exec(mine))


def test_many_votes_at_once_are_counted_exactly(house: Governed) -> None:
    house.person("ned", "checker")
    row, votes = votes_at_once(house, ["carl", "cora", "ned", "carl", "cora", "ned"] * 2)
    assert [vote.role for vote in votes] == ["checker"]
    assert row.state == State.SUBMITTED
    assert house.vote(row, "vera").state == State.APPROVED


@pytest.mark.postgres
def test_many_votes_at_once_are_counted_exactly_on_postgresql(
    kept_database, tmp_path: Path
) -> None:
    db = Database(kept_database.url)
    try:
        house = governed(db, tmp_path)
        house.train()
        house.person("ned", "checker")
        row, votes = votes_at_once(house, ["carl", "cora", "ned", "carl", "cora", "ned"] * 2)
        assert [vote.role for vote in votes] == ["checker"]
        assert house.vote(row, "vera").state == State.APPROVED
    finally:
        db.engine.dispose()
        kept_database.renew()
