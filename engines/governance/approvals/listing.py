"""Submissions as the pages list them: the queue, one with all that belongs to it, its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotFound
from engines.core.events import AuditEvent
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance.approvals import (
    ballot,
    content,
    makers,
    rating,
    standing,
    submissions,
)
from engines.governance.approvals.ballot import Slot
from engines.governance.approvals.content import Care, Change, Item
from engines.governance.approvals.models import Remark, Submission, Vote
from engines.governance.approvals.port import Board
from engines.governance.approvals.states import State

PAGE_SIZE = 25


@dataclass(frozen=True)
class Filter:
    """Which submissions to list; empty fields do not choose. Pages count from 1."""

    states: tuple[State, ...] = ()
    stages: tuple[Stage, ...] = ()
    tiers: tuple[str, ...] = ()
    experiment_id: str = ""
    text: str = ""
    submitter_id: str = ""
    page: int = 1


@dataclass(frozen=True)
class Listed:
    """One line of the queue; `waits_for` are the open slots, `mine` when the actor could vote.

    `stand_ins` are those slots for the role it was escalated to.
    """

    submission: Submission
    waits_for: tuple[Slot, ...]
    mine: bool
    stand_ins: tuple[Slot, ...] = ()


@dataclass(frozen=True)
class Listing:
    """One page of submissions and how many there are."""

    rows: tuple[Listed, ...]
    total: int
    size: int = PAGE_SIZE


@dataclass(frozen=True)
class Event:
    """One line of a submission's history, from the audit trail."""

    at: datetime
    actor_name: str
    act: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """One submission with its votes, slots, makers, and what differs from its content today.

    `above` says why the model is above the tier that was approved; "" when it is not.
    """

    submission: Submission
    items: tuple[Item, ...]
    votes: tuple[Vote, ...]
    slots: tuple[Slot, ...]
    waits_for: tuple[Slot, ...]
    makers: Mapping[str, str]
    changes: tuple[Change, ...]
    above: str = ""
    stand_ins: tuple[Slot, ...] = ()


@needs(Capability.APPROVAL_READ)
def find(board: Board, actor: Actor, chosen: Filter | None = None) -> Listing:
    """Submissions, the newest first."""
    chosen = chosen or Filter()
    query = _chosen(chosen)
    ordered = query.order_by(col(Submission.created_at).desc(), col(Submission.id))
    shown = ordered.offset((max(chosen.page, 1) - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    with board.db.read() as session:
        total = session.exec(select(func.count()).select_from(query.subquery())).one()
        rows = tuple(_listed(session, actor, row) for row in session.exec(shown))
    return Listing(rows, total)


@needs(Capability.APPROVAL_READ)
def waiting(board: Board, actor: Actor) -> list[Listed]:
    """What waits for the actor's own vote, the oldest first."""
    query = select(Submission).where(Submission.state == State.SUBMITTED)
    with board.db.read() as session:
        rows = session.exec(query.order_by(col(Submission.submitted_at)))
        listed = [_listed(session, actor, row) for row in rows]
    return [each for each in listed if each.mine]


@needs(Capability.APPROVAL_READ)
def open_submission(board: Board, actor: Actor, submission_id: str) -> Opened:
    """One submission and what belongs to it. Raises NotFound or NotAllowed."""
    row = _found(board, actor, submission_id)
    material = board.sources.of(row.model)
    with board.db.read() as session:
        votes = ballot.given(session, row)
        policy = content.frozen_policy(session, row)
        made = makers.of_submission(session, row, material, policy)
        found = content.collect(board, session, material, Care.REMEMBERED)
        changed = standing.differences(session, row, found) if row.items else []
        above = rating.above(session, row, board.clock()) if row.state == State.APPROVED else ""
    waits = ballot.open_slots(row, votes) if row.state == State.SUBMITTED else []
    return Opened(
        submission=row,
        items=tuple(content.of(row)),
        votes=tuple(votes),
        slots=tuple(ballot.slots(row, votes)),
        waits_for=tuple(waits),
        makers=made,
        changes=tuple(changed),
        above=above,
        stand_ins=tuple(ballot.stand_ins(row, votes) if waits else ()),
    )


@needs(Capability.APPROVAL_READ)
def of_model(board: Board, actor: Actor, model: ModelRef) -> list[Submission]:
    """Every submission of a model, the newest first."""
    query = select(Submission).where(
        Submission.run_id == model.run_id, Submission.task == model.task
    )
    with board.db.read() as session:
        return list(session.exec(query.order_by(col(Submission.created_at).desc())))


@needs(Capability.APPROVAL_READ)
def history(board: Board, actor: Actor, submission_id: str) -> list[Event]:
    """What was done with a submission, the newest first. Raises NotFound or NotAllowed."""
    _found(board, actor, submission_id)
    mine = select(AuditEvent).where(AuditEvent.subject == f"submission:{submission_id}")
    with board.db.read() as session:
        rows = session.exec(mine.order_by(col(AuditEvent.number).desc()))
        return [Event(row.at, row.actor_name, row.act, row.detail) for row in rows]


@needs(Capability.APPROVAL_READ)
def remark(board: Board, actor: Actor, submission_id: str, text: str) -> Remark:
    """Add to a submission's discussion. Raises InvalidInput, NotFound or NotAllowed."""
    row = _found(board, actor, submission_id)
    if not submissions.checked_text(text):
        raise InvalidInput("There is nothing in it.", hint="Write a sentence.")
    said = Remark(
        submission_id=row.id,
        person_id=actor.id,
        person_name=actor.name,
        text=text.strip(),
        at=board.clock(),
    )
    with board.db.write() as session:
        session.add(said)
        events.record(session, actor, "submission.remarked", submissions.subject(row))
    return said


@needs(Capability.APPROVAL_READ)
def remarks(board: Board, actor: Actor, submission_id: str) -> list[Remark]:
    """A submission's discussion, the oldest first. Raises NotFound or NotAllowed."""
    _found(board, actor, submission_id)
    query = select(Remark).where(Remark.submission_id == submission_id)
    with board.db.read() as session:
        return list(session.exec(query.order_by(col(Remark.at), col(Remark.id))))


def _found(board: Board, actor: Actor, submission_id: str) -> Submission:
    with board.db.read() as session:
        row = session.get(Submission, submission_id)
    if row is None:
        raise NotFound("There is no such submission.", hint="Choose one from the list.")
    board.experiments.check_readable(actor, row.experiment_id)
    return row


def _chosen(chosen: Filter) -> Any:
    query = select(Submission)
    for column, values in (
        (Submission.state, chosen.states),
        (Submission.stage, chosen.stages),
        (Submission.tier, chosen.tiers),
        (Submission.experiment_id, (chosen.experiment_id,) if chosen.experiment_id else ()),
        (Submission.submitter_id, (chosen.submitter_id,) if chosen.submitter_id else ()),
    ):
        if values:
            query = query.where(col(column).in_(list(values)))
    if words := chosen.text.strip():
        query = query.where(col(Submission.title).icontains(words, autoescape=True))
    return query


def _listed(session: Session, actor: Actor, row: Submission) -> Listed:
    votes = ballot.given(session, row)
    waits = ballot.open_slots(row, votes) if row.state == State.SUBMITTED else []
    barred = {*row.makers, row.submitter_id, *(vote.person_id for vote in votes)}
    others = ballot.stand_ins(row, votes) if waits else []
    mine = actor.id not in barred and any(s.role in actor.roles for s in (*waits, *others))
    return Listed(row, tuple(waits), mine, tuple(others))
