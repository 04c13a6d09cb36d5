"""The worker's side of a process that has imported what jobs need, and forks one for each.

Importing the learners takes seconds; a fork of a process that has them takes milliseconds. The
other side is `fork_main`, which says how its processes are kept apart.
"""

import json
import logging
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from engines.core.database import new_id
from engines.orchestration import processes

READY = b"ready"
NO_LEASE = "0" * len(new_id())  # room for one, see `fork_main`
LARGEST_MESSAGE = 200_000  # bytes; an environment takes some thousand
ANSWER_SECONDS = 10.0
RESTART_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What is to be run, as by `python -m module *arguments`, writing to `output`."""

    module: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    output: str


class Forked:
    """A process that the fork server made; it stays a zombie until `wait`."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server
        self._descriptor = os.pidfd_open(pid)

    def has_exited(self) -> bool:
        """True when it has ended, reaped or not."""
        return self.returncode is not None or bool(select.select([self._descriptor], [], [], 0)[0])

    def wait(self) -> int:
        """Wait for the end, reap it, give the exit code."""
        if self.returncode is None:
            select.select([self._descriptor], [], [])
            self.returncode = self._server.reap(self.pid)
            os.close(self._descriptor)
        return self.returncode


class ForkServer:
    """Starts the process, asks it for forks, and starts it again when it has died.

    One that does not answer, or a kernel without what it takes, is given up for good.
    Whoever has one must be single-threaded when `fork` is called. The server dies with it, and the
    forked processes with the server.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = list(modules)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._is_ready = False
        self._due = 0.0

    def begin(self) -> None:
        """Let it start and import; until it is ready `fork` gives None."""
        self.end()
        self._due = time.monotonic() + RESTART_SECONDS
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", f"{__package__}.fork_main", str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603, our own module and modules we name
                [*command, *self._modules],
                stdin=subprocess.DEVNULL,
                env=os.environ | processes.SINGLE_THREADED | {processes.LEASE: NO_LEASE},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                preexec_fn=processes.settler(),
            )

    def fork(self, order: Order) -> Forked | None:
        """Run the order in a fork; None when there is no server that can, for now or here."""
        if not self.is_ready:
            self._revive()
            return None
        try:
            pid = self._ask(asdict(order))
            return Forked(self, pid) if pid else None
        except OSError as error:
            log.warning("The fork server is given up, jobs start without: %s", error)
            self.end()
            self._due = math.inf
            processes.end_family(order.environment[processes.LEASE])
            return None

    def reap(self, pid: int) -> int:
        """The exit code of a forked process that has ended."""
        with suppress(OSError):
            return self._ask({"reap": pid})
        return -signal.SIGKILL  # the server is gone, and took its processes along

    @property
    def is_ready(self) -> bool:
        """True once it has imported everything, as far as is known."""
        if self._channel and not self._is_ready:
            with suppress(OSError):  # nothing was said yet
                self._is_ready = self._channel.recv(len(READY), socket.MSG_DONTWAIT) == READY
        return self._is_ready

    def end(self) -> None:
        """End the server and with it all that it forked."""
        self._is_ready = False
        if self._channel:
            self._channel.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._channel = self._process = None

    def _revive(self) -> None:
        is_gone = self._process is None or self._process.poll() is not None
        if is_gone and time.monotonic() >= self._due:
            log.warning("The fork server is gone, another one starts")
            self.begin()

    def _ask(self, question: dict[str, object]) -> int:
        """Send one question and wait for its number. Raises OSError when the server is gone."""
        if self._channel is None:
            raise ConnectionResetError("The fork server is gone.")
        self._channel.settimeout(ANSWER_SECONDS)
        self._channel.send(json.dumps(question).encode())
        answer = self._channel.recv(LARGEST_MESSAGE)
        if not answer:
            raise ConnectionResetError("The fork server is gone.")
        return int(answer)
