"""What `make run` starts, and what stops it from starting."""

import socket
from collections.abc import Iterator

import pytest

from app.product import Part, check_ports, parts
from engines.core.errors import NotReady
from engines.core.notice_settings import Notices, Webhook
from engines.core.settings import Server, Settings, Tracking


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_parts_are_application_tracking_and_worker() -> None:
    assert [part.name for part in parts(Settings())] == ["app", "mlflow", "worker"]


def test_tracking_server_elsewhere_is_not_started() -> None:
    settings = Settings(tracking=Tracking(uri="https://mlflow.example.org"))
    assert [part.name for part in parts(settings)] == ["app", "worker"]


def test_courier_is_started_when_notices_leave_the_product() -> None:
    settings = Settings(notices=Notices(webhooks={"chat": Webhook(url="https://example.org")}))
    assert [part.name for part in parts(settings)][-1] == "courier"


def test_taken_port_of_the_application_gives_one_sentence(taken_port: int) -> None:
    settings = Settings(server=Server(port=taken_port))
    with pytest.raises(NotReady) as refusal:
        check_ports(parts(settings)[:1])
    assert str(refusal.value) == (
        f"Port {taken_port} on 127.0.0.1, which app needs, is in use. "
        f"Stop what uses it, or choose another: MLAAS_SERVER__PORT={taken_port + 100} make run"
    )


def test_taken_port_of_tracking_names_its_own_setting(taken_port: int) -> None:
    settings = Settings(tracking=Tracking(uri=f"http://127.0.0.1:{taken_port}"))
    with pytest.raises(NotReady, match=r"MLAAS_TRACKING__URI=http://127\.0\.0\.1:"):
        check_ports(parts(settings)[1:])


def test_free_ports_are_accepted(taken_port: int) -> None:
    check_ports([Part("worker", ("true",))])


def test_application_on_every_address_is_asked_on_loopback() -> None:
    settings = Settings(server=Server(host="0.0.0.0"))
    assert parts(settings)[0].health == "http://127.0.0.1:8501/_stcore/health"
