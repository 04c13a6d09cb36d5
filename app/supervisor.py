"""`make run`: prepares the database, then runs the application, MLflow and the worker as one."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from dotenv import load_dotenv

from app import bootstrap
from app.processes import Fleet, adopt_orphans
from app.product import Part, check_ports, parts
from engines.core import settings as configuration
from engines.core.errors import MlaasError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run until stopped. Exit code 0 after a stop, 1 when it cannot start or go on."""
    load_dotenv(Path(".env"))
    try:
        settings = configuration.load()
        chosen = parts(settings)
        check_ports(chosen)
        bootstrap.prepare(settings, os.environ)
    except MlaasError as error:
        print(error, file=sys.stderr)
        return 1
    return _run(chosen, settings.server.port)


def _run(chosen: list[Part], port: int) -> int:
    adopt_orphans()
    fleet = Fleet(chosen, greeting=f"MLAAS is ready: http://127.0.0.1:{port}")

    def stop(_signal: int, _frame: FrameType | None) -> None:
        fleet.stop()

    for number in STOPPING:
        signal.signal(number, stop)
    return fleet.run()


if __name__ == "__main__":
    sys.exit(main())
