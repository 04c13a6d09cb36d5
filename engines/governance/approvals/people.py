"""The people around a submission by name: who may vote, and who the ids of a record are."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotAllowed
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


def present(session: Session, actor: Actor) -> AppUser:
    """The acting person as the users' table has them now, who may vote. Raises NotAllowed."""
    user = session.get(AppUser, actor.id)
    if user is None:
        raise NotAllowed(f"{actor.name} is no user of this installation.")
    if user.disabled_at is not None:
        raise NotAllowed(f"{actor.name} was disabled.")
    if not user.actor.may(Capability.APPROVAL_VOTE):
        raise NotAllowed(f"{actor.name} holds no role that votes any more.")
    return user


def accounts(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Every account of these people → which of `ids` it belongs to.

    Accounts that share an e-mail address are one person's: a local account and the one that came
    with the company's sign-in, say. A user name may be the address, too.
    """
    found = {person: person for person in ids}
    own = session.exec(select(AppUser).where(col(AppUser.id).in_(ids)))
    by_address = {address: user.id for user in own for address in _addresses(user)}
    if not by_address:
        return found
    email = sa.func.lower(AppUser.email)
    shared = sa.or_(email.in_(by_address), col(AppUser.name).in_(by_address))
    for user in session.exec(select(AppUser).where(shared)):
        for address in _addresses(user) & by_address.keys():
            found.setdefault(user.id, by_address[address])
    return found


def signing_in(session: Session) -> set[str]:
    """The ids of everybody who may sign in."""
    return {user.id for user in _enabled(session)}


def _enabled(session: Session) -> list[AppUser]:
    query = select(AppUser).where(col(AppUser.disabled_at).is_(None))
    return list(session.exec(query.order_by(AppUser.name)))


def _addresses(user: AppUser) -> set[str]:
    return {text.lower() for text in (user.email, user.name) if "@" in text}
