"""The rows of copies and removals under way: begin, claim, permit; each change guarded."""

from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from engines.artifacts import ledger
from engines.artifacts.models import GONE, Placement, PlacementState, Release
from engines.artifacts.port import Repository
from engines.core import events
from engines.core.access import Actor
from engines.core.database import Database, new_id, now
from engines.core.errors import MlaasError, NotReady
from engines.core.gate import Permit


def begin(
    db: Database, actor: Actor, release: Release, to: Repository, reason: str, permit: Permit
) -> Placement:
    """Write the copy down before its job is queued. Raises NotReady: it is there or under way."""
    try:
        with db.write() as session:
            row = ledger.place(session, release.id, to)
            if row and row.state not in GONE:
                raise _already(release, row)
            row = row or Placement(
                release_id=release.id, repository=to.value, actor_id="", actor_name=""
            )
            row.state, row.reason, row.permit_id = PlacementState.COPYING.value, reason, permit.id
            row.actor_id, row.actor_name, row.at = actor.id, actor.name, now()
            row.job_key, row.lease, row.error = new_id(), new_id(), ""
            session.add(row)
            session.flush()
            told = {"repository": to.value, "reason": reason, "permit": permit.id}
            events.record(session, actor, "release.promoting", f"release:{release.id}", **told)
    except sa.exc.IntegrityError as error:
        raise NotReady(f"{release.title} is being promoted to {to} already.") from error
    return row


def begin_removal(
    db: Database, actor: Actor, release: Release, where: Repository, reason: str, job_key: str = ""
) -> Placement | None:
    """Write the removal down before it begins; None when it is promoted or gone meanwhile.

    Without a job it is the calling process that removes.
    """
    with db.write() as session:
        places = {at: ledger.place(session, release.id, at) for at in Repository}
        row, prod = places[where], places[Repository.PROD]
        in_prod = prod is not None and prod.state not in GONE
        moving = any(one and one.state == PlacementState.COPYING for one in places.values())
        if row is None or row.state != PlacementState.PRESENT or in_prod or moving:
            return None
        row.state, row.reason = PlacementState.REMOVING.value, reason
        row.actor_id, row.actor_name, row.at = actor.id, actor.name, now()
        row.job_key, row.lease, row.error = job_key, new_id(), ""
        session.add(row)
        told = {"repository": where.value, "reason": reason}
        events.record(session, actor, "release.removing", f"release:{release.id}", **told)
    return row


def claim(
    db: Database,
    release: Release,
    where: Repository,
    state: PlacementState = PlacementState.COPYING,
) -> Placement:
    """Take the work on a copy or removal; a process that had it before can no longer finish it.

    Raises NotReady when none is under way.
    """
    with db.read() as session:
        row = ledger.place(session, release.id, where)
    if row is None or row.state != state:
        raise _ended()
    _change(db, row, lease=new_id())
    return row


def permitted(db: Database, row: Placement, permit: Permit) -> None:
    """Write down the permission it becomes visible with. Raises NotReady when it is not ours."""
    _change(db, row, permit_id=permit.id)


def note(db: Database, row: Placement, failure: MlaasError) -> None:
    """Write down what went wrong in an attempt that may be followed by another."""
    _change(db, row, error=str(failure)[: ledger.ERROR_LONGEST])


def _change(db: Database, row: Placement, **values: Any) -> None:
    """Change the row, and what we hold of it, if the work is still under way and ours."""
    mine = (
        col(Placement.id) == row.id,
        col(Placement.lease) == row.lease,
        col(Placement.state) == row.state,
    )
    with db.write() as session:
        changed = session.execute(sa.update(Placement).where(*mine).values(**values))
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            raise _ended()
    for name, value in values.items():
        setattr(row, name, value)


def _ended() -> NotReady:
    return NotReady(
        "This was finished, ended or taken over by somebody else meanwhile.",
        hint="Reload the page.",
    )


def _already(release: Release, row: Placement) -> NotReady:
    if row.state == PlacementState.PRESENT:
        return NotReady(f"{release.title} is in {row.repository} already.", hint="Reload the page.")
    at = row.at.astimezone(UTC)
    return NotReady(
        f"{row.actor_name} is {row.state} {release.title} in {row.repository} since {at:%H:%M}.",
        hint="Wait until it is done, or cancel its job.",
    )
