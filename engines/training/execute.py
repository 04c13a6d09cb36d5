"""The training job: every task of a run, each in its own folder, recorded as it goes."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.correlation import correlation_id
from engines.core.database import Database, now
from engines.core.errors import MlaasError, NotFound, NotReady
from engines.core.experiments import Experiments, ExperimentState
from engines.core.progress import Progress
from engines.core.scheduling import JobState
from engines.core.tables import Table
from engines.training.ledger import Ledger
from engines.training.models import Candidate, TaskResult, TrainingRun, Trial
from engines.training.port import Datasets, RunLog
from engines.training.recorder import Recorder, Story, recording
from engines.training.request import Mode, TrainingRequest
from engines.training.runs import close
from engines.training.tasks import METRICS, SUPERVISED, TITLES, Task, metric

SHARE_WITHOUT_TARGET = 0.25  # of a Best budget, at most, for the tasks without a target
BASE_WITH_TARGET, BASE_WITHOUT_TARGET = 0.6, 0.12  # of a Base run, for each task
BASE_SECONDS, BASE_CELLS = 57.0, 1_000_000  # the longest a Base task takes; more for more cells
LOG_NAME = "train.log"


@dataclass(frozen=True)
class Surroundings:
    """What a training job works with. `name` is the experiment's, for the tracking.

    `beside` records in a process of its own while the training goes on, instead of at its end.
    Beyond `most_cells` rows are drawn; 0 for no limit.
    """

    db: Database
    progress: Progress
    datasets: Datasets
    experiments: Experiments
    tracking: RunLog
    runs_dir: Path
    name: str = ""
    workers: int = 0
    beside: bool = False
    most_cells: int = 0

    @property
    def size(self) -> int:
        """How many worker processes: the cores, unless told."""
        return self.workers or len(os.sched_getaffinity(0))


@needs(Capability.TRAINING_RUN)
def execute(actor: Actor, run_id: str, at: Surroundings, began: float = 0.0) -> None:
    """Train every task of a queued run. `began` is the time.monotonic() the budget counts from.

    A run whose job is started again begins clean. Raises NotFound, NotAllowed, NotReady, or the
    MlaasError for which no task could be trained.
    """
    since = began or time.monotonic()
    run = _open(at.db, actor, run_id, at.experiments)
    folder = at.runs_dir / run_id
    with _closed_on_error(at.db, run_id):
        table = at.datasets.table(actor, run.dataset_id)
        request = TrainingRequest.from_json(run.request)
        results = _fresh(at, run, folder)
        story = Story(at.tracking, run_id, table, at.name, folder)
        with recording(at.db, story, at.beside) as recorder:
            for number in range(len(results)):
                _train(at, table, request, folder, results, number, since)
            _end(at, actor, run, results, recorder)


def _open(db: Database, actor: Actor, run_id: str, experiments: Experiments) -> TrainingRun:
    with db.read() as session:
        run = session.get(TrainingRun, run_id)
    if run is None:
        raise NotFound("There is no such run.", hint="Start a new one.")
    experiments.check_editable(actor, run.experiment_id)
    if run.state in (JobState.CANCELLED, JobState.SUCCEEDED):
        raise NotReady(f"The run has already {run.state}.", hint="Start a new one.")
    return run


def _fresh(at: Surroundings, run: TrainingRun, folder: Path) -> list[TaskResult]:
    """Forget an earlier attempt, mark the run as running, and line up its tasks."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    request = TrainingRequest.from_json(run.request)
    # The tasks without a target are quick and go first: the other one gets what time is left.
    ordered = sorted(request.tasks, key=lambda task: task in SUPERVISED)
    results = [_result(run, request, task) for task in ordered]
    with at.db.write() as session:
        for old in (Trial, Candidate, TaskResult):
            session.execute(sa.delete(old).where(col(old.run_id) == run.id))
        current = session.merge(run)
        current.state, current.error, current.warning = JobState.RUNNING.value, "", ""
        current.started_at, current.finished_at = now(), None
        session.add_all(results)
    return results


