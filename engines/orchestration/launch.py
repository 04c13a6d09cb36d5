"""Start a job's process: its own group, nice, single-threaded learners, gone with its worker."""

import ctypes
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engines.core.errors import InvalidInput
from engines.orchestration import processes
from engines.orchestration.models import Job

SCRIPTS = "spark_jobs"
NICENESS = 10
PR_SET_PDEATHSIG = 1
THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


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
    """Where job scripts come from, and where their output and scratch files go."""

    scripts: str
    output_dir: Path
    scratch_dir: Path

    def start(self, job: Job) -> subprocess.Popen[bytes]:
        """Run `python -m <scripts>.<kind> --job KEY`. Raises InvalidInput or OSError."""
        check_kind(job.kind, self.scripts)
        self.scratch(job.lease).mkdir(parents=True, exist_ok=True)
        self.output_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", f"{self.scripts}.{job.kind}", "--job", job.key]
        with self.output(job.lease).open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - the kind was checked, no shell reads it
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(job),
                start_new_session=True,
                preexec_fn=_settle(os.getpid()),  # sound: the worker has a single thread
            )

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
            **dict.fromkeys(THREAD_LIMITS, "1"),  # learners run side by side as processes
            processes.LEASE: job.lease,
            "TMPDIR": str(self.scratch(job.lease).resolve()),
            "PYTHONUNBUFFERED": "1",
        }


def _settle(worker_pid: int) -> Callable[[], None]:
    """What the new process does before its first instruction; the library is loaded beforehand."""
    libc = ctypes.CDLL(None, use_errno=True)

    def settle() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker_pid:  # the worker died before the line above took hold
            os._exit(1)
        os.nice(NICENESS)
        with suppress(OSError):  # when memory runs out, a job goes before the application
            Path("/proc/self/oom_score_adj").write_text("500")

    return settle
