"""What of a run is told to the tracking server, when, and how often."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engines import training
from engines.core.access import Actor
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, NotReady
from engines.core.scheduling import JobState
from engines.core.tables import Table
from engines.training import Candidate, Mode, Task, TaskResult, TrainingRequest, TrainingRun, Trial
from engines.training.record import Record
from engines.training.runs import close

from .conftest import EXPERIMENT, Memory, OneTable, OpenExperiments, Queue, as_table

Write = Callable[..., None]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return as_table(pd.DataFrame({"a": [1.0, 2.0], "y": [0.0, 1.0]}), tmp_path / "t.parquet")


@pytest.fixture
def write(db: Database) -> Write:
    """Write rows as a training does."""

    def rows(*given: Any) -> None:
        with db.write() as session:
            for row in given:
                session.merge(row)

    return rows


def run_of(mode: Mode, write: Write, **more: Any) -> TrainingRun:
    request = TrainingRequest(EXPERIMENT, "data-one", (Task.REGRESSION,), "y", mode=mode)
    run = TrainingRun(id="run1", experiment_id=EXPERIMENT, dataset_id="data-one",
                      dataset_sha256="0", request=request.as_json(), state="running",
                      actor_id="user-analyst", actor_name="analyst", **more)  # fmt: skip
    write(run, TaskResult(id="task1", run_id="run1", task="regression", state="running",
                          metric="rmse"))  # fmt: skip
    return run


def line(name: str, state: str, **more: Any) -> Candidate:
    given = {"score": 1.0, "folds_done": 3, "metrics": {"rmse": 1.0}, **more}
    return Candidate(id=name, run_id="run1", task="regression", algorithm=name, name=name,
                     metric="rmse", state=state, **given)  # fmt: skip


def trial(number: int, folds: int, score: float | None = 1.0) -> Trial:
    return Trial(id=f"t{number}", run_id="run1", candidate_id="lasso", number=number,
                 score=score, folds_done=folds)  # fmt: skip


def record(db: Database, memory: Memory, run: TrainingRun, table: Table, folder: Path) -> Record:
    return Record(db, memory, run, table, "Trial", folder)


def told(memory: Memory) -> list[tuple[str, str]]:
    return [(c["name"], c["state"]) for c in memory.candidates]


def test_candidates_are_told_when_they_end_and_once(
    db: Database, memory: Memory, table: Table, write: Write, tmp_path: Path
) -> None:
    following = record(db, memory, run_of(Mode.BASE, write), table, tmp_path)
    following.catch_up()
    assert [s["task"] for s in memory.started] == ["regression"]
    assert told(memory) == []
    write(line("ridge", "succeeded"))
    write(line("lasso", "failed", reason="It broke."), line("lr", "running", folds_done=1))
    write(line("knn", "stopped", reason="Behind."))
    following.catch_up()
    following.catch_up()
    expected = [("knn", "stopped"), ("lasso", "failed"), ("ridge", "succeeded")]
    assert sorted(told(memory)) == expected
    assert {c["name"]: c["reason"] for c in memory.candidates if c["reason"]} == {
        "lasso": "It broke.", "knn": "Behind."}  # fmt: skip
    assert len(memory.started) == 1


def test_tuned_candidate_stays_open_with_its_trials_until_the_search_ends(
    db: Database, memory: Memory, table: Table, write: Write, tmp_path: Path
) -> None:
    following = record(db, memory, run_of(Mode.BEST, write), table, tmp_path)
    write(line("lasso", "succeeded"), trial(1, 3), trial(2, 1), trial(3, 3, None))
    following.catch_up()
    following.catch_up()
    assert told(memory) == [("lasso", "running")]
    assert [t["number"] for t in memory.candidates[0]["trials"]] == [1]
    write(trial(4, 3), TaskResult(id="task1", run_id="run1", task="regression",
                                  state="succeeded", metric="rmse"))  # fmt: skip
    following.catch_up()
    assert told(memory)[1:] == [("lasso", "succeeded")]
    states = {t["number"]: t["state"] for t in memory.candidates[1]["trials"]}
    assert states == {2: "stopped", 4: "succeeded"}
    assert memory.folders == [tmp_path / "regression"]


def test_end_of_a_killed_run_says_so_of_what_was_under_way(
    db: Database, memory: Memory, table: Table, write: Write, tmp_path: Path
) -> None:
    run = run_of(Mode.BASE, write)
    write(line("lr", "running", folds_done=1))
    with db.write() as session:
        close(session, "run1", JobState.CANCELLED, "Cancelled by analyst: too slow")
    assert record(db, memory, run, table, tmp_path).end("cancelled", "too slow") == ""
    [child] = memory.candidates
    assert (child["state"], child["reason"]) == ("stopped", "Cancelled by analyst: too slow")
    assert memory.ended == ["cancelled: too slow"]


def test_run_that_died_before_its_first_task_is_opened_and_closed(
    db: Database, memory: Memory, table: Table, write: Write, tmp_path: Path
) -> None:
    run = run_of(Mode.BASE, write)
    with db.write() as session:
        session.delete(session.get_one(TaskResult, "task1"))
    assert record(db, memory, run, table, tmp_path).end("failed", "Killed.") == ""
    assert [s["task"] for s in memory.started] == ["regression"]
    assert memory.ended == ["failed: Killed."]


def test_fault_while_recording_costs_a_sentence_not_the_training(
    db: Database, memory: Memory, table: Table, write: Write, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run = run_of(Mode.BASE, write)
    monkeypatch.setattr(memory, "start", lambda *given: 1 / 0)
    warning = record(db, memory, run, table, tmp_path).end("succeeded", "")
    assert warning.startswith("The run is not in the tracking server: something unexpected")
    assert memory.ended == ["failed: Recording was broken off."]


def test_record_end_closes_a_run_whose_job_died_and_clears_its_folder(
    db: Database, analyst: Actor, memory: Memory, table: Table, write: Write, tmp_path: Path
) -> None:
    run_of(Mode.BASE, write)
    queue, data, runs = Queue(), OneTable(table), tmp_path / "runs"
    half, whole = runs / "run1" / ".regression.partial", runs / "run1" / "clustering"
    half.mkdir(parents=True)
    whole.mkdir()
    given = (db, analyst, "run1", OpenExperiments(), data, memory, queue, runs, "Trial")
    queue.states["run1"] = JobState.RUNNING
    with pytest.raises(NotReady, match="still under way"):
        training.record_end(*given)
    queue.states["run1"], queue.error = JobState.FAILED, "The worker was killed."
    memory.away = True
    with pytest.raises(BackendUnavailable, match="not in the tracking server"):
        training.record_end(*given)
    memory.away = False
    assert training.record_end(*given).state == "failed"
    assert memory.ended == ["failed: The worker was killed."]
    assert not half.exists()
    assert whole.exists()


def test_sweep_takes_old_hidden_parts_and_nothing_else(tmp_path: Path) -> None:
    import os

    old, new = tmp_path / "r1" / ".download-a.zip", tmp_path / "r1" / ".download-b.zip"
    folder, kept = tmp_path / "r2" / ".binary.partial", tmp_path / "r2" / "binary"
    for place in (old.parent, folder, kept):
        place.mkdir(parents=True)
    (folder / "model.skops").write_text("half")
    old.write_text("")
    new.write_text("")
    for path in (old, folder, kept):
        os.utime(path, (1, 1))
    assert training.sweep(tmp_path) == 2
    assert [p.exists() for p in (old, new, folder, kept)] == [False, True, False, True]
