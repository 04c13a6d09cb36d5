"""Job: record in the tracking server how a training ended that could not say so itself."""

from typing import Any

from engines import projects, training
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Record the end of the run named in the payload."""
    progress.report(0.1, "Recording the end of the training")
    run = training.run(services.db, actor, payload["run_id"], services.experiments)
    ended = training.record_end(
        services.db,
        actor,
        run.id,
        services.experiments,
        services.datasets,
        services.tracker,
        services.scheduler,
        services.runs_dir,
        projects.get(services.db, actor, run.experiment_id).name,
    )
    progress.log(f"The training is recorded as {ended.state}")


if __name__ == "__main__":
    job_main(work)
