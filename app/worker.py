"""The embedded scheduler: `python -m app.worker` empties the queue until it is told to stop."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from engines import observability, orchestration
from engines.core import settings as configuration
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, MlaasError
from engines.core.scheduling import JobState, JobStatus
from engines.core.settings import Settings

# What jobs take seconds to import. Not Polars, see `fork_main`, nor DuckDB, which complains at a
# job's end of what was left out of garbage collection.
PRELOADED = (
    "engines.artifacts",
    "engines.explanation",
    "engines.governance.approvals",
    "engines.governance.documents.to_docx",
    "engines.governance.documents.to_pdf",
    "engines.governance.register",
    "engines.observability",
    "engines.projects",
    "engines.results",
    "engines.tracking.mlflow",
    "engines.training.one_task",
    "fairlearn.metrics",
    "mlflow",
    "modelscan.modelscan",
    "openpyxl",
    "pycaret.classification",
    "pycaret.regression",
    "shap",
    "skl2onnx",
    "skops.io",
    "xgboost",
)
TRAINING, RECORDING = "train", "record"
RECORDING_RETRIES = 30  # two hours of a tracking server that is away


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker until SIGTERM or SIGINT; 0 after a clean end, 2 for a wrong configuration."""
    parser = argparse.ArgumentParser(prog="worker", description=__doc__)
    parser.add_argument("--scripts", default="spark_jobs", help="package of the job scripts")
    options = parser.parse_args(arguments)
    try:
        settings = configuration.load()
    except MlaasError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    observability.configure(settings.logging, settings.paths.logs, "worker", settings.secrets)
    _make_up(Database(settings.database.url))
    _run(worker(settings, options.scripts))
    return 0


def worker(settings: Settings, scripts: str = "spark_jobs") -> orchestration.Worker:
    """The worker that these settings describe."""
    forks = orchestration.ForkServer(PRELOADED) if settings.jobs.preload else None
    launcher = orchestration.Launcher(
        scripts=scripts,
        output_dir=settings.paths.logs / "jobs",
        scratch_dir=Path(settings.paths.data) / "scratch",
        forks=forks,
    )
    if forks:
        forks.begin()
    limits = orchestration.WorkerLimits(
        slots=orchestration.slots(settings.limits.workers),
        job_seconds=settings.limits.job_minutes * 60.0,
    )
    db = Database(settings.database.url)
    keeper = orchestration.Housekeeping(db, settings.jobs.keep_days)
    ended = partial(_ended, db, keeper)
    return orchestration.Worker(db, launcher, limits, ended, Hourly("app.deadlines").begin)


class Hourly:
    """Starts a module as a process of its own every hour, never a second beside the first."""

    def __init__(
        self, module: str, every_seconds: float = 3600.0, first_after: float = 60.0
    ) -> None:
        self._command = [sys.executable, "-m", module]
        self._every, self._due = every_seconds, time.monotonic() + first_after
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it when it is time; a former one that has ended is reaped."""
        if self._process is not None and self._process.poll() is None:
            return
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every
            self._process = subprocess.Popen(self._command)  # noqa: S603, a fixed command


def _ended(db: Database, keeper: orchestration.Housekeeping, job: JobStatus) -> None:
    _after(db, job)
    keeper.tidy()


def _after(db: Database, ended: JobStatus) -> None:
    """What a job's end calls for: a training cut short is closed in the tracking server.

    That is a job of its own, so the worker never waits for that server, and tries again later come
    with it; and the worker stays small and without threads, which starting processes asks for.
    """
    if ended.kind == TRAINING and ended.state in (JobState.FAILED, JobState.CANCELLED):
        orchestration.follow_up(db, ended.key, RECORDING, RECORDING_RETRIES)


def _make_up(db: Database) -> None:
    """Queue what a worker that died between a job's end and its follow-up left out."""
    with suppress(BackendUnavailable):  # the worker waits for the database, the next start makes up
        for key in orchestration.without_follow_up(db, TRAINING, RECORDING):
            orchestration.follow_up(db, key, RECORDING, RECORDING_RETRIES)
    db.engine.dispose()


def _run(worker: orchestration.Worker) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    sys.stdout.write("The worker is ready.\n")
    sys.stdout.flush()
    worker.run()


if __name__ == "__main__":
    sys.exit(main())
