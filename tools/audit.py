"""Ask the public vulnerability databases about every locked package, and say what stayed unasked.

Exit code 0: all were asked, none is known to be vulnerable; 1: some are; 2: not all were asked.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOCKS = ("requirements.txt", "requirements-dev.txt")
RESULT = Path("data/audit.json")
SERVICES = ("pypi", "osv")


def main() -> int:
    """Ask one service after the other until one answers for every package."""
    for service in SERVICES:
        answers = ask(service)
        found = list(vulnerable(answers))
        unasked = [a["name"] for a in answers if "skip_reason" in a]
        if found or (answers and not unasked):
            write_down(found)
        if found:
            print("\n".join(found))
            return 1
        if answers and not unasked:
            print(f"{service} knows no vulnerability in any of the {len(answers)} locked packages.")
            return 0
        print(f"{service}: no answer for {len(unasked) if answers else 'all'} packages.")
    print("NOT CHECKED for known vulnerabilities, as said above.")
    print("Run `make audit` again where the package index or the OSV database can be reached.")
    return 2


def ask(service: str) -> list[dict[str, Any]]:
    """The service's answer per package; empty when it could not be reached at all."""
    locks = [part for lock in LOCKS for part in ("-r", lock)]
    program = Path(sys.executable).with_name("pip-audit")
    options = ["-f", "json", "--disable-pip", "--no-deps", "--progress-spinner", "off"]
    done = subprocess.run(
        [program, "-s", service, *options, *locks], capture_output=True, text=True
    )
    try:
        answers: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return []
    return answers


def write_down(found: list[str], place: Path = RESULT) -> None:
    """Keep the outcome with the lock's hash, for the policies' check of a model's libraries."""
    digest = hashlib.sha256(Path(LOCKS[0]).read_bytes()).hexdigest()
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({"lock_sha256": digest, "vulnerable": found}, indent=2))


def vulnerable(answers: list[dict[str, Any]]) -> Iterator[str]:
    """One line per known vulnerability."""
    for answer in answers:
        for known in answer.get("vulns", ()):
            repaired = ", ".join(known["fix_versions"]) or "no version yet"
            yield f"{answer['name']} {answer['version']}: {known['id']}, repaired in {repaired}"


if __name__ == "__main__":
    sys.exit(main())
