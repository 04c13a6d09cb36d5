"""Webhooks, to real servers: signed, never twice the same, and only to where they may go."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engines.governance.notices import Kind
from engines.governance.notices.networks import is_public
from tests.engines.governance.notices.conftest import (
    SECRET,
    Certificate,
    Outgoing,
    Receiver,
    web_server,
)
from tests.engines.governance.notices.test_email import hang, odd_server

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "webhooks.md"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on plain http."""
    with web_server() as running:
        yield running


@pytest.fixture
def is_genuine() -> Callable[..., bool]:
    """The check that the reference tells receivers to make."""
    [code] = re.findall(r"```python\n(.*?)```", REFERENCE.read_text(), re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)
    return known["is_genuine"]


def hook(url: str, **more: Any) -> dict[str, Any]:
    return {"chat": {"url": url, "allow_private": True} | more}


def test_body_says_what_the_notice_says(outgoing: Outgoing, receiver: Receiver) -> None:
    notice = outgoing.post("Entscheiden über „Churn“", text="Tier 1")
    assert outgoing.courier(webhooks=hook(receiver.url)).carry() == 1
    [(headers, content)], [row] = receiver.got, outgoing.rows()
    said = json.loads(content)
    assert said.pop("at").endswith("+00:00")
    assert said == {
        "id": row.id,
        "notice": notice,
        "kind": "approval.asked",
        "title": "Entscheiden über „Churn“",
        "text": "Tier 1",
        "link": "https://mlaas.example.org/approvals?submission=s1",
    }
    assert (headers["MLAAS-Delivery"], row.state) == (row.id, "sent")


def test_signature_convinces_the_documented_check_once(
    outgoing: Outgoing, receiver: Receiver, is_genuine: Callable[..., bool]
) -> None:
    outgoing.post()
    outgoing.courier(webhooks=hook(receiver.url)).carry()
    [(headers, content)] = receiver.got
    later = headers | {"MLAAS-Timestamp": str(int(headers["MLAAS-Timestamp"]) + 1)}
    earlier = headers | {"MLAAS-Timestamp": str(int(time.time()) - 301)}
    assert not is_genuine("another secret", headers, content, set())
    assert not is_genuine(SECRET, headers, content + b" ", set())
    assert not is_genuine(SECRET, later, content, set())
    assert not is_genuine(SECRET, earlier, content, set())
    seen: set[str] = set()
    assert is_genuine(SECRET, headers, content, seen)
    assert not is_genuine(SECRET, headers, content, seen)


