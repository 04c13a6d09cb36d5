"""Recording a run in the tracking server, from the database and the run's folder.

The database holds what has happened. `Record.catch_up` brings the tracking server up to it and may
be repeated at any time, for nothing is recorded twice: so the same code follows a run under way,
closes one whose process was killed, and repairs one whose tracking server was away.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from engines.core.database import Database
from engines.core.errors import MlaasError
from engines.core.scheduling import LIVE, JobState
from engines.core.tables import Table
from engines.training import environment
from engines.training.models import Candidate, TaskResult, TrainingRun, Trial
from engines.training.port import RunLog
from engines.training.request import Mode, TrainingRequest

TRIALS_RECORDED = 60  # the best of each candidate; all are in trials.json
FAULT = "something unexpected went wrong; the log has the details."

log = logging.getLogger(__name__)


@dataclass
class Record:
    """One run in the tracking server. `done` holds what this object has recorded already."""

    db: Database
    tracking: RunLog
    run: TrainingRun
    table: Table
    name: str
    folder: Path
    parents: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def catch_up(self) -> None:
        """Record all that is new in the database. Raises the tracking server's MlaasError."""
        results = self._results()
        for task in [r.task for r in results] or self.run.request["tasks"]:
            if task not in self.parents:
                self.parents[task] = self._open(task)
        for result in results:
            for candidate, trials in self._candidates(result):
                self._candidate(result, candidate, trials)
            if result.state == JobState.SUCCEEDED and result.id not in self.done:
                self._finish(result)

    def end(self, state: str, reason: str) -> str:
        """Record the rest and close the run; a sentence when that failed, else ""."""
        try:
            self.catch_up()
            if state == JobState.SUCCEEDED:
                self.tracking.end(next(iter(self.parents.values())))
            else:
                self.tracking.abandon(self.run.id, state, reason)
        except MlaasError as error:
            self._give_up()
            return not_recorded(str(error))
        except Exception:  # a plot that cannot be drawn must not cost the training
            log.exception("The run could not be recorded", extra={"run": self.run.id})
            self._give_up()
            return not_recorded(FAULT)
        return ""

    def _give_up(self) -> None:
        try:
            self.tracking.abandon(self.run.id, "failed", "Recording was broken off.")
        except MlaasError:
            return  # the server is away altogether; recording again closes what stands open there

    def _open(self, task: str) -> str:
        run = self.run
        return self.tracking.start(
            run.experiment_id,
            self.name or run.experiment_id,
            run.id,
            task,
            self.table,
            {**_asked(run, self.table), "environment": environment.fingerprint()},
            {"mlaas.user": run.actor_name, "mlaas.correlation_id": run.correlation_id},
        )

    def _finish(self, result: TaskResult) -> None:
        link = self.tracking.finish(self.parents[result.task], self.folder / result.task)
        with self.db.write() as session:
            session.get_one(TaskResult, result.id).tracking_link = link
        self.done.add(result.id)

    def _candidate(self, result: TaskResult, candidate: Candidate, trials: list[Trial]) -> None:
        state = self._state(result, candidate)
        new = [trial for trial in trials if trial.id not in self.done]
        told = f"{candidate.id} {state}"
        if not state or (told in self.done and not new):
            return
        self.tracking.log_candidate(
            self.parents[result.task],
            candidate.name,
            {**candidate.parameters, "algorithm": candidate.algorithm, "state": candidate.state},
            candidate.folds,
            {**candidate.metrics, "seconds": candidate.seconds},
            [_trial(candidate, trial) for trial in new],
            key=candidate.id,
            state=state,
            reason=candidate.reason or (self._reason(result) if state == "stopped" else ""),
        )
        self.done |= {told, *(trial.id for trial in new)}

    def _state(self, result: TaskResult, candidate: Candidate) -> str:
        """What is to be told of a candidate now; nothing while its folds are under way."""
        if result.state not in LIVE:
            return "stopped" if candidate.state == "running" else candidate.state
        is_tuned = self.run.request["mode"] == Mode.BEST and candidate.state == "succeeded"
        if is_tuned:
            return "running"  # its parameters are settled when the search is over
        return "" if candidate.state == "running" else candidate.state

    def _reason(self, result: TaskResult) -> str:
        return result.error or self._read().error or "The training ended before it was complete."

    def _read(self) -> TrainingRun:
        with self.db.read() as session:
            return session.get_one(TrainingRun, self.run.id)

    def _results(self) -> list[TaskResult]:
        with self.db.read() as session:
            of_run = select(TaskResult).where(col(TaskResult.run_id) == self.run.id)
            return list(session.exec(of_run))

    def _candidates(self, result: TaskResult) -> list[tuple[Candidate, list[Trial]]]:
        of_task = col(Candidate.run_id) == result.run_id, col(Candidate.task) == result.task
        with self.db.read() as session:
            found = list(session.exec(select(Candidate).where(*of_task)))
            trials = list(session.exec(select(Trial).where(col(Trial.run_id) == result.run_id)))
        is_over = result.state not in LIVE
        by_candidate = [(c, [t for t in trials if t.candidate_id == c.id]) for c in found]
        return [(c, _most_telling(c, of, is_over)) for c, of in by_candidate]


def not_recorded(why: str) -> str:
    """The sentence a run carries when the tracking server does not have all of it."""
    return f"The run is not in the tracking server: {why} It can be recorded again later."


def _asked(run: TrainingRun, table: Table) -> dict[str, Any]:
    """The request under public names."""
    request = TrainingRequest.from_json(run.request)
    public = table.public_names
    asked = {k: v for k, v in request.as_json().items() if k not in ("experiment_id",)}
    asked["target"] = public.get(request.target, "")
    asked["time_column"] = public.get(request.time_column, "")
    for names in ("left_out", "known_ahead"):
        asked[names] = [public[column] for column in getattr(request, names)]
    return {
        k: ", ".join(map(str, v)) if isinstance(v, tuple | list) else v for k, v in asked.items()
    }


def _trial(candidate: Candidate, trial: Trial) -> dict[str, Any]:
    whole = trial.folds_done >= candidate.folds_done
    reason = "" if whole else f"Given up after {trial.folds_done} of {candidate.folds_done} folds."
    return {
        "key": trial.id,
        "number": trial.number,
        "params": trial.parameters,
        "metrics": {candidate.metric: trial.score, "seconds": trial.seconds},
        "state": "succeeded" if whole else "stopped",
        "reason": reason,
    }


def _most_telling(candidate: Candidate, trials: Sequence[Trial], is_over: bool) -> list[Trial]:
    """The trials that saw most folds, in the order they were made.

    While the search goes on, only those that saw every fold: whatever comes later, they stay among
    the most telling.
    """
    able = [t for t in trials if t.score is not None]
    if not is_over:
        able = [t for t in able if t.folds_done >= candidate.folds_done]
    kept = sorted(able, key=lambda t: (-t.folds_done, t.number))[:TRIALS_RECORDED]
    return sorted(kept, key=lambda t: t.number)
