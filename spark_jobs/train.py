"""Job: train every task of one run."""

import time
from typing import Any

import psutil

from engines import projects, training
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Train the run named in the payload; its time budget began with this process."""
    began = time.monotonic() - (time.time() - psutil.Process().create_time())
    run = training.run(services.db, actor, payload["run_id"], services.experiments)
    surroundings = training.Surroundings(
        db=services.db,
        progress=progress,
        datasets=services.datasets,
        experiments=services.experiments,
        tracking=services.tracker,
        runs_dir=services.runs_dir,
        name=projects.get(services.db, actor, run.experiment_id).name,
        beside=True,
        most_cells=services.settings.limits.training_cells,
    )
    training.sweep(services.runs_dir)
    training.execute(actor, run.id, surroundings, began)


if __name__ == "__main__":
    job_main(work)
