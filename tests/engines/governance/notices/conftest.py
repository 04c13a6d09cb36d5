"""People with addresses, a courier, and real servers on this machine to send to."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlmodel import select

from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database, now
from engines.core.errors import NotFound
from engines.core.settings import Settings
from engines.governance.notices import Courier, Kind, Link, post
from engines.governance.notices.models import NoticeDelivery
from tests.harness.ports import free_port

PASSWORD, SECRET = "the server's own phrase", "the webhook's own phrase"


@dataclass
class GivenSecrets:
    """Secrets as a test gives them."""

    values: dict[str, str] = field(
        default_factory=lambda: {"smtp_password": PASSWORD, "webhook_secret": SECRET}
    )

    def get(self, name: str) -> str:
        """The secret. Raises NotFound."""
        if name not in self.values:
            raise NotFound(f"The secret “{name}” is missing.")
        return self.values[name]


@dataclass
class Post:
    """An e-mail server's letter box, and the addresses it does not want."""

    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, to: str, _o: Any
    ) -> str:
        """Refuse an address as the test says."""
        if to in self.refusals:
            return self.refusals[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the letter."""
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        self.envelopes.append(list(envelope.rcpt_tos))
        return "250 OK"

    def admit(
        self, _server: Any, _session: Any, _envelope: Any, _how: str, data: Any
    ) -> AuthResult:
        """Let in who knows the password."""
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@dataclass(frozen=True)
class Certificate:
    """A certificate for this machine and the context that serves it."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that signs itself, for localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment - timedelta(hours=1))
        .not_valid_after(moment + timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(pem))
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, folder / "key.pem")
    return Certificate(file, context)


@contextmanager
def mail_server(box: Post, **options: Any) -> Iterator[int]:
    """A real e-mail server; its port."""
    if options.pop("with_auth", False):
        options |= {"authenticator": box.admit, "auth_required": True}
        options.setdefault("auth_require_tls", "ssl_context" not in options)
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@dataclass
class Receiver:
    """A web server that keeps what it gets and answers as the test says, the last for good."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    location: str = ""

    def answer(self) -> int:
        """The next status."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def web_server(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A real web server on this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((dict(self.headers), content))
            self.send_response(receiver.answer())
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    receiver.url = f"http{'s' if context else ''}://localhost:{server.server_address[1]}/hook?a=b"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Outgoing:
    """A database whose notices leave by the settings a test gives."""

    db: Database
    ann: Actor
    secrets: GivenSecrets = field(default_factory=GivenSecrets)

    def settings(self, **notices: Any) -> Settings:
        """Settings with these notices; waits are short."""
        quick = {"first_wait_seconds": 60, "seconds_per_try": 2}
        return Settings(server={"public_url": "https://mlaas.example.org"}, notices=quick | notices)

    def courier(self, **notices: Any) -> Courier:
        """Somebody who carries by these settings."""
        return Courier(self.db, self.settings(**notices), self.secrets)

    def post(self, title: str = "Decide on churn", **more: Any) -> str:
        """Say something to Ann."""
        link = Link("approvals", {"submission": "s1"})
        with self.db.write() as session:
            kind = more.pop("kind", Kind.APPROVAL_ASKED)
            made = post(session, more.pop("to", [self.ann.id]), kind, title, link=link, **more)
        assert made
        return made

    def rows(self) -> list[NoticeDelivery]:
        """All deliveries, oldest first."""
        with self.db.read() as session:
            return list(session.exec(select(NoticeDelivery).order_by(NoticeDelivery.made_at)))

    def make_due(self) -> None:
        """As if the wait before the next try were over."""
        with self.db.write() as session:
            change = sa.update(NoticeDelivery).where(NoticeDelivery.state == "waiting")
            session.connection().execute(change.values(due_at=now()))


@pytest.fixture
def add_person(db: Database) -> Callable[..., Actor]:
    """Add a person with an address."""

    def add(name: str, address: str = "", role: Role = Role.CHECKER) -> Actor:
        with db.write() as session:
            user = users.add(session, users.SYSTEM, name, [role], None)
            user.email = address
            return user.actor

    return add


@pytest.fixture
def outgoing(db: Database, add_person: Callable[..., Actor]) -> Outgoing:
    """The database, with Ann the checker in it."""
    return Outgoing(db, add_person("ann", "ann@example.org"))
