"""Ask for an explanation and follow its job. The sealed files are the truth."""

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import new_id
from engines.core.errors import NotFound
from engines.core.model_ref import ModelRef
from engines.core.scheduling import JobRequest, JobStatus
from engines.explanation import store
from engines.explanation.load import folder_of
from engines.explanation.port import Desk

KIND = "explain"
JOB_SECONDS = 1_800.0


@needs(Capability.EXPLAIN_RUN)
def request(desk: Desk, actor: Actor, model: ModelRef) -> JobStatus:
    """Queue the job that explains a model; one that is live is left alone.

    Raises NotFound, NotAllowed or BackendUnavailable.
    """
    folder_of(desk, actor, model)
    origin = desk.origins.of(actor, model)
    last = _last(desk, model)
    if last and last.is_live:
        return last
    key = f"{KIND}-{model.run_id}-{model.task}-{new_id()[:8]}"
    with desk.db.write() as session:
        events.record(session, actor, "explanation.requested", f"model:{model}", job=key)
    payload = {"run_id": model.run_id, "task": model.task}
    desk.scheduler.submit(
        actor, JobRequest(KIND, key, origin.experiment_id, payload, timeout_seconds=JOB_SECONDS)
    )
    store.note_job(desk.folder, model, key)
    return desk.scheduler.status(key)


@needs(Capability.RESULTS_READ)
def follow(desk: Desk, actor: Actor, model: ModelRef) -> JobStatus | None:
    """The newest job that explains this model, or None. Raises NotFound or NotAllowed."""
    folder_of(desk, actor, model)
    return _last(desk, model)


def _last(desk: Desk, model: ModelRef) -> JobStatus | None:
    key = store.noted_job(desk.folder, model)
    try:
        return desk.scheduler.status(key) if key else None
    except NotFound:  # finished jobs are deleted after a while
        return None
