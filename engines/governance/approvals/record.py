"""The question of record: which model, data, policy and people decided, as of then."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotFound
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import documents
from engines.governance.approvals import ballot, content, sealed, then
from engines.governance.approvals.content import Item, Kind
from engines.governance.approvals.models import GateDecision, Submission, Vote
from engines.governance.approvals.port import Board


@dataclass(frozen=True)
class Record:
    """Who let a model decide: the approval that held at `at`, as it was signed.

    `decision` is the gate's row when the question named a request; `fault` says what is wrong with
    the stored signature, "" when it is sound.
    """

    at: datetime
    model: ModelRef
    stage: Stage
    submission: Submission
    votes: tuple[Vote, ...]
    items: tuple[Item, ...]
    fault: str
    decision: GateDecision | None = None

    @property
    def data_sha256(self) -> str:
        """SHA-256 of the data the model was trained on."""
        return next((item.sha256 for item in self.items if item.kind == Kind.DATA), "")

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved, with their role: “name (role)”."""
        return tuple(f"{vote.person_name} ({vote.capacity})" for vote in self.votes)

    @property
    def policy(self) -> str:
        """The policy and its version."""
        return f"{self.submission.policy_name} {self.submission.policy_version}"


@needs(Capability.APPROVAL_READ)
def who_decided(
    board: Board,
    actor: Actor,
    request_id: str = "",
    at: datetime | None = None,
    model: ModelRef | None = None,
    stage: Stage = Stage.PROD,
) -> list[Record]:
    """The approvals behind a request, or those in force at a moment (of one model, or of all).

    A request that was refused has none. Raises NotFound for a request the gate never saw.
    """
    with board.db.read() as session:
        if request_id:
            return _of_request(board, session, request_id)
        moment = at or board.clock()
        rows = _in_force(session, moment, stage, model)
        return [record_of(board, session, row, moment) for row in rows]


@needs(Capability.APPROVAL_READ)
def decisions(
    board: Board,
    actor: Actor,
    model: ModelRef | None = None,
    limit: int = 200,
    until: datetime | None = None,
) -> list[GateDecision]:
    """What the gate decided, the newest first; `until` leaves out what came later."""
    query = select(GateDecision)
    if model is not None:
        of_model = (col(GateDecision.run_id) == model.run_id) & (
            col(GateDecision.task) == model.task
        )
        query = query.where(of_model)
    if until is not None:
        query = query.where(col(GateDecision.at) <= until)
    with board.db.read() as session:
        return list(session.exec(query.order_by(col(GateDecision.at).desc()).limit(limit)))


@needs(Capability.APPROVAL_READ)
def approval_facts(board: Board, actor: Actor, submission_id: str) -> documents.ApprovalFacts:
    """What the approval record document tells of a submission. Raises NotFound or NotAllowed."""
    with board.db.read() as session:
        row = session.get(Submission, submission_id)
        if row is None:
            raise NotFound("There is no such submission.", hint="Choose one from the list.")
        votes = ballot.given(session, row)
    board.experiments.check_readable(actor, row.experiment_id)
    return _facts(row, votes)


def signed_statement(submission: Submission) -> dict[str, Any]:
    """What was signed, as an object; empty before there is a signature."""
    found: dict[str, Any] = json.loads(submission.signed) if submission.signed else {}
    return found


def carrying_id(session: Session, request_id: str) -> list[GateDecision]:
    """The gate's decisions on a request, in their order. Raises NotFound when there is none."""
    mine = (col(GateDecision.request_id) == request_id) | (col(GateDecision.id) == request_id)
    rows = list(session.exec(select(GateDecision).where(mine).order_by(col(GateDecision.at))))
    if not request_id or not rows:
        raise NotFound(
            "The gate never saw a request with this id.",
            hint="Give the id that the answer carried, or the id of a permit.",
        )
    return rows


def _of_request(board: Board, session: Session, request_id: str) -> list[Record]:
    found = []
    for row in carrying_id(session, request_id):
        approval = session.get(Submission, row.submission_id) if row.submission_id else None
        if approval is not None and row.allowed:
            found.append(record_of(board, session, approval, row.as_of, row))
    return found


def _in_force(
    session: Session, at: datetime, stage: Stage, model: ModelRef | None
) -> list[Submission]:
    """The approvals of the stage that held then, together with all before them."""
    found = then.past(session, at, model).values()
    ids = [each.at(stage).submission_id for each in found if each.holds(stage)]
    query = select(Submission).where(col(Submission.id).in_(ids))
    return list(session.exec(query.order_by(col(Submission.decided_at))))


def record_of(
    board: Board,
    session: Session,
    row: Submission,
    at: datetime,
    decision: GateDecision | None = None,
) -> Record:
    """The approval as it was signed, with whether its signature is sound."""
    given = ballot.given(session, row)
    votes = tuple(ballot.counted(row, given, row.makers))
    fault = sealed.fault(board.secrets, row, given)
    items = tuple(content.of(row))
    return Record(at, row.model, row.at_stage, row, votes, items, fault, decision)


def _facts(row: Submission, votes: Sequence[Vote]) -> documents.ApprovalFacts:
    return documents.ApprovalFacts(
        model=row.model,
        title=row.title,
        stage=row.stage,
        state=row.state,
        policy=f"{row.policy_name} {row.policy_version}",
        tier=row.tier,
        content_hash=row.content_hash,
        signature=row.signature,
        public_key=row.public_key,
        submitted_by=row.submitter_name,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        expires_at=row.expires_at,
        makers=tuple(f"{person}: {what}" for person, what in row.makers.items()),
        items=tuple(row.items),
        votes=tuple(_vote(vote) for vote in votes),
        checks=tuple(_check(check) for check in row.checks),
    )


def _vote(vote: Vote) -> dict[str, Any]:
    spoken = vote.principal_id != vote.person_id
    who = f"{vote.person_name} for {vote.principal_name}" if spoken else vote.person_name
    return {
        "who": who,
        "role": vote.capacity,
        "level": vote.level,
        "vote": vote.decision,
        "comment": vote.comment,
        "at": vote.at,
    }


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    bounds = (check.get(name) for name in ("at_least", "at_most", "equals", "present"))
    limit = next((bound for bound in bounds if bound is not None), None)
    names = ("label", "value", "passed", "severity", "sentence")
    told = {name: check.get(name) for name in names}
    return {**told, "limit": limit, "applies": check.get("applies", True)}
