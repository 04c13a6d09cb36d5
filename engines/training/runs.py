"""Runs as the pages see them: start one, follow it, read its leaderboard, cancel it."""

from contextlib import suppress
from datetime import timedelta

import pandas as pd
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.correlation import correlation_id
from engines.core.database import Database, now
from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError, NotFound, NotReady
from engines.core.experiments import Experiments
from engines.core.scheduling import LIVE, JobRequest, JobState, Scheduler
from engines.core.tables import Table
from engines.training.checks import check
from engines.training.models import Candidate, TaskResult, TrainingRun, Trial
from engines.training.port import Datasets
from engines.training.ranking import ranked
from engines.training.request import TrainingRequest

QUEUING = timedelta(seconds=60)
LOST = "The training process ended without a result."


@needs(Capability.TRAINING_RUN)
def start(
    db: Database,
    actor: Actor,
    request: TrainingRequest,
    experiments: Experiments,
    datasets: Datasets,
    scheduler: Scheduler,
) -> TrainingRun:
    """Queue one run. Its id is the job's key, so resubmitting never trains twice.

    Raises InvalidInput, NotAllowed, NotFound, NotReady (a run is live) or BackendUnavailable.
    """
    experiments.check_editable(actor, request.experiment_id)
    table = datasets.table(actor, request.dataset_id)
    if table.experiment_id != request.experiment_id:
        raise InvalidInput("That table belongs to another experiment.", hint="Choose its own.")
    notes = check(table, _asked_columns(table, request), request)
    settle(db, request.experiment_id, scheduler)
    run = TrainingRun(
        experiment_id=request.experiment_id,
        dataset_id=table.dataset_id,
        dataset_sha256=table.sha256,
        request=request.as_json(),
        notes=notes,
        actor_id=actor.id,
        actor_name=actor.name,
        correlation_id=correlation_id(),
    )
    _save(db, actor, run)
    try:
        scheduler.submit(actor, JobRequest("train", run.id, run.experiment_id, {"run_id": run.id}))
    except MlaasError as error:
        with suppress(BackendUnavailable), db.write() as session:
            close(session, run.id, JobState.FAILED, f"The job was never queued: {error}")
        raise
    return run


@needs(Capability.EXPERIMENT_READ)
def follow(
    db: Database, actor: Actor, experiment_id: str, experiments: Experiments, scheduler: Scheduler
) -> list[TrainingRun]:
    """The experiment's runs, newest first, their states reconciled with the scheduler."""
    experiments.check_readable(actor, experiment_id)
    settle(db, experiment_id, scheduler)
    return runs(db, actor, experiment_id, experiments)


@needs(Capability.EXPERIMENT_READ)
def runs(
    db: Database, actor: Actor, experiment_id: str, experiments: Experiments
) -> list[TrainingRun]:
    """The experiment's runs, newest first, as last written."""
    experiments.check_readable(actor, experiment_id)
    query = select(TrainingRun).where(TrainingRun.experiment_id == experiment_id)
    with db.read() as session:
        return list(session.exec(query.order_by(col(TrainingRun.created_at).desc())))


@needs(Capability.EXPERIMENT_READ)
def run(db: Database, actor: Actor, run_id: str, experiments: Experiments) -> TrainingRun:
    """One run. Raises NotFound or NotAllowed."""
    with db.read() as session:
        found = session.get(TrainingRun, run_id)
    if found is None:
        raise NotFound("There is no such run.", hint="Open the experiment and choose one there.")
    experiments.check_readable(actor, found.experiment_id)
    return found


@needs(Capability.EXPERIMENT_READ)
def results(db: Database, actor: Actor, run_id: str, experiments: Experiments) -> list[TaskResult]:
    """The run's tasks in the order they were asked for. Raises NotFound or NotAllowed."""
    asked = run(db, actor, run_id, experiments).request["tasks"]
    with db.read() as session:
        found = session.exec(select(TaskResult).where(TaskResult.run_id == run_id))
        return sorted(found, key=lambda result: asked.index(result.task))


@needs(Capability.EXPERIMENT_READ)
def leaderboard(
    db: Database, actor: Actor, run_id: str, experiments: Experiments, task: str = ""
) -> list[Candidate]:
    """The run's candidates as `ranked` orders them."""
    run(db, actor, run_id, experiments)
    query = select(Candidate).where(Candidate.run_id == run_id)
    with db.read() as session:
        found = [c for c in session.exec(query) if task in ("", c.task)]
    return ranked(found)


