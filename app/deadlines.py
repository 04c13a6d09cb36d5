"""What time does to submissions: `python -m app.deadlines` does once what is due, and ends.

The worker starts it every hour. It is a process of its own because the worker has to stay small and
without threads; and nothing is lost while no worker runs, since the gate looks at the time itself.
"""

import logging
import sys

from engines import observability, wiring
from engines.core import settings as configuration
from engines.core.correlation import correlated
from engines.core.database import now
from engines.core.errors import MlaasError
from engines.governance import approvals

log = logging.getLogger(__name__)


def main() -> int:
    """Expire, remind, return, reject or escalate; 0 when done, 1 when it could not be."""
    try:
        settings = configuration.load()
        observability.configure(
            settings.logging, settings.paths.logs, "deadlines", settings.secrets
        )
        with correlated():
            done = approvals.tick(wiring.build(settings).board, now())
    except MlaasError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if done.expired or done.late:
        log.info("Deadlines", extra={"expired": done.expired, "late": done.late})
    return 0


if __name__ == "__main__":
    sys.exit(main())
