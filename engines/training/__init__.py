"""Training: check a request, run it as a job, follow its leaderboard, cancel it."""

from engines.training.catalogue import Algorithm, algorithms
from engines.training.execute import Surroundings, execute
from engines.training.models import Candidate, TaskResult, TrainingRun, Trial
from engines.training.parameters import Parameter, settable
from engines.training.places import RunFolders
from engines.training.port import Datasets, RunLog
from engines.training.recorded import log_again, record_end
from engines.training.request import (
    BUDGET_MAX,
    BUDGET_MIN,
    FOLDS_MAX,
    FOLDS_MIN,
    HOLDOUT_MAX,
    HOLDOUT_MIN,
    HORIZON_MAX,
    Mode,
    Split,
    TrainingRequest,
)
from engines.training.runs import cancel, follow, leaderboard, results, run, runs, start, trials
from engines.training.sweep import sweep
from engines.training.tasks import METRICS, SUPERVISED, TITLES, Metric, Task, guess_task
from engines.training.trained import TrainedTask, trained, trained_ids

__all__ = [
    "BUDGET_MAX",
    "BUDGET_MIN",
    "FOLDS_MAX",
    "FOLDS_MIN",
    "HOLDOUT_MAX",
    "HOLDOUT_MIN",
    "HORIZON_MAX",
    "METRICS",
    "SUPERVISED",
    "TITLES",
    "Algorithm",
    "Candidate",
    "Datasets",
    "Metric",
    "Mode",
    "Parameter",
    "RunFolders",
    "RunLog",
    "Split",
    "Surroundings",
    "Task",
    "TaskResult",
    "TrainedTask",
    "TrainingRequest",
    "TrainingRun",
    "Trial",
    "algorithms",
    "cancel",
    "execute",
    "follow",
    "guess_task",
    "leaderboard",
    "log_again",
    "record_end",
    "results",
    "run",
    "runs",
    "settable",
    "start",
    "sweep",
    "trained",
    "trained_ids",
    "trials",
]
