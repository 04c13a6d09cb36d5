"""The fleet of processes starts, restarts and stops together, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.product import Part
from tests.harness.ports import free_port

SLEEP = "import time; time.sleep(600)"
# A part whose child leaves its process group, as a job of the worker does.
PARENT = (
    "import subprocess, sys, time;"
    "subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True);"
    "time.sleep(600)"
)
# A fleet ends whatever its own process started, so it runs apart from the tests.
SUPERVISED = """
import signal, sys
from app.processes import Fleet, adopt_orphans
from app.product import Part
adopt_orphans()
fleet = Fleet({parts!r}, "all is ready", first_wait=0.01)
signal.signal(signal.SIGINT, lambda *_: fleet.stop())
sys.exit(fleet.run())
"""


def _python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


def _until(condition: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)


def _marked(mark: str) -> list[psutil.Process]:
    """The living processes whose command line carries the mark."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(mark in part for part in line):
            found.append(process)
    return found


def _supervise(*parts: Part) -> subprocess.Popen[str]:
    program = _python(SUPERVISED.format(parts=list(parts)))
    return subprocess.Popen(program, stdout=subprocess.PIPE, text=True)


def _interrupt(supervisor: subprocess.Popen[str]) -> str:
    """Press Ctrl-C and give what was printed; it must end well and soon."""
    supervisor.send_signal(signal.SIGINT)
    output, _nothing = supervisor.communicate(timeout=15)
    assert supervisor.returncode == 0
    return output


@pytest.fixture
def mark() -> str:
    """A word that only this test's processes carry."""
    return f"mark{os.getpid()}x{time.monotonic_ns()}"


def test_interrupt_ends_grandchildren_too(mark: str) -> None:
    child = f"'{mark}-child'; {SLEEP}"
    supervisor = _supervise(Part("one", _python(PARENT.format(child=child))))
    _until(lambda: any(process.cmdline()[2] == child for process in _marked(mark)))
    _interrupt(supervisor)
    assert _marked(mark) == []


def test_killed_supervisor_takes_its_parts_along(mark: str) -> None:
    supervisor = _supervise(Part("one", _python(f"'{mark}'; {SLEEP}")))
    _until(lambda: len(_marked(mark)) == 2)
    supervisor.kill()
    supervisor.communicate(timeout=5)
    _until(lambda: not _marked(mark))


def test_dead_part_starts_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    supervisor = _supervise(Part("one", _python(f"open({str(starts)!r}, 'a').write('x'); 1/0")))
    _until(lambda: starts.exists() and starts.stat().st_size >= 2)
    assert "one ended with code 1; it starts again in 0.0 s." in _interrupt(supervisor)


def test_repeated_deaths_stop_everything_with_a_sentence(mark: str) -> None:
    good = Part("good", _python(f"'{mark}'; {SLEEP}"))
    supervisor = _supervise(good, Part("bad", _python("print('no disk'); 1/0")))
    output, _nothing = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 1
    assert "bad ended 5 times in a row: everything is stopped." in output
    assert "no disk" in output
    assert _marked(mark) == []


def test_greeting_waits_for_every_health_address() -> None:
    port = free_port()
    web = "from http.server import test, SimpleHTTPRequestHandler as H"
    serve = f"import time; time.sleep(1); print('late'); {web}; test(H, port={port})"
    supervisor = _supervise(Part("web", _python(serve), health=f"http://127.0.0.1:{port}/"))
    lines = iter(supervisor.stdout or ())
    seen = [next(line for line in lines if word in line) for word in ("late", "all is ready")]
    assert len(seen) == 2
    _interrupt(supervisor)
