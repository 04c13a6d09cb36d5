"""Training: check a request, run it as a job, follow its leaderboard, cancel it."""

from engines.training.models import Candidate, TaskResult, TrainingRun, Trial
from engines.training.port import (
    CandidateRecord,
    Datasets,
    ModelRecord,
    RunLog,
    RunRecord,
    TrialRecord,
)
from engines.training.request import Mode, TrainingRequest
from engines.training.runs import cancel, follow, leaderboard, results, run, runs, start, trials
from engines.training.tasks import METRICS, SUPERVISED, TITLES, Metric, Task, guess_task

__all__ = [
    "METRICS",
    "SUPERVISED",
    "TITLES",
    "Candidate",
    "CandidateRecord",
    "Datasets",
    "Metric",
    "Mode",
    "ModelRecord",
    "RunLog",
    "RunRecord",
    "Task",
    "TaskResult",
    "TrainingRequest",
    "TrainingRun",
    "Trial",
    "TrialRecord",
    "cancel",
    "follow",
    "guess_task",
    "leaderboard",
    "results",
    "run",
    "runs",
    "start",
    "trials",
]
