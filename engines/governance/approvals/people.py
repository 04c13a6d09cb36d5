"""The people around a submission by name: who may vote, and who the ids of a record are."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from engines.core.access import Actor, Capability, needs
from engines.core.models import AppUser
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


def _enabled(session: Session) -> list[AppUser]:
    query = select(AppUser).where(col(AppUser.disabled_at).is_(None))
    return list(session.exec(query.order_by(AppUser.name)))
