"""The people around a submission by name: who may vote, and who the ids of a record are."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.model_ref import ModelRef
from engines.core.models import AppUser
from engines.governance.approvals.models import Submission, Vote
from engines.governance.approvals.port import Board


@needs(Capability.DELEGATE_OWN)
def voters(board: Board, actor: Actor) -> dict[str, str]:
    """Id → name of everybody else who may be handed a vote."""
    with board.db.read() as session:
        people = [user for user in _enabled(session) if user.id != actor.id]
    return {user.id: user.name for user in people if user.actor.may(Capability.APPROVAL_VOTE)}


@needs(Capability.APPROVAL_READ)
def names(board: Board, actor: Actor, ids: Collection[str]) -> dict[str, str]:
    """Id → name of the people of a record; who is not known here is left out."""
    query = select(AppUser.id, AppUser.name).where(col(AppUser.id).in_(ids))
    with board.db.read() as session:
        return dict(session.exec(query).all())


def concerned(session: Session, model: ModelRef) -> set[str]:
    """The ids of those who made a model, submitted it, or voted on it, and still sign in."""
    of_model = (Submission.run_id == model.run_id, Submission.task == model.task)
    found: set[str] = set()
    for submission in session.exec(select(Submission).where(*of_model)):
        found |= {submission.submitter_id, *submission.makers}
    votes = select(Vote.person_id, Vote.principal_id).join(Submission).where(*of_model)
    for person, principal in session.exec(votes):
        found |= {person, principal}
    return found & signing_in(session)


def signing_in(session: Session) -> set[str]:
    """The ids of everybody who may sign in."""
    return {user.id for user in _enabled(session)}


def _enabled(session: Session) -> list[AppUser]:
    query = select(AppUser).where(col(AppUser.disabled_at).is_(None))
    return list(session.exec(query.order_by(AppUser.name)))
