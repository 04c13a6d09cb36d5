"""Start a job's process: its own group, nice, single-threaded learners, gone with its worker."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engines.core.errors import InvalidInput
from engines.orchestration import processes
from engines.orchestration.fork_server import ForkServer, Order
from engines.orchestration.models import Job
from engines.orchestration.processes import Child, Started

SCRIPTS = "spark_jobs"


def check_kind(kind: str, scripts: str = SCRIPTS) -> None:
    """Accept only the name of a script in the scripts package. Raises InvalidInput."""
    if not re.fullmatch(r"[a-z][a-z_]{0,40}", kind) or not _exists(f"{scripts}.{kind}"):
        raise InvalidInput(
            f"There is no job of the kind “{kind}”.", hint=f"Kinds are the scripts in {scripts}/."
        )


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@dataclass(frozen=True)
class Launcher:
    """Where job scripts come from, where their output and scratch files go, and what forks them."""

    scripts: str
    output_dir: Path
    scratch_dir: Path
    forks: ForkServer | None = None

    def start(self, job: Job) -> Child:
        """Run `<scripts>.<kind> --job KEY` as a main program. Raises InvalidInput or OSError."""
        check_kind(job.kind, self.scripts)
        self.scratch(job.lease).mkdir(parents=True, exist_ok=True)
        self.output_dir.mkdir(parents=True, exist_ok=True)
        output = str(self.output(job.lease).resolve())
        module, arguments = f"{self.scripts}.{job.kind}", ("--job", job.key)
        order = Order(module, arguments, self._environment(job), output)
        return (self.forks and self.forks.fork(order)) or _start(order)

    def scratch(self, lease: str) -> Path:
        """The attempt's folder for temporary files."""
        return self.scratch_dir / lease

    def output(self, lease: str) -> Path:
        """What the attempt's process wrote to its standard output and error."""
        return self.output_dir / f"{lease}.out"

    def last_words(self, lease: str, characters: int = 4_000) -> str:
        """The end of that output, or nothing."""
        with suppress(OSError):
            return self.output(lease).read_bytes()[-characters:].decode(errors="replace")
        return ""

    def clean(self, lease: str) -> None:
        """Remove the attempt's scratch folder and output."""
        shutil.rmtree(self.scratch(lease), ignore_errors=True)
        self.output(lease).unlink(missing_ok=True)

    def left_behind(self) -> set[str]:
        """Leases that still have a scratch folder or an output file."""
        folders = [path.name for path in self.scratch_dir.glob("*")]
        return {*folders, *(path.stem for path in self.output_dir.glob("*.out"))}

    def _environment(self, job: Job) -> dict[str, str]:
        return {
            **os.environ,
            **processes.SINGLE_THREADED,
            processes.LEASE: job.lease,
            "TMPDIR": str(self.scratch(job.lease).resolve()),
            "PYTHONUNBUFFERED": "1",
        }


def _start(order: Order) -> Started:
    """Run the order in a fresh interpreter."""
    with Path(order.output).open("wb") as output:
        return Started(
            [sys.executable, "-m", order.module, *order.arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=order.environment,
            start_new_session=True,
            preexec_fn=processes.settler(),  # sound: the worker has a single thread
        )
