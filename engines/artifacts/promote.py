"""Promotion: a release is copied to the next repository, byte for byte, with the gate's consent."""

from contextlib import suppress
from datetime import UTC

import sqlalchemy as sa

from engines.artifacts import ledger, transfer
from engines.artifacts.depot import Depot
from engines.artifacts.models import Placement, PlacementState, Release, ReleaseState
from engines.artifacts.port import Repository
from engines.artifacts.settle import conclude
from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import now
from engines.core.errors import InvalidInput, MlaasError, NotReady
from engines.core.gate import Permit, Purpose
from engines.core.progress import Progress, Silent

ORDER = tuple(Repository)
PURPOSES = {Repository.UAT: Purpose.UAT, Repository.PROD: Purpose.DEPLOY}
REASON_LONGEST = 300


@needs(Capability.ARTIFACT_PROMOTE)
def promote(
    depot: Depot,
    actor: Actor,
    release_id: str,
    to: Repository,
    reason: str,
    progress: Progress | None = None,
) -> Placement:
    """Copy the release to the repository after the one it is in.

    The gate is asked twice: for promotion, and for the stage it leads to. Raises InvalidInput (no
    reason, a step left out, files that differ), NotAllowed, NotReady, BackendUnavailable.
    """
    release = ledger.find(depot.db, release_id)
    depot.experiments.check_readable(actor, release.experiment_id)
    source = _source(depot, release, to, reason)
    depot.gate.may_use(actor, release.model, Purpose.PROMOTE)
    permit = depot.gate.may_use(actor, release.model, PURPOSES[to])
    _check_same_model(release, permit)
    placement = _begin(depot, actor, release, to, reason.strip(), permit)
    try:
        transfer.copy_over(depot.store, release, source, to, progress or Silent())
    except MlaasError:
        _take_back(depot, release, placement)
        raise
    conclude(depot, placement, PlacementState.PRESENT)
    return next(p for p in ledger.placements(depot.db, release.id) if p.where is to)


def _take_back(depot: Depot, release: Release, placement: Placement) -> None:
    """After a copy that failed: what became visible stays, the rest is removed when it can be."""
    with suppress(MlaasError):
        if not transfer.is_visible(depot.store, placement.where, release):
            transfer.remove(depot.store, placement.where, release)
            conclude(depot, placement, PlacementState.REMOVED)


def _source(depot: Depot, release: Release, to: Repository, reason: str) -> Repository:
    if not reason.strip() or len(reason) > REASON_LONGEST:
        raise InvalidInput("A reason is missing.", hint="Say in a few words why, 300 at most.")
    if to is Repository.DEV:
        raise InvalidInput("A release begins in dev.", hint="Promote it to uat or prod.")
    if release.state != ReleaseState.PUBLISHED:
        raise NotReady(f"{release.title} is {release.state}.", hint="Only a published one moves.")
    source = ORDER[ORDER.index(to) - 1]
    if not ledger.is_present(depot.db, release.id, source):
        raise NotReady(
            f"{release.title} is not in {source}.", hint=f"Promote it to {source} first."
        )
    return source


def _check_same_model(release: Release, permit: Permit) -> None:
    if permit.model != release.model:
        raise NotReady("The permission is for another model.", hint="Tell the platform team.")


def _begin(
    depot: Depot, actor: Actor, release: Release, to: Repository, reason: str, permit: Permit
) -> Placement:
    """Write the copy down before it begins. Raises NotReady when it is there or under way."""
    try:
        with depot.db.write() as session:
            row = ledger.place(session, release.id, to)
            if row and row.state != PlacementState.REMOVED:
                raise _already(release, row)
            row = row or Placement(
                release_id=release.id, repository=to.value, actor_id="", actor_name=""
            )
            row.state, row.reason, row.permit_id = PlacementState.COPYING.value, reason, permit.id
            row.actor_id, row.actor_name, row.at = actor.id, actor.name, now()
            session.add(row)
            session.flush()
            told = {"repository": to.value, "reason": reason, "permit": permit.id}
            events.record(session, actor, "release.promoting", f"release:{release.id}", **told)
    except sa.exc.IntegrityError as error:
        raise NotReady(f"{release.title} is being promoted to {to} already.") from error
    return row


def _already(release: Release, row: Placement) -> NotReady:
    if row.state == PlacementState.PRESENT:
        return NotReady(f"{release.title} is in {row.repository} already.", hint="Reload the page.")
    at = row.at.astimezone(UTC)
    return NotReady(
        f"{row.actor_name} is {row.state} {release.title} in {row.repository} since {at:%H:%M}.",
        hint="Wait until it is done; one that was ended is settled after 15 minutes.",
    )
