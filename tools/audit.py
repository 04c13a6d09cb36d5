"""Look for known vulnerabilities of every locked package, and say what stayed unasked.

Asks the public databases; with a path it reads advisories brought in as files instead. Exit code 0:
all were asked, none is known to be vulnerable; 1: some are; 2: not all were asked, or too long ago.
"""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from engines.artifacts import audit
from engines.artifacts.audit import Looked
from engines.artifacts.dependencies import pins_of
from engines.core import settings
from engines.core.database import now
from engines.core.errors import InvalidInput

LOCKS = (Path("requirements.txt"), Path("requirements-dev.txt"))
SERVICES = ("pypi", "osv")


def main(brought: str = "") -> int:
    """Look everything up, write the outcome down for the policies' check, and say it."""
    config = settings.load()
    run = pins_of(LOCKS[0].read_text("utf-8"))
    pins = {name: v for lock in LOCKS for name, v in pins_of(lock.read_text("utf-8")).items()}
    try:
        looked = audit.look_up(Path(brought), pins) if brought else ask(pins)
    except InvalidInput as error:
        print(f"NOT CHECKED. {error} {error.hint}")
        return 2
    if looked is None:
        print("NOT CHECKED for known vulnerabilities, as said above.")
        print("Run `make audit` where the package index or the OSV database can be reached,")
        print("or `make audit ADVISORIES=path` with advisories brought in as files.")
        return 2
    if looked.found or not looked.unasked:
        file = config.paths.data / "audit.json"
        audit.record(file, LOCKS[0], run, looked, now())
    return say(looked, len(pins), config.governance.advisories_days)


def say(looked: Looked, packages: int, days: int) -> int:
    """Print what was found and what it rests on; the exit code."""
    print(f"{looked.database}, newest record {looked.newest:%Y-%m-%d}")
    for finding in looked.found:
        print(finding)
    if looked.unasked:
        names = ", ".join(looked.unasked[:10])
        print(f"No answer for {len(looked.unasked)} packages: {names}")
    old = now() - looked.newest > timedelta(days=days)
    if old:
        print(f"Advisories of more than {days} days ago count as unknown: bring in newer ones.")
    if looked.found:
        return 1
    if looked.unasked or old:
        return 2
    print(f"No vulnerability is known in any of the {packages} locked packages.")
    return 0


def ask(pins: dict[str, str]) -> Looked | None:
    """Ask one service after the other until one answers for every package; None when none does."""
    for service in SERVICES:
        looked = answer(service, pins)
        if looked and not looked.unasked:
            return looked
        missing = f"{len(looked.unasked)}" if looked else "all"
        print(f"{service}: no answer for {missing} packages.")
        if looked and looked.found:
            return looked
    return None


def answer(service: str, pins: dict[str, str]) -> Looked | None:
    """The service's answer; None when it could not be reached at all."""
    locks = [part for lock in LOCKS for part in ("-r", str(lock))]
    program = Path(sys.executable).with_name("pip-audit")
    options = ["-f", "json", "--disable-pip", "--no-deps", "--progress-spinner", "off"]
    done = subprocess.run(
        [program, "-s", service, *options, *locks], capture_output=True, text=True
    )
    try:
        report = audit.report_of(done.stdout, service)
    except InvalidInput:
        return None
    return audit.answered(f"the {service} service", now(), report, pins)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
