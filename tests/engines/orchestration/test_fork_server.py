"""What the fork server forks is as good as a fresh interpreter, and dies with its owner."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.worker import PRELOADED
from engines.core.database import new_id
from engines.orchestration import ForkServer
from engines.orchestration.fork_server import Forked, Order
from engines.orchestration.processes import LEASE
from tests.engines.orchestration.conftest import SCRIPTS, ready, wait_for

pytestmark = pytest.mark.slow

MIRROR = f"{SCRIPTS}.mirror"


@pytest.fixture
def server() -> Iterator[ForkServer]:
    """A server of the test's own, which it may break."""
    forks = ready(ForkServer(["numpy"]))
    yield forks
    forks.end()


def ordered(folder: Path, *arguments: str, **variables: str) -> Order:
    """An order for the mirror, told apart by its lease."""
    lease = new_id()
    environment = {**os.environ, LEASE: lease, "TMPDIR": str(folder), **variables}
    return Order(MIRROR, arguments, environment, str(folder / lease))


def forked(forks: ForkServer, order: Order) -> Forked:
    """The fork that ran the order; it must be possible."""
    child = forks.fork(order)
    assert child is not None
    return child


def told(order: Order) -> dict[str, Any]:
    """What the mirror wrote."""
    return json.loads(Path(order.output).read_text())


def test_fork_is_a_program_of_its_own(fork_server: ForkServer, tmp_path: Path) -> None:
    order = ordered(tmp_path, "--job", "key", COLOUR="green")
    child = forked(fork_server, order)
    assert child.wait() == 0
    found = told(order)
    assert (found["pid"], found["session"]) == (child.pid, child.pid)
    assert found["name"] == "mirror"
    assert (found["module"], found["arguments"]) == (MIRROR, ["--job", "key"])
    assert found["environment"] == order.environment
    assert found["lease"] == f"{LEASE}={order.environment[LEASE]}"
    assert found["temporary"] == str(tmp_path)


def test_forks_draw_different_random_numbers(server: ForkServer, tmp_path: Path) -> None:
    orders = [ordered(tmp_path) for _ in range(2)]
    assert [forked(server, order).wait() for order in orders] == [0, 0]
    first, second = (told(order)["draws"] for order in orders)
    assert not set(first) & set(second)


def test_exit_codes_and_signals_are_told(server: ForkServer, tmp_path: Path) -> None:
    assert forked(server, ordered(tmp_path, "--polars")).wait() == 3
    hanging = ordered(tmp_path, "--hang")
    child = forked(server, hanging)
    wait_for(lambda: Path(hanging.output).exists() and bool(Path(hanging.output).read_text()))
    assert not child.has_exited()
    os.killpg(child.pid, signal.SIGTERM)
    wait_for(child.has_exited)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE, "its number stays taken"
    assert (child.wait(), child.wait()) == (-signal.SIGTERM, -signal.SIGTERM)
    assert not psutil.pid_exists(child.pid)


def test_dead_server_takes_its_forks_along_and_is_replaced(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = forked(server, ordered(tmp_path, "--hang"))
    os.kill(psutil.Process(child.pid).ppid(), signal.SIGKILL)
    wait_for(child.has_exited)
    assert child.wait() == -signal.SIGKILL
    assert server.fork(ordered(tmp_path)) is None
    assert server.fork(ordered(tmp_path)) is None, "not at once again: it may die of its imports"
    monkeypatch.setattr(server, "_due", 0.0)
    assert server.fork(ordered(tmp_path)) is None
    wait_for(lambda: server.is_ready)
    assert forked(server, ordered(tmp_path)).wait() == 0


def test_server_that_does_not_answer_is_given_up_for_good(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = forked(server, ordered(tmp_path, "--hang"))
    process = psutil.Process(child.pid).parent()
    assert process is not None
    monkeypatch.setattr("engines.orchestration.fork_server.ANSWER_SECONDS", 0.2)
    process.suspend()
    assert server.fork(ordered(tmp_path)) is None
    assert not process.is_running()
    wait_for(child.has_exited)
    assert child.wait() == -signal.SIGKILL
    monkeypatch.setattr("engines.orchestration.fork_server.RESTART_SECONDS", 0.0)
    assert server.fork(ordered(tmp_path)) is None
    assert server._process is None


def test_libraries_that_run_threads_are_not_forked(tmp_path: Path) -> None:
    forks = ForkServer([f"{SCRIPTS}.threaded"])
    forks.begin()
    process = forks._process
    assert process is not None
    assert process.wait(60) == 1
    assert not forks.is_ready
    assert forks.fork(ordered(tmp_path)) is None
    forks.end()


def test_forks_die_with_the_owner_of_the_server(tmp_path: Path) -> None:
    order = ordered(tmp_path, "--hang")
    owner = f"""
import time
from engines.orchestration.fork_server import ForkServer, Order
forks = ForkServer([])
forks.begin()
while not forks.is_ready:
    time.sleep(0.05)
forks.fork(Order(**{vars(order)!r}))
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", owner]) as process:
        output = Path(order.output)
        wait_for(lambda: output.exists() and bool(output.read_text()))
        pid = told(order)["pid"]
        process.kill()
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")


def test_all_that_the_worker_preloads_can_be_forked(tmp_path: Path) -> None:
    forks = ready(ForkServer(PRELOADED))
    try:
        order, counting = ordered(tmp_path), ordered(tmp_path, "--polars")
        assert forked(forks, order).wait() == 0
        assert not told(order)["has_polars"]
        assert forked(forks, counting).wait() == 3
        assert Path(counting.output).read_text().strip() == str(sum(range(100_000)))
    finally:
        forks.end()
