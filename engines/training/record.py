"""Recording a finished run in the tracking server, from the database and the run's folder.

It can be repeated: when the server was away, `log_again` does it later.
"""

from pathlib import Path
from typing import Any

from sqlmodel import col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, MlaasError, NotReady
from engines.core.experiments import Experiments
from engines.core.scheduling import JobState
from engines.core.tables import Table
from engines.training import environment
from engines.training.models import Candidate, TaskResult, TrainingRun, Trial
from engines.training.port import Datasets, RunLog
from engines.training.request import TrainingRequest
from engines.training.runs import run as read_run

TRIALS_RECORDED = 60  # the best of each candidate; all are in trials.json


def record(
    db: Database, tracking: RunLog, run: TrainingRun, table: Table, name: str, folder: Path
) -> str:
    """Record every trained task; returns a sentence when the tracking server failed, else ""."""
    with db.read() as session:
        of_run = col(TaskResult.run_id) == run.id, col(TaskResult.state) == JobState.SUCCEEDED
        results = list(session.exec(select(TaskResult).where(*of_run)))
    try:
        for result in results:
            link = _task(db, tracking, run, table, name, folder, result)
            with db.write() as session:
                session.get_one(TaskResult, result.id).tracking_link = link
    except MlaasError as error:
        _give_up(tracking, run.id)
        return f"The run is not in the tracking server: {error} It can be recorded again later."
    return ""


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
    table = datasets.table(actor, found.dataset_id)
    warning = record(db, tracking, found, table, name, runs_dir / run_id)
    if warning:
        raise BackendUnavailable(warning, hint="Try again when the tracking server is back.")
    with db.write() as session:
        session.get_one(TrainingRun, run_id).warning = ""
        events.record(session, actor, "training.recorded", f"run:{run_id}")
    return read_run(db, actor, run_id, experiments)


def _task(
    db: Database,
    tracking: RunLog,
    run: TrainingRun,
    table: Table,
    name: str,
    folder: Path,
    result: TaskResult,
) -> str:
    asked = _asked(run, table)
    parent = tracking.start(
        run.experiment_id,
        name or run.experiment_id,
        run.id,
        result.task,
        table,
        {**asked, "winner": result.winner_name, "environment": environment.fingerprint()},
        {"mlaas.user": run.actor_name, "mlaas.correlation_id": run.correlation_id},
    )
    for candidate, trials in _candidates(db, result):
        _candidate(tracking, parent, candidate, trials)
    return tracking.finish(parent, folder / result.task)


def _asked(run: TrainingRun, table: Table) -> dict[str, Any]:
    """The request under public names."""
    request = TrainingRequest.from_json(run.request)
    public = table.public_names
    asked = {k: v for k, v in request.as_json().items() if k not in ("experiment_id",)}
    asked["target"] = public.get(request.target, "")
    asked["time_column"] = public.get(request.time_column, "")
    asked["left_out"] = [public[column] for column in request.left_out]
    return {
        k: ", ".join(map(str, v)) if isinstance(v, tuple | list) else v for k, v in asked.items()
    }


def _candidate(tracking: RunLog, parent: str, candidate: Candidate, trials: list[Trial]) -> None:
    told = [
        {"params": t.parameters, "metrics": {candidate.metric: t.score}}
        for t in trials
        if t.score is not None
    ]
    more = {"algorithm": candidate.algorithm, "state": candidate.state}
    figures = {**candidate.metrics, "seconds": candidate.seconds}
    parameters = {**candidate.parameters, **more}
    tracking.log_candidate(parent, candidate.name, parameters, candidate.folds, figures, told)


def _candidates(db: Database, result: TaskResult) -> list[tuple[Candidate, list[Trial]]]:
    of_task = col(Candidate.run_id) == result.run_id, col(Candidate.task) == result.task
    with db.read() as session:
        found = list(session.exec(select(Candidate).where(*of_task)))
        trials = list(session.exec(select(Trial).where(col(Trial.run_id) == result.run_id)))
    return [(c, _most_telling([t for t in trials if t.candidate_id == c.id])) for c in found]


def _most_telling(trials: list[Trial]) -> list[Trial]:
    """The trials that saw most folds, in the order they were made."""
    kept = sorted(trials, key=lambda t: (-t.folds_done, t.number))[:TRIALS_RECORDED]
    return sorted(kept, key=lambda t: t.number)


def _give_up(tracking: RunLog, run_id: str) -> None:
    try:
        tracking.abandon(run_id, "failed", "Recording was broken off.")
    except MlaasError:
        return  # the server is away altogether: nothing stands open there
