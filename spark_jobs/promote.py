"""Job: copy one release to the next repository."""

from typing import Any

from engines import artifacts
from engines.artifacts import Repository
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Promote the release named in the payload."""
    to = Repository(payload["to"])
    artifacts.promote(services.depot, actor, payload["release_id"], to, progress)
    progress.log(f"The release is in {to}.")


if __name__ == "__main__":
    job_main(work)
