"""What runs on this machine: application, worker, MLflow when it is ours, courier when needed."""

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from engines.core.errors import NotReady
from engines.core.settings import Settings

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - translated, not bound
HERE = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Part:
    """One process of the product. `health` is the address that answers 200 once it is ready."""

    name: str
    argv: Sequence[str]
    host: str = ""
    port: int = 0
    health: str = ""
    another_port: str = ""  # how to choose another port, as the user would type it


def parts(settings: Settings) -> list[Part]:
    """The processes to start; a tracking server elsewhere is somebody else's to run."""
    found = [_application(settings), Part("worker", (sys.executable, "-m", "app.worker"))]
    if urlsplit(settings.tracking.uri).hostname in HERE:
        found.insert(1, _mlflow(settings))
    if settings.notices.are_sent:
        found.append(Part("courier", (sys.executable, "-m", "app.courier")))
    return found


def check_ports(chosen: Sequence[Part]) -> None:
    """Refuse to start beside another listener. Raises NotReady naming the port."""
    for part in chosen:
        if part.port and _is_taken(part.host, part.port):
            raise NotReady(
                f"Port {part.port} on {part.host}, which {part.name} needs, is in use.",
                hint=f"Stop what uses it, or choose another: {part.another_port} make run",
            )


def _application(settings: Settings) -> Part:
    host, port = settings.server.host, settings.server.port
    return Part(
        "app",
        (sys.executable, "-m", "app.asgi"),
        host,
        port,
        health=f"http://{EVERYWHERE.get(host, host)}:{port}/_stcore/health",
        another_port=f"MLAAS_SERVER__PORT={port + 100}",
    )


def _mlflow(settings: Settings) -> Part:
    address = urlsplit(settings.tracking.uri)
    port = address.port or 80
    return Part(
        "mlflow",
        (sys.executable, "-m", "engines.tracking.server"),
        address.hostname or "127.0.0.1",
        port,
        health=f"{settings.tracking.uri.rstrip('/')}/health",
        another_port=f"MLAAS_TRACKING__URI=http://127.0.0.1:{port + 100}",
    )


def _is_taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
