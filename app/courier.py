"""The courier: `python -m app.courier` carries notices out until it is told to stop."""

import logging
import signal
import sys
import time

from engines import observability
from engines.core import settings as configuration
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, MlaasError
from engines.core.secret_store import secret_store
from engines.core.settings import Settings
from engines.governance.notices import Courier

POLL_SECONDS = 1.0

log = logging.getLogger(__name__)


class Rounds:
    """One courier's rounds, until `stop`; a message under way is ended first."""

    def __init__(self, courier: Courier, poll_seconds: float = POLL_SECONDS) -> None:
        self._courier, self._poll_seconds, self._stopping = courier, poll_seconds, False

    def stop(self) -> None:
        """Ask for the end; safe inside a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Carry what is due, look again. A database that is away is waited for."""
        while not self._stopping:
            try:
                carried = self._courier.carry(at_most=1)
            except BackendUnavailable as error:
                log.warning("The courier waits: %s", error)
                carried = 0
            if not carried:
                time.sleep(self._poll_seconds)


def main() -> int:
    """Run until SIGTERM or SIGINT; 0 after a clean end, 2 for a wrong configuration."""
    try:
        settings = configuration.load()
    except MlaasError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    observability.configure(settings.logging, settings.paths.logs, "courier", settings.secrets)
    rounds = Rounds(_courier(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: rounds.stop())
    sys.stdout.write("The courier is ready.\n")
    sys.stdout.flush()
    rounds.run()
    return 0


def _courier(settings: Settings) -> Courier:
    return Courier(Database(settings.database.url), settings, secret_store(settings))


if __name__ == "__main__":
    sys.exit(main())
