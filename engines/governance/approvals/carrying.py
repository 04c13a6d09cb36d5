"""What of an earlier submission's review still stands when the model is submitted again."""

from sqlmodel import Session

from engines.core.access import Role
from engines.core.models import AppUser
from engines.governance.approvals import ballot, content, makers
from engines.governance.approvals.models import Submission, Vote
from engines.governance.approvals.port import Board, Material
from engines.governance.approvals.states import Decision, State

CARRYING = frozenset({State.RETURNED, State.WITHDRAWN})


def carry(board: Board, session: Session, row: Submission, material: Material) -> int:
    """Take over the votes of the submission before, when its content was exactly the same.

    Gives how many. Only one that came back or was withdrawn carries: a rejected, revoked or expired
    one was judged. Whoever has become a maker or lost the role since is asked again by the rules.
    """
    previous = session.get(Submission, row.previous_id) if row.previous_id else None
    if previous is None or previous.state not in CARRYING:
        return 0
    if (previous.content_hash, previous.model) != (row.content_hash, row.model):
        return 0
    policy = content.frozen_policy(session, row)
    made = makers.of_submission(session, row, material, policy)
    earlier = ballot.counted(row, ballot.given(session, previous), made)
    kept = [vote for vote in earlier if _may_still(session, vote)]
    for vote in kept:
        if _wanted(session, row, vote):
            session.add(_copy(vote, row))
            session.flush()
    return len(ballot.given(session, row))


def confirmed(session: Session, row: Submission, person_id: str) -> dict[str, str]:
    """The parts a person has confirmed in the submissions before this one: part → hash."""
    found: dict[str, str] = {}
    seen = {row.id}
    previous = row.previous_id
    while previous and previous not in seen:
        seen.add(previous)
        before = session.get(Submission, previous)
        if before is None:
            break
        for vote in ballot.given(session, before):
            if vote.person_id == person_id and vote.decision != Decision.REJECT:
                found = {**vote.parts, **found}
        previous = before.previous_id
    return found


def _may_still(session: Session, vote: Vote) -> bool:
    people = {vote.person_id, vote.principal_id}
    rows = [session.get(AppUser, person) for person in people]
    if any(row is None or row.disabled_at is not None for row in rows):
        return False
    principal = session.get(AppUser, vote.principal_id)
    return principal is not None and Role(vote.role) in principal.actor.roles


def _wanted(session: Session, row: Submission, vote: Vote) -> bool:
    if vote.in_place_of:
        return False  # the new submission is not late
    slots = ballot.open_slots(row, ballot.given(session, row))
    return any((slot.level, slot.role) == (vote.level, vote.role) for slot in slots)


def _copy(vote: Vote, row: Submission) -> Vote:
    values = vote.model_dump(exclude={"id", "submission_id", "carried_from"})
    return Vote(**values, submission_id=row.id, carried_from=vote.id)
