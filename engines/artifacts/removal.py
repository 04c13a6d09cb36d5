"""Removal as a job: a release that the rules no longer keep is taken from one repository.

The row is there before the job, and the index file goes first, so that no part is ever seen alone.
A removal that has begun is finished by the next attempt or by `settle`; only one whose index is
still there can be called off.
"""

from engines.artifacts import copies, ledger, transfer
from engines.artifacts.depot import Depot
from engines.artifacts.models import Placement, PlacementState
from engines.artifacts.port import Repository
from engines.artifacts.retention import References, Removal, due
from engines.artifacts.settle import conclude, end_removal, failures, queue
from engines.core.access import Actor, Capability, needs
from engines.core.artifact_settings import Keep
from engines.core.database import new_id
from engines.core.errors import NotReady
from engines.core.progress import Progress
from engines.core.scheduling import JobRequest

RETRIES = 2
JOB = "remove"


@needs(Capability.ARTIFACT_PROMOTE)
def request_removals(
    depot: Depot, actor: Actor, rules: dict[str, Keep], references: References
) -> list[Removal]:
    """Queue the removal of what the rules say, a job each; those of which one is under way stay.

    Raises BackendUnavailable; what was queued until then goes on.
    """
    return [each for each in due(depot, actor, rules, references) if _request(depot, actor, each)]


@needs(Capability.ARTIFACT_PROMOTE)
def remove(
    depot: Depot,
    actor: Actor,
    release_id: str,
    where: Repository,
    references: References,
    progress: Progress,
) -> Placement:
    """Remove the release from the repository; the work of one job, and of every retry of it.

    Raises NotReady when it is needed after all (it then stays), or BackendUnavailable.
    """
    release = ledger.find(depot.db, release_id)
    row = copies.claim(depot.db, release, where, PlacementState.REMOVING)
    with failures(
        lambda failure: copies.note(depot.db, row, failure),
        lambda failure: end_removal(depot, row, str(failure)),
    ):
        if references.is_needed(release.model):
            raise NotReady("The model is approved for UAT or prod meanwhile, so it stays.")
        transfer.remove(depot.store, where, release, progress)
    return conclude(depot, row, PlacementState.REMOVED)


def _request(depot: Depot, actor: Actor, asked: Removal) -> bool:
    release, where = asked.release, asked.where
    row = copies.begin_removal(depot.db, actor, release, where, asked.reason, new_id())
    if row is None:
        return False
    payload = {"release_id": release.id, "where": where.value}
    job = JobRequest(JOB, row.job_key, release.experiment_id, payload, retries=RETRIES)
    queue(depot, actor, job, lambda why: conclude(depot, row, PlacementState.PRESENT, str(why)))
    return True
