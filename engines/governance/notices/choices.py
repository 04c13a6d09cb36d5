"""Which notices a person also wants by e-mail."""

from collections.abc import Collection

from sqlmodel import Session

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database, now
from engines.core.models import AppUser
from engines.governance.notices.kinds import ASKING, Kind
from engines.governance.notices.models import NoticeChoice


@needs(Capability.INBOX_OWN)
def chosen(db: Database, actor: Actor) -> frozenset[Kind]:
    """The kinds the acting person gets by e-mail; without a choice, those that ask something."""
    with db.read() as session:
        return choice_of(session, actor.id)


@needs(Capability.INBOX_OWN)
def choose(db: Database, actor: Actor, kinds: Collection[Kind]) -> None:
    """Replace the acting person's choice; none at all is a choice too."""
    wanted = sorted(Kind(kind).value for kind in set(kinds))
    with db.write() as session:
        session.merge(NoticeChoice(user_id=actor.id, kinds=wanted, changed_at=now()))
        events.record(session, actor, "notices.chosen", f"user:{actor.id}", kinds=wanted)


@needs(Capability.INBOX_OWN)
def address(db: Database, actor: Actor) -> str:
    """Where the acting person's e-mail goes; empty: nowhere."""
    with db.read() as session:
        person = session.get(AppUser, actor.id)
        return person.email if person else ""


def choice_of(session: Session, user_id: str) -> frozenset[Kind]:
    """The kinds this person gets by e-mail."""
    made = session.get(NoticeChoice, user_id)
    if made is None:
        return ASKING
    known = {kind.value for kind in Kind}
    return frozenset(Kind(kind) for kind in made.kinds if kind in known)