@needs(Capability.EXPERIMENT_READ)
def trials(
    db: Database, actor: Actor, run_id: str, experiments: Experiments, candidate_id: str = ""
) -> list[Trial]:
    """The run's tuning trials in the order they were made."""
    run(db, actor, run_id, experiments)
    query = select(Trial).where(Trial.run_id == run_id).order_by(col(Trial.created_at))
    with db.read() as session:
        return [t for t in session.exec(query) if candidate_id in ("", t.candidate_id)]


@needs(Capability.JOB_CANCEL)
def cancel(
    db: Database,
    actor: Actor,
    run_id: str,
    reason: str,
    experiments: Experiments,
    scheduler: Scheduler,
) -> TrainingRun:
    """Stop a live run; what finished before stays on its leaderboard.

    Raises NotFound, NotAllowed, InvalidInput (no reason) or NotReady (already ended).
    """
    found = run(db, actor, run_id, experiments)
    experiments.check_editable(actor, found.experiment_id)
    if not reason.strip():
        raise InvalidInput("A reason is missing.", hint="Say in a few words why it stops.")
    if not found.is_live:
        raise NotReady(f"The run has already {found.state}.", hint="Reload the page.")
    scheduler.cancel(actor, run_id, reason)
    with db.write() as session:
        close(session, run_id, JobState.CANCELLED, f"Cancelled by {actor.name}: {reason.strip()}")
        events.record(session, actor, "training.cancelled", f"run:{run_id}", reason=reason)
    return run(db, actor, run_id, experiments)


def close(session: Session, run_id: str, state: JobState, error: str = "") -> None:
    """Move a live run, its tasks and candidates to `state`; an ended run is left as it is."""
    run = session.get(TrainingRun, run_id)
    if run is None or not run.is_live:
        return
    run.state, run.error, run.finished_at = state.value, error, now()
    session.add(run)
    for table in (TaskResult, Candidate):
        of_run = sa.and_(col(table.run_id) == run_id, col(table.state).in_(LIVE))
        session.execute(sa.update(table).where(of_run).values(state=_ended(table, state)))


def _ended(table: type[SQLModel], state: JobState) -> str:
    return "stopped" if table is Candidate else state.value


def _asked_columns(table: Table, request: TrainingRequest) -> pd.DataFrame:
    known = {column.name for column in table.columns}
    asked = dict.fromkeys(c for c in (request.target, request.time_column) if c in known)
    return pd.read_parquet(table.path, columns=list(asked))


def _save(db: Database, actor: Actor, run: TrainingRun) -> None:
    """Write the run; the partial unique index refuses the second of two tabs."""
    try:
        with db.write() as session:
            session.add(run)
            session.flush()
            detail = {"dataset": run.dataset_id, "tasks": run.request["tasks"]}
            events.record(session, actor, "training.started", f"run:{run.id}", **detail)
    except sa.exc.IntegrityError as error:
        raise NotReady(
            "A training run is already in progress for this experiment.",
            hint="Wait for it to end, or cancel it.",
        ) from error


def settle(db: Database, experiment_id: str, scheduler: Scheduler) -> None:
    """Close runs whose job has ended, or was never queued, without their knowing."""
    of_experiment = col(TrainingRun.experiment_id) == experiment_id
    query = select(TrainingRun).where(of_experiment, col(TrainingRun.state).in_(LIVE))
    with db.read() as session:
        live = list(session.exec(query))
    for run in live:
        state, error = _fate(scheduler, run)
        if state not in LIVE:
            with db.write() as session:
                close(session, run.id, state, error)


def _fate(scheduler: Scheduler, run: TrainingRun) -> tuple[JobState, str]:
    """What became of a live run's job. A run just saved may not have reached the queue yet."""
    try:
        job = scheduler.status(run.id)
    except NotFound:
        fresh = now() - run.created_at < QUEUING
        return (JobState.QUEUED, "") if fresh else (JobState.FAILED, "The job was never queued.")
    if job.state == JobState.SUCCEEDED:
        return JobState.FAILED, LOST
    return job.state, job.error or LOST
