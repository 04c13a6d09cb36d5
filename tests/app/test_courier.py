"""The courier as a process of its own: it carries, waits for what is away, and stops when told."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from sqlmodel import select

from engines.core.database import Database
from engines.governance.notices import Kind, post
from engines.governance.notices.models import NoticeDelivery
from tests.engines.governance.notices.conftest import Receiver, web_server
from tests.engines.orchestration.conftest import wait_for

pytestmark = pytest.mark.slow

Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that does not answer well at first."""
    with web_server() as running:
        yield running


@pytest.fixture
def start(db: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start couriers; what is left of them ends with the test."""
    hooks = {"chat": {"url": receiver.url, "allow_private": True}}
    monkeypatch.setenv("MLAAS_NOTICES__WEBHOOKS", json.dumps(hooks))
    monkeypatch.setenv("MLAAS_NOTICES__FIRST_WAIT_SECONDS", "0.1")
    monkeypatch.setenv("MLAAS_NOTICES__SECONDS_PER_TRY", "2")
    monkeypatch.setenv("WEBHOOK_SECRET", "a phrase")
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen([sys.executable, "-m", "app.courier"], stdout=subprocess.PIPE)
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(20)


def states(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.exec(select(NoticeDelivery.state)))


def say(db: Database, title: str) -> None:
    with db.write() as session:
        post(session, ["somebody"], Kind.JOB, title)


def test_courier_carries_tries_again_and_stops_cleanly(
    db: Database, receiver: Receiver, start: Start
) -> None:
    receiver.answers = [503, 200]
    say(db, "Before the start")
    courier = start()
    wait_for(lambda: states(db) == ["sent"])
    say(db, "While it runs")
    wait_for(lambda: states(db) == ["sent", "sent"])
    courier.send_signal(signal.SIGTERM)
    assert courier.wait(20) == 0
    titles = [json.loads(content)["title"] for _, content in receiver.got]
    assert titles == ["Before the start", "Before the start", "While it runs"]


def test_courier_that_is_killed_leaves_its_work_to_the_next(
    db: Database, receiver: Receiver, start: Start
) -> None:
    receiver.answers = [503]
    say(db, "Kept")
    first = start()
    wait_for(lambda: len(receiver.got) > 0)
    first.kill()
    receiver.answers = [200]
    start()
    wait_for(lambda: states(db) == ["sent"])
    ids = {json.loads(content)["id"] for _, content in receiver.got}
    assert len(ids) == 1
