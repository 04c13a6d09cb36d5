"""Processes of this machine: who is still alive, and how a job's whole family is ended."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

LEASE = "MLAAS_JOB_LEASE"  # inherited by all that a job starts, even by what leaves its group
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


def has_exited(child: subprocess.Popen[bytes]) -> bool:
    """True when our child has ended. It is not reaped: its number stays taken until `wait`."""
    if child.returncode is not None:
        return True
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, child.pid, options) is not None


def signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
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
