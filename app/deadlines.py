"""What time does to submissions and releases: `python -m app.deadlines` does what is due, and ends.

The worker starts it every hour. It is a process of its own because the worker has to stay small and
without threads; and nothing is lost while no worker runs, since the gate looks at the time itself.
"""

import logging
import sys
from dataclasses import replace

from engines import artifacts, observability, wiring
from engines.core import settings as configuration
from engines.core.access import Role
from engines.core.correlation import correlated
from engines.core.database import now
from engines.core.errors import MlaasError
from engines.core.users import SYSTEM
from engines.governance import approvals
from engines.wired_releases import ApprovedForProd
from engines.wiring import Services

log = logging.getLogger(__name__)


def main() -> int:
    """Expire, remind, return, reject, escalate, remove; 0 when done, 1 when it could not be."""
    try:
        settings = configuration.load()
        observability.configure(
            settings.logging, settings.paths.logs, "deadlines", settings.secrets
        )
        with correlated():
            _do(wiring.build(settings))
    except MlaasError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _do(svc: Services) -> None:
    """Approvals first: what they leave standing decides which releases are needed."""
    done = approvals.tick(svc.board, now())
    if done.expired or done.late:
        log.info("Deadlines", extra={"expired": done.expired, "late": done.late})
    chosen, actor = svc.settings.artifacts, replace(SYSTEM, roles=frozenset({Role.DEPLOYER}))
    rules = {str(place): keep for place, keep in chosen.keep.items()}
    needed = ApprovedForProd(svc.board, actor)
    every = chosen.remove_every_hours
    removed = artifacts.retain_on_schedule(svc.depot, actor, rules, needed, every)
    if removed:
        log.info("Retention", extra={"removed": len(removed)})


if __name__ == "__main__":
    sys.exit(main())
