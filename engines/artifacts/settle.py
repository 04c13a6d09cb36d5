"""Bringing database and repository together after a process was ended between its steps.

A release whose index is visible was published, whatever the process still managed to write; one
without index never was, and what lies around is removed. The same for copies and removals.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from engines.artifacts import ledger, transfer
from engines.artifacts.depot import Depot, News
from engines.artifacts.models import GONE, Placement, PlacementState, Release, ReleaseState
from engines.artifacts.port import Repository
from engines.core import events
from engines.core.access import Actor
from engines.core.database import now
from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError, NotFound, NotReady
from engines.core.events import AuditEvent
from engines.core.scheduling import JobRequest, JobState, Scheduler

ENDED = "The publishing process ended before the release was complete."
COPY_ENDED = "The copying process ended before the release was complete."
PATIENCE = timedelta(minutes=15)  # a removal of the schedule (it has no job) may take so long
QUEUING = timedelta(seconds=60)
COPYING, REMOVING = PlacementState.COPYING, PlacementState.REMOVING
HALF_DONE = (COPYING.value, REMOVING.value)
ACTS = {
    (COPYING, PlacementState.PRESENT): "release.promoted",
    (COPYING, PlacementState.FAILED): "release.promotion_failed",
    (REMOVING, PlacementState.REMOVED): "release.removed",
    (REMOVING, PlacementState.PRESENT): "release.removal_failed",
}


def settle(depot: Depot) -> None:
    """Settle every release and copy that nobody works on any more; what cannot be reached waits."""
    with depot.db.read() as session:
        open_ones = select(Release).where(Release.state == ReleaseState.PUBLISHING.value)
        waiting = list(session.exec(open_ones))
        half = list(session.exec(select(Placement).where(col(Placement.state).in_(HALF_DONE))))
    for release in waiting:
        if not _is_live(depot.scheduler, release.job_key, release.created_at):
            _guarded(end, depot, release, _cancelled(depot.scheduler, release.job_key))
    for row in half:
        if not _is_worked_on(depot.scheduler, row):
            _guarded(settle_placement, depot, row, _cancelled(depot.scheduler, row.job_key))


def end(depot: Depot, release: Release, error: str = "") -> None:
    """Finish a release that became visible, or end one that did not, with the reason."""
    actor = Actor(release.actor_id, release.actor_name, frozenset())
    try:
        visible = bool(release.sha256) and transfer.is_visible(depot.store, Repository.DEV, release)
    except InvalidInput as failure:
        ledger.fail(depot, actor, release, failure)
        return
    if visible:
        transfer.mark(depot.store, Repository.DEV, release)
        transfer.disclaim(depot.store, Repository.DEV, release)
        ledger.finish(depot, actor, release)
        return
    with suppress(MlaasError):  # what cannot be removed is not visible either
        transfer.remove(depot.store, Repository.DEV, release)
    ledger.fail(depot, actor, release, error or release.error or ENDED)


def settle_placement(depot: Depot, row: Placement, error: str = "") -> None:
    """Bring a copy or a removal to its end."""
    if row.state == PlacementState.COPYING:
        end_copy(depot, row, error)
    else:
        end_removal(depot, row, error)


def end_removal(depot: Depot, row: Placement, error: str = "") -> None:
    """Finish a removal. With an error, which says why it is called off, one that has not begun.

    It has begun when the index is gone: the release then cannot be used any more.
    """
    release = ledger.find(depot.db, row.release_id)
    if error and _is_whole(depot, row, release):
        conclude(depot, row, PlacementState.PRESENT, error)
        return
    transfer.remove(depot.store, row.where, release)
    conclude(depot, row, PlacementState.REMOVED)


def _is_whole(depot: Depot, row: Placement, release: Release) -> bool:
    with suppress(InvalidInput):  # another's index: what is there is not ours
        return transfer.is_visible(depot.store, row.where, release)
    return False


def end_copy(depot: Depot, row: Placement, error: str = "") -> None:
    """Finish a copy that became visible, take back one that did not, with the reason."""
    release = ledger.find(depot.db, row.release_id)
    try:
        visible = transfer.is_visible(depot.store, row.where, release)
    except InvalidInput as failure:
        conclude(depot, row, PlacementState.FAILED, str(failure))
        return
    if visible:
        transfer.mark(depot.store, row.where, release)
        transfer.disclaim(depot.store, row.where, release)
        conclude(depot, row, PlacementState.PRESENT)
        return
    transfer.remove(depot.store, row.where, release)
    conclude(depot, row, PlacementState.FAILED, error or row.error or COPY_ENDED)


def queue(depot: Depot, actor: Actor, job: JobRequest, end: Callable[[MlaasError], object]) -> None:
    """Queue the job; what it is for is ended when that fails, and the failure passes on."""
    with failures(end, end):
        depot.scheduler.submit(actor, job)


@contextmanager
def failures(
    note: Callable[[MlaasError], object], end: Callable[[MlaasError], object]
) -> Iterator[None]:
    """Write down what goes wrong in the block, and let it pass on.

    A repository that is away is only noted: the job is tried again, or ends, and `settle` looks
    then at what is visible. After any other failure the work is ended at once.
    """
    try:
        yield
    except MlaasError as failure:
        with suppress(MlaasError):
            (note if isinstance(failure, BackendUnavailable) else end)(failure)
        raise


def conclude(depot: Depot, ended: Placement, state: PlacementState, error: str = "") -> Placement:
    """Write down how a copy or removal ended, with its audit row. Raises NotReady."""
    actor = Actor(ended.actor_id, ended.actor_name, frozenset())
    act = ACTS[PlacementState(ended.state), state]
    with depot.db.write() as session:
        row = session.get(Placement, ended.id, with_for_update=True)
        if row is None or (row.state, row.lease) != (ended.state, ended.lease):
            raise NotReady("Somebody else settled this meanwhile.", hint="Reload the page.")
        row.state, row.error = state.value, error[: ledger.ERROR_LONGEST]
        session.add(row)
        release = session.get(Release, row.release_id)
        if release and state is PlacementState.REMOVED:
            _close_if_gone(depot, release, row)
        told = {"repository": row.repository, "reason": row.reason, "permit": row.permit_id}
        told |= {"error": row.error} if row.error else {}
        events.record(session, actor, act, f"release:{row.release_id}", **told)
        if release:
            news = News(act, row.repository, row.error or row.reason, row.actor_id)
            depot.announce(session, release, news)
        if act == "release.removal_failed":
            _put_back(session, row)
    return row


def _put_back(session: Session, row: Placement) -> None:
    """Say again who brought it there, when and why; a removal had taken their place in the row."""
    brought = col(AuditEvent.act).in_(("release.published", "release.promoted"))
    mine = select(AuditEvent).where(AuditEvent.subject == f"release:{row.release_id}", brought)
    for event in session.exec(mine.order_by(col(AuditEvent.number).desc())):
        if event.detail.get("repository", Repository.DEV.value) == row.repository:
            row.actor_id, row.actor_name, row.at = event.actor_id, event.actor_name, event.at
            row.reason = event.detail.get("reason", "Published")
            session.add(row)
            return


def _close_if_gone(depot: Depot, release: Release, gone: Placement) -> None:
    left = [p for p in ledger.placements(depot.db, release.id) if p.id != gone.id]
    if all(one.state in GONE for one in left):
        release.state = ReleaseState.REMOVED.value


def _is_worked_on(scheduler: Scheduler, row: Placement) -> bool:
    if row.job_key:
        return _is_live(scheduler, row.job_key, row.at)
    return now() - row.at <= PATIENCE


def _is_live(scheduler: Scheduler, key: str, since: datetime) -> bool:
    try:
        return scheduler.status(key).is_live
    except NotFound:
        # The row is written before its job is queued.
        return now() - since < QUEUING


def _cancelled(scheduler: Scheduler, key: str) -> str:
    """Who cancelled the job and why; empty when nobody did."""
    with suppress(NotFound):
        status = scheduler.status(key)
        return status.error if status.state is JobState.CANCELLED else ""
    return ""


def _guarded(act: Callable[..., None], depot: Depot, row: Release | Placement, error: str) -> None:
    # A repository that is away now is asked again at the next look; others' rows go on.
    with suppress(BackendUnavailable, NotReady):
        act(depot, row, error)