def test_old_delivery_is_refused_though_its_signature_holds(
    outgoing: Outgoing,
    receiver: Receiver,
    is_genuine: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outgoing.post()
    outgoing.courier(webhooks=hook(receiver.url)).carry()
    [(headers, content)] = receiver.got
    sent_at = int(headers["MLAAS-Timestamp"])
    monkeypatch.setattr(time, "time", lambda: sent_at + 301)
    assert not is_genuine(SECRET, headers, content, set())
    monkeypatch.setattr(time, "time", lambda: sent_at + 299)
    assert is_genuine(SECRET, headers, content, set())


def test_failed_delivery_is_tried_again_with_the_same_body_and_id(
    outgoing: Outgoing, receiver: Receiver, is_genuine: Callable[..., bool]
) -> None:
    receiver.answers = [503, 200]
    outgoing.post()
    courier = outgoing.courier(webhooks=hook(receiver.url))
    courier.carry()
    [waiting] = outgoing.rows()
    assert (waiting.state, waiting.error) == ("waiting", "The receiver answers 503.")
    outgoing.make_due()
    courier.carry()
    (first, body), (second, again) = receiver.got
    assert first["MLAAS-Delivery"] == second["MLAAS-Delivery"] == waiting.id
    assert body == again
    assert is_genuine(SECRET, second, again, set())
    assert [(row.state, row.tries) for row in outgoing.rows()] == [("sent", 2)]


def test_notice_goes_once_to_each_webhook_that_names_its_kind(
    outgoing: Outgoing, receiver: Receiver, add_person: Callable[..., Any]
) -> None:
    everybody = [outgoing.ann.id, add_person("bob").id]
    url = {"url": receiver.url, "allow_private": True}
    hooks = {"all": url, "some": url | {"kinds": ["job"]}, "other": url | {"kinds": ["policy"]}}
    outgoing.post(to=everybody, kind=Kind.JOB)
    outgoing.post(to=everybody, kind=Kind.FINDING)
    assert outgoing.courier(webhooks=hooks).carry() == 3
    assert sorted(row.target for row in outgoing.rows()) == ["all", "all", "some"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0", "0x7f.1"])
def test_address_of_this_machine_is_refused_unless_allowed(
    outgoing: Outgoing, certificate: Certificate, host: str
) -> None:
    with web_server(certificate.context) as receiver:
        port = receiver.url.split(":")[2]
        outgoing.post()
        hooks = {"chat": {"url": f"https://{host}:{port}", "ca_file": certificate.file}}
        outgoing.courier(webhooks=hooks).carry()
        [row] = outgoing.rows()
        assert receiver.got == []
    assert (row.state, row.tries) == ("failed", 1)
    assert "not on the open internet" in row.error


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("64:ff9b::5db8:d822", True),
        ("10.0.0.1", False), ("172.16.0.1", False), ("192.168.1.1", False), ("127.8.8.8", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1%eth0", False),
        ("fc00::1", False), ("ff02::1", False), ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True), ("64:ff9b::a9fe:a9fe", False), ("2002:7f00:1::", False),
        ("nonsense", False),
    ],
)  # fmt: skip
def test_only_the_open_internet_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_name_with_one_private_address_among_others_is_refused(
    outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [(socket.AF_INET, 1, 6, "", (a, 443)) for a in ("93.184.216.34", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    outgoing.post()
    outgoing.courier(webhooks={"chat": {"url": "https://example.org"}}).carry()
    assert "leads to 169.254.169.254" in outgoing.rows()[0].error


def test_connection_goes_to_the_address_that_was_judged(
    outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    called: list[tuple[str, int]] = []

    def rebinding(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (next(answers), 443))]

    def connect(address: tuple[str, int], *_: Any) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connect)
    outgoing.post()
    outgoing.courier(webhooks={"chat": {"url": "https://example.org"}}).carry()
    assert called == [("93.184.216.34", 443)]
    assert outgoing.rows()[0].state == "waiting"


def test_redirect_is_not_followed(outgoing: Outgoing, receiver: Receiver) -> None:
    with web_server() as elsewhere:
        receiver.answers, receiver.location = [307], elsewhere.url
        outgoing.post()
        outgoing.courier(webhooks=hook(receiver.url)).carry()
        assert elsewhere.got == []
    [row] = outgoing.rows()
    assert "307, a redirect, which is not followed" in row.error


def test_webhook_that_is_gone_is_given_up_at_once(outgoing: Outgoing, receiver: Receiver) -> None:
    receiver.answers = [410]
    outgoing.post()
    outgoing.courier(webhooks=hook(receiver.url)).carry()
    assert [(row.state, row.tries) for row in outgoing.rows()] == [("failed", 1)]


def test_encrypted_webhook_is_checked_against_its_certificate(
    outgoing: Outgoing, certificate: Certificate
) -> None:
    with web_server(certificate.context) as receiver:
        outgoing.post()
        outgoing.courier(webhooks=hook(receiver.url)).carry()
        assert receiver.got == []
        assert "certificate verify failed" in outgoing.rows()[0].error
        outgoing.make_due()
        outgoing.courier(webhooks=hook(receiver.url, ca_file=certificate.file)).carry()
        assert len(receiver.got) == 1
    assert outgoing.rows()[0].state == "sent"


def test_receiver_that_hangs_costs_its_time_and_the_next_still_gets_its_own(
    outgoing: Outgoing, receiver: Receiver
) -> None:
    outgoing.post()
    with odd_server(hang) as port:
        hooks = {"slow": {"url": f"http://127.0.0.1:{port}", "allow_private": True}}
        began = time.monotonic()
        tried = outgoing.courier(webhooks=hooks | hook(receiver.url), seconds_per_try=1).carry()
        assert (tried, time.monotonic() - began < 3) == (2, True)
    assert {row.target: row.state for row in outgoing.rows()} == {"slow": "waiting", "chat": "sent"}


def test_webhook_taken_out_of_the_settings_is_given_up(
    outgoing: Outgoing, receiver: Receiver
) -> None:
    receiver.answers = [500]
    outgoing.post()
    outgoing.courier(webhooks=hook(receiver.url)).carry()
    outgoing.make_due()
    outgoing.courier().carry()
    assert "No webhook “chat” is set any more" in outgoing.rows()[0].error
