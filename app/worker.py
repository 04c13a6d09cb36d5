"""The embedded scheduler: `python -m app.worker` empties the queue until it is told to stop."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from engines import observability, orchestration
from engines.core import settings as configuration
from engines.core.database import Database
from engines.core.errors import MlaasError
from engines.core.settings import Settings


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
    _run(worker(settings, options.scripts))
    return 0


def worker(settings: Settings, scripts: str = "spark_jobs") -> orchestration.Worker:
    """The worker that these settings describe."""
    launcher = orchestration.Launcher(
        scripts=scripts,
        output_dir=settings.paths.logs / "jobs",
        scratch_dir=Path(settings.paths.data) / "scratch",
    )
    limits = orchestration.WorkerLimits(
        slots=orchestration.slots(settings.limits.workers),
        job_seconds=settings.limits.job_minutes * 60.0,
    )
    return orchestration.Worker(Database(settings.database.url), launcher, limits)


def _run(worker: orchestration.Worker) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    sys.stdout.write("The worker is ready.\n")
    sys.stdout.flush()
    worker.run()


if __name__ == "__main__":
    sys.exit(main())
