"""Promotion: a release is copied to the next repository, byte for byte, with the gate's consent.

The row is there before the job, the index file after the last copy; the audit row comes with the
row's last change. Whatever ends the process between, `settle` brings both sides together.
"""

from engines.artifacts import copies, ledger, transfer
from engines.artifacts.bundle import check_bundled
from engines.artifacts.depot import Depot
from engines.artifacts.models import Placement, PlacementState, Release, ReleaseState
from engines.artifacts.port import Repository
from engines.artifacts.settle import conclude, end_copy, failures, queue
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotReady
from engines.core.gate import Permit, Purpose
from engines.core.progress import Progress
from engines.core.scheduling import JobRequest

ORDER = tuple(Repository)
PURPOSES = {Repository.UAT: Purpose.UAT, Repository.PROD: Purpose.DEPLOY}
REASON_LONGEST = 300
RETRIES = 2
JOB = "promote"


@needs(Capability.ARTIFACT_PROMOTE)
def request_promotion(
    depot: Depot, actor: Actor, release_id: str, to: Repository, reason: str
) -> Placement:
    """Queue copying the release to the repository after the one it is in.

    The gate is asked for promotion, and for the stage it leads to. Raises InvalidInput (no reason,
    a step left out), NotFound, NotAllowed, NotReady (there or under way), BackendUnavailable.
    """
    release = ledger.find(depot.db, release_id)
    depot.experiments.check_readable(actor, release.experiment_id)
    _check(to, reason)
    _source(depot, release, to)
    permit = _permit(depot, actor, release, to)
    row = copies.begin(depot.db, actor, release, to, reason.strip(), permit)
    payload = {"release_id": release.id, "to": to.value}
    job = JobRequest(JOB, row.job_key, release.experiment_id, payload, retries=RETRIES)
    queue(depot, actor, job, lambda why: conclude(depot, row, PlacementState.FAILED, str(why)))
    return row


@needs(Capability.ARTIFACT_PROMOTE)
def promote(
    depot: Depot, actor: Actor, release_id: str, to: Repository, progress: Progress
) -> Placement:
    """Copy the release; the work of one job, and of every retry of it.

    The gate is asked again before the first file and before the release becomes visible. Raises
    the gate's and the store's failures; the release is then not visible there.
    """
    release = ledger.find(depot.db, release_id)
    row = copies.claim(depot.db, release, to)
    with failures(
        lambda failure: copies.note(depot.db, row, failure),
        lambda failure: end_copy(depot, row, str(failure)),
    ):
        source = _source(depot, release, to)
        _permit(depot, actor, release, to)
        transfer.copy_files(depot.store, release, source, to, progress)
        copies.permitted(depot.db, row, _permit(depot, actor, release, to))
        transfer.copy_index(depot.store, release, source, to)
    return conclude(depot, row, PlacementState.PRESENT)


def _check(to: Repository, reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_LONGEST:
        raise InvalidInput("A reason is missing.", hint="Say in a few words why, 300 at most.")
    if to is Repository.DEV:
        raise InvalidInput("A release begins in dev.", hint="Promote it to uat or prod.")


def _source(depot: Depot, release: Release, to: Repository) -> Repository:
    if release.state != ReleaseState.PUBLISHED:
        raise NotReady(f"{release.title} is {release.state}.", hint="Only a published one moves.")
    source = ORDER[ORDER.index(to) - 1]
    if not ledger.is_present(depot.db, release.id, source):
        raise NotReady(
            f"{release.title} is not in {source}.", hint=f"Promote it to {source} first."
        )
    return source


def _permit(depot: Depot, actor: Actor, release: Release, to: Repository) -> Permit:
    """Ask the gate for promotion and for the stage it leads to; the latter's permission."""
    depot.gate.may_use(actor, release.model, Purpose.PROMOTE)
    permit = depot.gate.may_use(actor, release.model, PURPOSES[to])
    if permit.model != release.model:
        raise NotReady("The permission is for another model.", hint="Tell the platform team.")
    check_bundled(release, permit)
    return permit
