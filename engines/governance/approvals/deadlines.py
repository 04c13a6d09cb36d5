"""What time does: approvals expire, and submissions nobody answered are reminded or ended.

Called by the worker's housekeeping with the moment, so nothing here has a thread or a clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Role
from engines.core.users import SYSTEM
from engines.governance import notices
from engines.governance.approvals import attested, ballot, submissions
from engines.governance.approvals.models import Submission
from engines.governance.approvals.port import Board
from engines.governance.approvals.states import State

REMIND_AGAIN = timedelta(days=1)
AT_ONCE = 200


@dataclass(frozen=True)
class Ticked:
    """How many approvals expired, and how many late submissions were dealt with."""

    expired: int = 0
    late: int = 0


def tick(board: Board, moment: datetime) -> Ticked:
    """Do what the moment asks for; repeating it at the same moment does nothing more.

    Each submission is one transaction of its own, so that several workers may meet here.
    """
    at = replace(board, clock=lambda: moment)
    over = sum(_expire(at, one, moment) for one in _expired(at, moment))
    late = sum(_late(at, one, moment) for one in _unanswered(at, moment))
    return Ticked(over, late)


def _expired(board: Board, moment: datetime) -> list[str]:
    approved = col(Submission.state) == State.APPROVED
    return _ids(board, approved & (col(Submission.expires_at) <= moment))


def _unanswered(board: Board, moment: datetime) -> list[str]:
    waits = col(Submission.state) == State.SUBMITTED
    return _ids(board, waits & (col(Submission.answer_by) <= moment))


def _ids(board: Board, which: ColumnElement[bool]) -> list[str]:
    with board.db.read() as session:
        return list(session.exec(select(Submission.id).where(which).limit(AT_ONCE)))


def _expire(board: Board, submission_id: str, moment: datetime) -> bool:
    with board.db.write() as session:
        row = submissions.locked(session, submission_id)
        if row.state != State.APPROVED or row.expires_at is None or row.expires_at > moment:
            return False
        reason = f"It was approved until {row.expires_at:%Y-%m-%d}."
        submissions.end(board, session, SYSTEM, row, State.EXPIRED, reason)
        title = f"The approval of {row.title} for {row.stage_words} has expired"
        submissions.tell_makers(session, row, notices.Kind.APPROVAL_ENDED, title)
    return True


def _late(board: Board, submission_id: str, moment: datetime) -> bool:
    with board.db.write() as session:
        row = submissions.locked(session, submission_id)
        if row.state != State.SUBMITTED or row.answer_by is None or row.answer_by > moment:
            return False
        act = ACTIONS[row.requirements["then"]]
        return act(board, session, row, moment)


def _remind(board: Board, session: Session, row: Submission, moment: datetime) -> bool:
    if row.reminded_at is not None and moment - row.reminded_at < REMIND_AGAIN:
        return False
    row.reminded_at = moment
    session.add(row)
    votes = ballot.given(session, row)
    spare = {*row.makers, row.submitter_id, *(vote.person_id for vote in votes)}
    title = f"{row.title} still waits for approval: {row.stage_words}"
    for role in sorted({slot.role for slot in ballot.votable(row, votes)}):
        kind, link = notices.Kind.APPROVAL_REMINDER, submissions.link(row)
        notices.post(session, role, kind, title, row.comment, link, spare=spare)
    told = {"stage": row.stage, "due": row.answer_by}
    events.record(session, SYSTEM, "submission.reminded", submissions.subject(row), **told)
    return True


def _escalate(board: Board, session: Session, row: Submission, moment: datetime) -> bool:
    """Tell the administrators and every voting role once, then go on reminding.

    From then on the role that the policy escalates to may vote, too, on the level that is late.
    """
    if row.escalated_at is not None:
        return _remind(board, session, row, moment)
    votes = ballot.given(session, row)
    row.escalated_at = row.reminded_at = moment
    row.escalated_level = min((slot.level for slot in ballot.open_slots(row, votes)), default=None)
    session.add(row)
    added = {slot.role for slot in ballot.stand_ins(row, votes)}
    title = f"{row.title} was not answered in time: {row.stage_words}"
    for role in (Role.ADMIN, Role.VALIDATOR, Role.CHECKER, Role.DEPLOYER):
        asked, link = role in added, submissions.link(row)
        kind = notices.Kind.APPROVAL_ASKED if asked else notices.Kind.APPROVAL_REMINDER
        text = f"{title}, and you may decide" if asked else title
        notices.post(session, role, kind, text, row.comment, link, spare={*row.makers})
    told: dict[str, Any] = {"stage": row.stage, "due": row.answer_by}
    told |= {"to": min(added), "level": row.escalated_level} if added else {}
    told |= attested.mark_escalation(board.secrets, row)
    events.record(session, SYSTEM, attested.ESCALATED, submissions.subject(row), **told)
    return True


def _return(board: Board, session: Session, row: Submission, moment: datetime) -> bool:
    return _end(board, session, row, State.RETURNED)


def _reject(board: Board, session: Session, row: Submission, moment: datetime) -> bool:
    return _end(board, session, row, State.REJECTED)


def _end(board: Board, session: Session, row: Submission, state: State) -> bool:
    reason = "Nobody decided within the time that the policy gives."
    submissions.end(board, session, SYSTEM, row, state, reason)
    kind = notices.Kind.APPROVAL_RETURNED
    submissions.tell_makers(session, row, kind, f"{row.title} was {state.value}: time is over")
    return True


ACTIONS: Mapping[str, Callable[[Board, Session, Submission, datetime], bool]] = {
    "remind": _remind,
    "escalate": _escalate,
    "return": _return,
    "reject": _reject,
}
