"""Starting, following and cancelling runs."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from engines import training
from engines.core.access import Actor
from engines.core.database import Database, now
from engines.core.errors import (
    BackendUnavailable,
    InvalidInput,
    MlaasError,
    NotAllowed,
    NotFound,
    NotReady,
)
from engines.core.scheduling import JobState
from engines.core.tables import Table
from engines.training import Task, TrainingRequest, TrainingRun
from tests.harness.audit import audit_events

from .conftest import EXPERIMENT, OneTable, OpenExperiments, Queue

CHURN = TrainingRequest(EXPERIMENT, "data-one", (Task.BINARY,), "Churn")


@pytest.fixture
def started(
    db: Database, analyst: Actor, telco: Table, experiments: OpenExperiments, queue: Queue
) -> TrainingRun:
    """A queued run."""
    return training.start(db, analyst, CHURN, experiments, OneTable(telco), queue)


def test_start_queues_one_job_under_the_runs_id_and_audits_it(
    db: Database, started: TrainingRun, queue: Queue
) -> None:
    assert [(job.kind, job.key) for job in queue.submitted] == [("train", started.id)]
    assert "“customerID” is left out" in started.notes[0]
    assert [(event.act, event.subject) for event in audit_events(db)] == [
        ("training.started", f"run:{started.id}")
    ]


@pytest.mark.parametrize(
    "refusal", [InvalidInput("There is no such kind."), BackendUnavailable("It is away.")]
)
def test_start_that_cannot_be_queued_fails_the_run_at_once(
    db: Database,
    analyst: Actor,
    telco: Table,
    experiments: OpenExperiments,
    refusal: MlaasError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*given: object) -> None:
        raise refusal

    queue = Queue()
    with monkeypatch.context() as broken:
        broken.setattr(queue, "submit", refuse)
        with pytest.raises(type(refusal)):
            training.start(db, analyst, CHURN, experiments, OneTable(telco), queue)
    [run] = training.runs(db, analyst, EXPERIMENT, experiments)
    assert (run.state, run.error) == ("failed", f"The job was never queued: {refusal}")
    assert training.start(db, analyst, CHURN, experiments, OneTable(telco), queue).is_live


def test_second_tab_is_refused_while_a_run_is_live(
    db: Database,
    analyst: Actor,
    telco: Table,
    started: TrainingRun,
    experiments: OpenExperiments,
    queue: Queue,
) -> None:
    with pytest.raises(NotReady, match="already in progress"):
        training.start(db, analyst, CHURN, experiments, OneTable(telco), queue)
    assert len(queue.submitted) == 1
    queue.states[started.id] = JobState.CANCELLED
    again = training.start(db, analyst, CHURN, experiments, OneTable(telco), queue)
    assert again.id != started.id


@pytest.mark.parametrize(
    ("state", "error", "expected", "sentence"),
    [
        (JobState.FAILED, "The worker was killed.", "failed", "The worker was killed."),
        (JobState.CANCELLED, "", "cancelled", "The training process ended without a result."),
        (JobState.SUCCEEDED, "", "failed", "The training process ended without a result."),
        (JobState.RUNNING, "", "queued", ""),
    ],
)
def test_follow_settles_a_run_whose_job_has_ended(
    db: Database,
    analyst: Actor,
    started: TrainingRun,
    experiments: OpenExperiments,
    queue: Queue,
    state: JobState,
    error: str,
    expected: str,
    sentence: str,
) -> None:
    queue.states[started.id], queue.error = state, error
    run = training.follow(db, analyst, EXPERIMENT, experiments, queue)[0]
    assert (run.state, run.error) == (expected, sentence)


def test_follow_fails_a_run_that_never_reached_the_queue(
    db: Database, analyst: Actor, started: TrainingRun, experiments: OpenExperiments
) -> None:
    with db.write() as session:
        session.get_one(TrainingRun, started.id).created_at = now() - timedelta(minutes=5)
    run = training.follow(db, analyst, EXPERIMENT, experiments, Queue())[0]
    assert (run.state, run.error) == ("failed", "The job was never queued.")


def test_cancel_stops_the_job_and_keeps_the_reason(
    db: Database, analyst: Actor, started: TrainingRun, experiments: OpenExperiments, queue: Queue
) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        training.cancel(db, analyst, started.id, " ", experiments, queue)
    run = training.cancel(db, analyst, started.id, "wrong target", experiments, queue)
    assert run.state == "cancelled"
    assert run.error == "Cancelled by analyst: wrong target"
    assert queue.states[started.id] == JobState.CANCELLED
    with pytest.raises(NotReady, match="already cancelled"):
        training.cancel(db, analyst, started.id, "again", experiments, queue)


def test_start_is_refused_to_a_checker(
    db: Database,
    make_actor: Callable[..., Actor],
    telco: Table,
    experiments: OpenExperiments,
    queue: Queue,
) -> None:
    with pytest.raises(NotAllowed):
        training.start(db, make_actor("checker"), CHURN, experiments, OneTable(telco), queue)


def test_run_that_is_unknown_is_not_found(
    db: Database, analyst: Actor, experiments: OpenExperiments
) -> None:
    with pytest.raises(NotFound):
        training.run(db, analyst, "nothing", experiments)


def test_request_survives_its_json() -> None:
    request = TrainingRequest("e", "d", (Task.BINARY, Task.ANOMALY), "y", left_out=("a",))
    assert TrainingRequest.from_json(request.as_json()) == request