def _result(run: TrainingRun, request: TrainingRequest, task: Task) -> TaskResult:
    own = {m.id for m in METRICS[task]}
    chosen = metric(task, request.metric if request.metric in own else "")
    target = request.target if task in SUPERVISED else ""
    return TaskResult(run_id=run.id, task=task.value, metric=chosen.id, target=target)


def _train(
    at: Surroundings,
    table: Table,
    request: TrainingRequest,
    folder: Path,
    results: list[TaskResult],
    number: int,
    since: float,
) -> None:
    """Train one task; its failure is its own, the others go on."""
    result = results[number]
    ledger = _ledger(at, table, request, folder, results, number, since)
    result.state, result.started_at = JobState.RUNNING.value, now()
    ledger.show(result)
    ledger.log(f"{TITLES[ledger.task]} begins on {table.rows:,} rows")
    # Imported here: pages know this package too, and must not load the learners.
    from engines.training.one_task import train

    try:
        train(ledger, table, request, folder, at.size, at.most_cells)
        result.state = JobState.SUCCEEDED.value
    except MlaasError as error:
        result.state, result.error = JobState.FAILED.value, str(error)
        ledger.log(f"{TITLES[ledger.task]} failed: {error}")
    result.finished_at = now()
    result.facts = {**result.facts, "seconds": round(time.monotonic() - since, 2)}
    ledger.keep(result)


def _ledger(
    at: Surroundings,
    table: Table,
    request: TrainingRequest,
    folder: Path,
    results: list[TaskResult],
    number: int,
    since: float,
) -> Ledger:
    log_file, result, count = folder / LOG_NAME, results[number], len(results)
    window = (0.95 * number / count, 0.95 * (number + 1) / count)
    is_supervised = Task(result.task) in SUPERVISED
    if request.mode == Mode.BASE:
        cells = min(table.cells, at.most_cells or table.cells)
        longest = BASE_SECONDS * max(1.0, cells / BASE_CELLS)
        share = BASE_WITH_TARGET if is_supervised else BASE_WITHOUT_TARGET
        # Each task has a time of its own, so that a slow one leaves the next enough for a model.
        own = time.monotonic() + longest * share
        finish_by = max(own, since + longest) if is_supervised else own
        return Ledger(at.db, at.progress, log_file, result, finish_by, 0.0, *window)
    share = 1.0 if is_supervised else SHARE_WITHOUT_TARGET * (number + 1) / count
    finish_by = since + request.budget_seconds * share
    budget = request.budget_seconds
    return Ledger(at.db, at.progress, log_file, result, finish_by, budget, *window)


def _end(
    at: Surroundings,
    actor: Actor,
    run: TrainingRun,
    results: list[TaskResult],
    recorder: Recorder,
) -> None:
    """Record what is left, close the run, tell the experiment; fails when nothing was trained."""
    trained = [result for result in results if result.state == JobState.SUCCEEDED]
    if not trained:
        raise MlaasError(results[0].error or "No task was trained.")
    at.progress.report(0.96, "Recording the run in the tracking server")
    warning = recorder.finish(JobState.SUCCEEDED, "")
    failed = [f"{TITLES[Task(r.task)]}: {r.error}" for r in results if r not in trained]
    with at.db.write() as session:
        current = session.get_one(TrainingRun, run.id)
        current.warning = " ".join(filter(None, [*failed, warning]))
        close(session, run.id, JobState.SUCCEEDED)
        done = [result.task for result in trained]
        events.record(session, actor, "training.finished", f"run:{run.id}", tasks=done)
    at.experiments.advance(actor, run.experiment_id, ExperimentState.TRAINED)
    at.progress.report(1.0, "Done")


@contextmanager
def _closed_on_error(db: Database, run_id: str) -> Iterator[None]:
    """Whatever ends the job early also ends the run, with a sentence."""
    try:
        yield
    except MlaasError as error:
        _fail(db, run_id, str(error))
        raise
    except BaseException:
        _fail(db, run_id, f"An unexpected fault ended the training (id {correlation_id()}).")
        raise


def _fail(db: Database, run_id: str, error: str) -> None:
    with db.write() as session:
        close(session, run_id, JobState.FAILED, error)
