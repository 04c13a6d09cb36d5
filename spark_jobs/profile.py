"""Job: make the ydata-profiling report of a stored table."""

from typing import Any

from engines import eda
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Make the profile named in the payload."""
    eda.run_profile(services.study, actor, payload["report_id"], progress)


if __name__ == "__main__":
    job_main(work)
