"""`python -m engines.orchestration.fork_main FD MODULE...`: import the modules, fork on demand.

What is imported stays as it is: the process opens nothing, computes nothing, and has no thread but
the allocator's, which is made for forks. Each fork leads a session of its own, dies with this
process, and then runs a module as its main program, just as a fresh interpreter would; its end is
kept until the worker asks for it.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from engines.orchestration import processes
from engines.orchestration.fork_server import LARGEST_MESSAGE, READY, Order

ALLOCATOR = "jemalloc_bg_thd"  # Arrow's: its library stops it before a fork and starts it after
PR_SET_NAME = 15
UNFORKABLE = ("polars",)  # starts threads when it is imported, which a fork does not have


def main() -> None:
    """Serve until the worker is gone; in a fork, run what was ordered."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    load(sys.argv[2:])
    gc.collect()
    gc.freeze()  # a collection in a fork would touch, and so copy, every page
    channel.send(READY)
    order = serve(channel)
    channel.close()
    if order:
        run(order)


def load(modules: Sequence[str]) -> None:
    """Import the modules, and nothing unforkable, even if one would. Leaves when threads run."""
    modules_now: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules_now.update(dict.fromkeys(UNFORKABLE))  # who can do without them now does
    for module in modules:
        importlib.import_module(module)
    for name in UNFORKABLE:
        del sys.modules[name]
    names = (task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm"))
    others = [name for name in names if name != ALLOCATOR][1:]
    if others:
        sys.exit(f"Threads run after the imports, jobs start without a fork server: {others}")


def serve(channel: socket.socket) -> Order | None:
    """Answer the worker. Gives an order in the process forked for it, None when the worker left."""
    server = os.getpid()
    while message := channel.recv(LARGEST_MESSAGE):
        asked = json.loads(message)
        if "reap" in asked:
            _, status = os.waitpid(asked["reap"], 0)
            channel.send(str(os.waitstatus_to_exitcode(status)).encode())
        elif _fork(channel):
            # Answered from here, so that the worker never sees a process it could not signal.
            os.setsid()
            processes.die_with(server)
            channel.send(str(os.getpid()).encode())
            return Order(**asked)
    return None


def _fork(channel: socket.socket) -> bool:
    """True in the new process. A machine that has no room for it is told as number 0."""
    try:
        return os.fork() == 0
    except OSError:
        channel.send(b"0")
        return False


def run(order: Order) -> None:
    """Become the ordered program: its name, its environment, its output, its arguments."""
    name = order.module.rpartition(".")[2]
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())  # what ps and top show
    _show(processes.LEASE, order.environment[processes.LEASE])
    os.environ.clear()
    os.environ.update(order.environment)
    descriptor = os.open(order.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    tempfile.tempdir = None  # TMPDIR is the job's own
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # or every fork would draw the same numbers
    sys.argv[1:] = order.arguments
    runpy.run_module(order.module, run_name="__main__", alter_sys=True)


def _show(name: str, value: str) -> None:
    """Write over a variable where the kernel shows it in /proc, which setting it does not."""
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    place = libc.getenv(name.encode())
    if not place or len(os.environ[name]) != len(value):
        sys.exit(f"{name} has no room of its own.")
    ctypes.memmove(place, value.encode(), len(value))


if __name__ == "__main__":
    main()
