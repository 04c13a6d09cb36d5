"""Recording after the fact: a run whose recording failed, a run that could not say its end."""

from pathlib import Path

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, NotReady
from engines.core.experiments import Experiments
from engines.core.scheduling import JobState, Scheduler
from engines.training.models import TrainingRun
from engines.training.port import Datasets, RunLog
from engines.training.record import Record
from engines.training.runs import run as read_run
from engines.training.runs import settle
from engines.training.sweep import sweep_run


@needs(Capability.TRAINING_RUN)
def log_again(
    db: Database,
    actor: Actor,
    run_id: str,
    experiments: Experiments,
    datasets: Datasets,
    tracking: RunLog,
    runs_dir: Path,
    name: str,
) -> TrainingRun:
    """Record a run whose recording failed. Raises NotReady or BackendUnavailable."""
    found = read_run(db, actor, run_id, experiments)
    experiments.check_editable(actor, found.experiment_id)
    if found.state != JobState.SUCCEEDED or not found.warning:
        raise NotReady("There is nothing to record again.", hint="Reload the page.")
    _record(db, actor, found, datasets, tracking, runs_dir, name)
    with db.write() as session:
        session.get_one(TrainingRun, run_id).warning = ""
        events.record(session, actor, "training.recorded", f"run:{run_id}")
    return read_run(db, actor, run_id, experiments)


@needs(Capability.TRAINING_RUN)
def record_end(
    db: Database,
    actor: Actor,
    run_id: str,
    experiments: Experiments,
    datasets: Datasets,
    tracking: RunLog,
    scheduler: Scheduler,
    runs_dir: Path,
    name: str,
) -> TrainingRun:
    """Record the end of a run that failed, was cancelled, or whose process was killed.

    May be repeated. What the process left half-written in the run's folder is deleted. Raises
    NotFound, NotAllowed, NotReady (the run is live) or BackendUnavailable: then it is worth trying
    again later.
    """
    experiment_id = read_run(db, actor, run_id, experiments).experiment_id
    settle(db, experiment_id, scheduler)
    found = read_run(db, actor, run_id, experiments)
    if found.is_live:
        raise NotReady("The run is still under way.", hint="Its own process records it.")
    sweep_run(runs_dir / run_id)
    if found.state != JobState.SUCCEEDED:
        _record(db, actor, found, datasets, tracking, runs_dir, name)
    return found


def _record(
    db: Database,
    actor: Actor,
    run: TrainingRun,
    datasets: Datasets,
    tracking: RunLog,
    runs_dir: Path,
    name: str,
) -> None:
    table = datasets.table(actor, run.dataset_id)
    warning = Record(db, tracking, run, table, name, runs_dir / run.id).end(run.state, run.error)
    if warning:
        raise BackendUnavailable(warning, hint="Try again when the tracking server is back.")
