"""Job: take one release out of a repository."""

from typing import Any

from engines import artifacts
from engines.artifacts import Repository
from engines.core.access import Actor
from engines.core.progress import Progress
from engines.wired_releases import ApprovedForProd
from engines.wiring import Services, job_main


def work(services: Services, actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Remove the release named in the payload, unless it is needed after all."""
    where, needed = Repository(payload["where"]), ApprovedForProd(services.board, actor)
    release_id = payload["release_id"]
    artifacts.remove(services.depot, actor, release_id, where, needed, progress)
    progress.log(f"The release is removed from {where}.")


if __name__ == "__main__":
    job_main(work)
