"""Job: make one release and send it to the artifact repository."""

from typing import Any

from engines import artifacts
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Publish the release named in the payload."""
    release = artifacts.publish(services.depot, actor, payload["release_id"], progress)
    progress.log(f"{release.title} is published, {len(release.files)} files.")


if __name__ == "__main__":
    job_main(work)
