"""E-mail, to real servers: encrypted, with a password, and servers that do not behave."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from engines.core import users
from engines.core.access import Actor
from engines.core.database import now
from engines.core.models import AppUser
from engines.governance.notices import Kind, choose, deliveries, send_again
from engines.governance.notices.models import Notice
from tests.engines.governance.notices.conftest import (
    PASSWORD,
    Certificate,
    Outgoing,
    Post,
    mail_server,
)
from tests.harness.audit import audit_events
from tests.harness.ports import free_port


@pytest.fixture
def box() -> Post:
    """What arrives."""
    return Post()


def plain(port: int, **more: Any) -> dict[str, Any]:
    there = {"host": "127.0.0.1", "port": port, "sender": "mlaas@example.org"}
    return there | {"security": "none"} | more


def encrypted(port: int, certificate: Certificate, **more: Any) -> dict[str, Any]:
    asked = {"security": "starttls", "ca_file": certificate.file, "user": "mlaas"}
    return plain(port) | asked | more


def test_letter_has_two_parts_a_link_and_a_lasting_id(outgoing: Outgoing, box: Post) -> None:
    outgoing.post("Décide & <b>choose</b>", text="Tier 1\nby Friday")
    with mail_server(box) as port:
        assert outgoing.courier(smtp=plain(port)).carry() == 1
    [letter], [row] = box.letters, outgoing.rows()
    assert (letter["To"], letter["From"]) == ("ann@example.org", "MLAAS <mlaas@example.org>")
    assert letter["Subject"] == "Décide & <b>choose</b>"
    assert letter["Message-ID"] == f"<{row.id}@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    address = "https://mlaas.example.org/approvals?submission=s1"
    text = letter.get_body(("plain",)).get_content()
    html = letter.get_body(("html",)).get_content()
    assert address in text
    assert "Tier 1\r\nby Friday" in text
    assert f'<a href="{address}">' in html
    assert "&lt;b&gt;choose&lt;/b&gt;" in html
    assert (row.state, row.tries, row.error) == ("sent", 1, "")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_letter_goes_encrypted_with_a_password(
    outgoing: Outgoing, box: Post, certificate: Certificate, security: str
) -> None:
    how = {"tls": "ssl_context", "starttls": "tls_context"}[security]
    options = {how: certificate.context, "require_starttls": security == "starttls"}
    outgoing.post()
    with mail_server(box, with_auth=True, **options) as port:
        outgoing.courier(smtp=encrypted(port, certificate, security=security)).carry()
    assert [row.state for row in outgoing.rows()] == ["sent"]
    assert len(box.letters) == 1
    assert box.logins == [b"mlaas"]


def test_wrong_password_waits_and_is_never_shown(
    outgoing: Outgoing, box: Post, certificate: Certificate
) -> None:
    outgoing.post()
    outgoing.secrets.values["smtp_password"] = "another phrase"
    with mail_server(box, with_auth=True, tls_context=certificate.context) as port:
        courier = outgoing.courier(smtp=encrypted(port, certificate))
        courier.carry()
        [row] = outgoing.rows()
        assert (row.state, row.error) == (
            "waiting",
            "The e-mail server refuses the name or the password.",
        )
        outgoing.secrets.values["smtp_password"] = PASSWORD
        outgoing.make_due()
        courier.carry()
    assert [row.state for row in outgoing.rows()] == ["sent"]


def test_missing_password_waits_with_the_secrets_name(outgoing: Outgoing) -> None:
    outgoing.post()
    outgoing.secrets.values.clear()
    smtp = {"host": "127.0.0.1", "port": free_port(), "sender": "m@example.org", "user": "m"}
    outgoing.courier(smtp=smtp).carry()
    assert "“smtp_password” is missing" in outgoing.rows()[0].error


def test_server_without_encryption_gets_nothing(
    outgoing: Outgoing, box: Post, certificate: Certificate
) -> None:
    outgoing.post()
    with mail_server(box, auth_require_tls=False, with_auth=True) as port:
        outgoing.courier(smtp=encrypted(port, certificate)).carry()
    assert (box.letters, box.logins) == ([], [])
    assert "STARTTLS" in outgoing.rows()[0].error


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_nobody_vouches_for_is_refused(
    outgoing: Outgoing, box: Post, certificate: Certificate, security: str
) -> None:
    how = {"tls": "ssl_context", "starttls": "tls_context"}[security]
    outgoing.post()
    with mail_server(box, **{how: certificate.context}) as port:
        smtp = encrypted(port, certificate, security=security, ca_file=None)
        outgoing.courier(smtp=smtp).carry()
    assert box.letters == []
    assert "certificate verify failed" in outgoing.rows()[0].error


def test_refused_address_is_given_up_at_once_and_seen(
    outgoing: Outgoing, box: Post, add_person: Callable[..., Actor]
) -> None:
    bob = add_person("bob", "bob@example.org")
    box.refusals["ann@example.org"] = "550 No such person"
    outgoing.post(to=[outgoing.ann.id, bob.id])
    with mail_server(box) as port:
        courier = outgoing.courier(smtp=plain(port))
        assert courier.carry() == 2
        outgoing.make_due()
        assert courier.carry() == 0
    assert box.envelopes == [["bob@example.org"]]
    states = {row.target: (row.state, row.error) for row in outgoing.rows()}
    refused = "The e-mail server refuses the address: 550 No such person."
    assert states == {outgoing.ann.id: ("failed", refused), bob.id: ("sent", "")}
    given_up = audit_events(outgoing.db, "notice.given_up")
    assert [event.detail["reason"] for event in given_up] == [refused]


def test_address_refused_for_now_is_tried_again_with_the_same_id(
    outgoing: Outgoing, box: Post
) -> None:
    box.refusals["ann@example.org"] = "450 Try later"
    outgoing.post()
    with mail_server(box) as port:
        courier = outgoing.courier(smtp=plain(port))
        courier.carry()
        [waiting] = outgoing.rows()
        assert (waiting.state, courier.carry()) == ("waiting", 0)
        box.refusals.clear()
        outgoing.make_due()
        courier.carry()
    [row] = outgoing.rows()
    assert (row.state, row.tries) == ("sent", 2)
    assert box.letters[0]["Message-ID"] == f"<{waiting.id}@example.org>"


@contextmanager
def odd_server(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does whatever `say` does with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                with connection:
                    say(connection)
            except OSError:
                if listener.fileno() < 0:
                    return

    Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def drip(connection: socket.socket) -> None:
    connection.sendall(b"220-")
    for _ in range(60):
        time.sleep(0.1)
        connection.sendall(b"a")


def hang(connection: socket.socket) -> None:
    connection.recv(1)
    time.sleep(6)


@pytest.mark.parametrize("say", [hang, drip])
def test_server_that_never_gets_on_costs_no_more_than_its_time(
    outgoing: Outgoing, say: Callable[[socket.socket], None]
) -> None:
    outgoing.post()
    with odd_server(say) as port:
        began = time.monotonic()
        outgoing.courier(smtp=plain(port), seconds_per_try=1).carry()
        assert time.monotonic() - began < 3
    [row] = outgoing.rows()
    assert row.state == "waiting"
    assert "no answer within 1 s" in row.error or "timed out" in row.error


def test_server_that_is_down_is_tried_with_growing_waits_then_given_up(
    outgoing: Outgoing, make_actor: Callable[..., Actor], box: Post
) -> None:
    outgoing.post()
    port, waits = free_port(), []
    courier = outgoing.courier(smtp=plain(port), tries=4, longest_wait_seconds=200)
    for _ in range(4):
        assert courier.carry() == 1
        [row] = outgoing.rows()
        waits.append(round((row.due_at - now()).total_seconds(), -1))
        outgoing.make_due()
    assert waits[:3] == [60, 120, 200]
    assert (row.state, row.tries, courier.carry()) == ("failed", 4, 0)
    admin = make_actor("admin")
    [shown] = deliveries(outgoing.db, admin).rows
    assert (shown.to, shown.tries) == ("ann", 4)
    assert f"127.0.0.1:{port} cannot be used" in shown.error
    send_again(outgoing.db, admin, shown.id, "the server is back")
    with mail_server(box) as other:
        outgoing.courier(smtp=plain(other)).carry()
    assert [each.state for each in outgoing.rows()] == ["sent"]


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r"])
def test_line_ends_that_reached_the_database_never_reach_a_header(
    outgoing: Outgoing, box: Post, sign: str
) -> None:
    made = outgoing.post("Fine")
    with outgoing.db.write() as session:
        session.get_one(Notice, made).title = f"One{sign}Bcc: eve@example.org"
    outgoing.post("Also fine")
    with outgoing.db.write() as session:
        session.get_one(AppUser, outgoing.ann.id).email = f"ann@example.org{sign}Bcc: eve@e.org"
    with mail_server(box) as port:
        outgoing.courier(smtp=plain(port)).carry()
    assert box.letters == []
    assert [row.state for row in outgoing.rows()] == ["failed", "failed"]


def test_letters_go_to_those_who_want_them_and_can_get_them(
    outgoing: Outgoing, box: Post, add_person: Callable[..., Actor]
) -> None:
    wanting, silent = add_person("bob", "bob@example.org"), add_person("cid", "cid@example.org")
    nowhere, gone = add_person("dan"), add_person("eva", "eva@example.org")
    choose(outgoing.db, wanting, [Kind.JOB])
    choose(outgoing.db, silent, [])
    with outgoing.db.write() as session:
        users.find(session, gone.id).disabled_at = now()
    everybody = [each.id for each in (outgoing.ann, wanting, silent, nowhere, gone)]
    outgoing.post(kind=Kind.APPROVAL_ASKED, to=everybody)
    outgoing.post(kind=Kind.JOB, to=everybody)
    with mail_server(box) as port:
        outgoing.courier(smtp=plain(port)).carry()
    assert box.envelopes == [["ann@example.org"], ["bob@example.org"]]
