"""Processes of this machine: how a job's begins, who is alive, how a whole family is ended."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil

LEASE = "MLAAS_JOB_LEASE"  # inherited by all that a job starts, even by what leaves its group
NICENESS = 10
PR_SET_PDEATHSIG = 1
THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
SINGLE_THREADED = dict.fromkeys(THREAD_LIMITS, "1")  # learners run side by side as processes
ROUNDS, PAUSE_SECONDS = 100, 0.02


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def identity(pid: int) -> str:
    """What tells a process from a later one with the same number; empty when it is gone.

    Boot id, number and start in clock ticks since boot. psutil's `create_time` is not used: it is
    wall-clock time, which moves when the clock is set.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{boot}/{pid}/{fields[19]}"


def is_alive(process: str) -> bool:
    """True while the process that `identity` described still runs on this machine."""
    parts = process.split("/")
    return len(parts) == 3 and identity(int(parts[1])) == process


class Child(Protocol):
    """A process whose end is ours to see: its number is nobody else's until it is reaped."""

    pid: int
    returncode: int | None

    def has_exited(self) -> bool:
        """True when it has ended, reaped or not."""

    def wait(self) -> int:
        """Reap it once it has ended, and give the exit code."""


class Started(subprocess.Popen[bytes]):
    """A child of this very process."""

    def has_exited(self) -> bool:
        """True when it has ended. It is not reaped: its number stays taken until `wait`."""
        if self.returncode is not None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, options) is not None


def settler() -> Callable[[], None]:
    """What a new process does before its first instruction: die with this one, and give way.

    For a parent with a single thread. The library is loaded beforehand.
    """
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def settle() -> None:
        die_with(parent, libc)
        os.nice(NICENESS)
        with suppress(OSError):  # when memory runs out, a job goes before the application
            Path("/proc/self/oom_score_adj").write_text("500")

    return settle


def die_with(parent: int, libc: ctypes.CDLL | None = None) -> None:
    """Be killed when the parent, this process number, ends."""
    (libc or ctypes.CDLL(None)).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above took hold
        os._exit(1)


def signal_group(child: Child, number: signal.Signals) -> None:
    """Signal the group our child leads, unless it is reaped and its number anybody's."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)


def family(lease: str) -> Iterator[psutil.Process]:
    """Processes that carry the lease in their environment, wherever they went."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ended = process.status() == psutil.STATUS_ZOMBIE
            if not ended and process.environ().get(LEASE) == lease:
                yield process


def end_family(lease: str) -> None:
    """Kill all that carries the lease, again until none is left."""
    for _ in range(ROUNDS if lease else 0):
        living = list(family(lease))
        if not living:
            return
        for process in living:
            with suppress(psutil.Error):
                process.kill()  # psutil compares the start time first, so no stranger is hit
        time.sleep(PAUSE_SECONDS)
