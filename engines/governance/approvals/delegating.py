"""Handing one's vote to somebody else for a period."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from engines.core import events
from engines.core.access import Actor, Capability, Role, needs
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.models import AppUser
from engines.governance import notices
from engines.governance.approvals.models import Delegation
from engines.governance.approvals.port import Board

VOTING = (Role.CHECKER, Role.VALIDATOR, Role.DEPLOYER)
LONGEST = timedelta(days=90)


@needs(Capability.DELEGATE_OWN)
def delegate(
    board: Board,
    actor: Actor,
    taker_id: str,
    role: Role,
    begins_at: datetime,
    ends_at: datetime,
    reason: str,
) -> Delegation:
    """Let another voting person vote in the actor's role for a period of at most 90 days.

    Who made a model votes on it neither through a delegation nor as one. Raises InvalidInput,
    NotAllowed or NotFound.
    """
    _check(board, actor, taker_id, role, begins_at, ends_at, reason)
    with board.db.write() as session:
        taker = _taker(session, taker_id)
        row = Delegation(
            giver_id=actor.id,
            giver_name=actor.name,
            taker_id=taker.id,
            taker_name=taker.name,
            role=role.value,
            reason=reason.strip(),
            begins_at=begins_at,
            ends_at=ends_at,
            created_at=board.clock(),
        )
        session.add(row)
        session.flush()
        told = {"to": taker.name, "role": role, "begins": begins_at, "ends": ends_at}
        _record(session, actor, "delegation.given", row, **told, reason=reason)
        title = f"{actor.name} lets you vote as {role.value} until {ends_at:%Y-%m-%d}"
        notices.post(session, [taker.id], notices.Kind.DELEGATION, title, reason)
    return row


@needs(Capability.DELEGATE_OWN)
def end_delegation(board: Board, actor: Actor, delegation_id: str) -> Delegation:
    """Take one's vote back at once. Raises NotFound, NotAllowed or NotReady."""
    with board.db.write() as session:
        row = session.get(Delegation, delegation_id, with_for_update=True)
        if row is None:
            raise NotFound("There is no such delegation.")
        if row.giver_id != actor.id:
            raise NotAllowed(f"Only {row.giver_name}, who gave it, can take it back.")
        if row.ended_at is not None:
            raise NotReady("This delegation has ended already.")
        row.ended_at = board.clock()
        session.add(row)
        _record(session, actor, "delegation.ended", row, to=row.taker_name)
    return row


@needs(Capability.DELEGATE_OWN)
def delegations(board: Board, actor: Actor) -> list[Delegation]:
    """What the actor has given and was given, the newest first."""
    mine = (col(Delegation.giver_id) == actor.id) | (col(Delegation.taker_id) == actor.id)
    query = select(Delegation).where(mine).order_by(col(Delegation.created_at).desc())
    with board.db.read() as session:
        return list(session.exec(query))


def in_force(session: Session, taker_id: str, at: datetime) -> list[Delegation]:
    """The delegations that a person may use at a moment, from givers who still hold the role."""
    query = select(Delegation).where(
        Delegation.taker_id == taker_id,
        Delegation.begins_at <= at,
        Delegation.ends_at > at,
        col(Delegation.ended_at).is_(None),
    )
    return [row for row in session.exec(query) if _still_holds(session, row)]


def _still_holds(session: Session, row: Delegation) -> bool:
    giver = session.get(AppUser, row.giver_id)
    return giver is not None and giver.disabled_at is None and row.role in giver.roles


def _check(
    board: Board,
    actor: Actor,
    taker_id: str,
    role: Role,
    begins_at: datetime,
    ends_at: datetime,
    reason: str,
) -> None:
    if not begins_at < ends_at or ends_at <= board.clock():
        raise InvalidInput("The period has no length or is over.", hint="Choose a later end.")
    if role not in VOTING or role not in actor.roles:
        raise NotAllowed(f"You do not vote as {role}.", hint="Delegate a role that you hold.")
    if taker_id == actor.id:
        raise InvalidInput("A vote is delegated to somebody else.")
    if ends_at - begins_at > LONGEST:
        raise InvalidInput(f"A delegation lasts at most {LONGEST.days} days.", hint="Shorten it.")
    if not reason.strip():
        raise InvalidInput("A reason is needed.", hint="Say in a few words why.")


def _record(session: Session, actor: Actor, act: str, row: Delegation, **detail: Any) -> None:
    events.record(session, actor, act, f"user:{actor.id}", delegation=row.id, **detail)


def _taker(session: Session, taker_id: str) -> AppUser:
    taker = session.get(AppUser, taker_id)
    if taker is None or taker.disabled_at is not None:
        raise NotFound("There is no such user.")
    if not taker.actor.may(Capability.APPROVAL_VOTE):
        raise InvalidInput(
            f"{taker.name} holds no role that votes.",
            hint=f"Choose somebody who is {', '.join(VOTING[:-1])} or {VOTING[-1]}.",
        )
    return taker
