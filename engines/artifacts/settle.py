"""Bringing database and repository together after a process was ended between its steps.

A release whose index is visible was published, whatever the process still managed to write; one
without index never was, and what lies around is removed. The same for copies and removals.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlmodel import col, select

from engines.artifacts import ledger, transfer
from engines.artifacts.depot import Depot
from engines.artifacts.models import Placement, PlacementState, Release, ReleaseState
from engines.artifacts.port import Repository
from engines.core import events
from engines.core.access import Actor
from engines.core.database import now
from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError, NotFound, NotReady
from engines.core.scheduling import Scheduler

ENDED = "The publishing process ended before the release was complete."
COPY_PATIENCE = timedelta(minutes=15)  # a copy or removal under way for longer was ended
QUEUING = timedelta(seconds=60)
HALF_DONE = (PlacementState.COPYING.value, PlacementState.REMOVING.value)


def settle(depot: Depot) -> None:
    """Settle every release and copy that nobody works on any more; what cannot be reached waits."""
    with depot.db.read() as session:
        open_ones = select(Release).where(Release.state == ReleaseState.PUBLISHING.value)
        waiting = list(session.exec(open_ones))
        half = list(session.exec(select(Placement).where(col(Placement.state).in_(HALF_DONE))))
    for release in waiting:
        if not _is_live(depot.scheduler, release):
            _guarded(end, depot, release)
    for placement in half:
        if now() - placement.at > COPY_PATIENCE:
            _guarded(settle_placement, depot, placement)


def end(depot: Depot, release: Release, error: str = "") -> None:
    """Finish a release that became visible, or end one that did not, with the reason."""
    actor = Actor(release.actor_id, release.actor_name, frozenset())
    try:
        visible = bool(release.sha256) and transfer.is_visible(depot.store, Repository.DEV, release)
    except InvalidInput as failure:
        ledger.fail(depot.db, actor, release, failure)
        return
    if visible:
        transfer.mark(depot.store, Repository.DEV, release)
        ledger.finish(depot, actor, release)
        return
    with suppress(MlaasError):  # what cannot be removed is not visible either
        transfer.remove(depot.store, Repository.DEV, release)
    ledger.fail(depot.db, actor, release, error or release.error or ENDED)


def settle_placement(depot: Depot, placement: Placement) -> None:
    """Finish a copy that became visible, take back one that did not, finish a removal."""
    release = ledger.find(depot.db, placement.release_id)
    copying = placement.state == PlacementState.COPYING
    visible = copying and transfer.is_visible(depot.store, placement.where, release)
    if visible:
        transfer.mark(depot.store, placement.where, release)
    else:
        transfer.remove(depot.store, placement.where, release)
    state = PlacementState.PRESENT if visible else PlacementState.REMOVED
    conclude(depot, placement, state)


def conclude(depot: Depot, placement: Placement, state: PlacementState) -> None:
    """Write down how a copy or removal ended, with its audit row. Raises NotReady."""
    actor = Actor(placement.actor_id, placement.actor_name, frozenset())
    with depot.db.write() as session:
        row = session.get(Placement, placement.id)
        if row is None or row.state != placement.state:
            raise NotReady("Somebody else settled this meanwhile.", hint="Reload the page.")
        row.state = state.value
        session.add(row)
        release = session.get(Release, row.release_id)
        if release and state is PlacementState.REMOVED:
            _close_if_gone(depot, release, row)
        act = "release.promoted" if state is PlacementState.PRESENT else "release.removed"
        told = {"repository": row.repository, "reason": row.reason, "permit": row.permit_id}
        events.record(session, actor, act, f"release:{row.release_id}", **told)
        if release:
            depot.announce(session, release, act, row.repository, row.reason)


def _close_if_gone(depot: Depot, release: Release, gone: Placement) -> None:
    left = [p for p in ledger.placements(depot.db, release.id) if p.id != gone.id]
    if all(one.state == PlacementState.REMOVED for one in left):
        release.state = ReleaseState.REMOVED.value


def _is_live(scheduler: Scheduler, release: Release) -> bool:
    try:
        return scheduler.status(release.job_key).is_live
    except NotFound:
        # The row is written before its job is queued.
        return now() - release.created_at < QUEUING


def _guarded(act: Callable[..., None], depot: Depot, row: Release | Placement) -> None:
    # A repository that is away now is asked again at the next look; others' rows go on.
    with suppress(BackendUnavailable, NotReady):
        act(depot, row)
