"""Long work outside the page's process: queue it, run it, follow it, stop it."""

from engines.orchestration.fork_server import ForkServer
from engines.orchestration.housekeeping import Housekeeping
from engines.orchestration.job_process import run_job
from engines.orchestration.launch import Launcher
from engines.orchestration.limits import WorkerLimits, slots
from engines.orchestration.listing import (
    PAGE_SIZE,
    JobEntry,
    JobFilter,
    JobPage,
    QueueState,
    busy_experiments,
    job,
    job_kinds,
    job_log,
    jobs,
    queue_state,
)
from engines.orchestration.local import LocalScheduler, follow_up, without_follow_up
from engines.orchestration.models import Job, JobLog, JobWorker
from engines.orchestration.worker import Worker

__all__ = [
    "PAGE_SIZE",
    "ForkServer",
    "Housekeeping",
    "Job",
    "JobEntry",
    "JobFilter",
    "JobLog",
    "JobPage",
    "JobWorker",
    "Launcher",
    "LocalScheduler",
    "QueueState",
    "Worker",
    "WorkerLimits",
    "busy_experiments",
    "follow_up",
    "job",
    "job_kinds",
    "job_log",
    "jobs",
    "queue_state",
    "run_job",
    "slots",
    "without_follow_up",
]
