"""The whole product, started as `make run` does, on free ports and a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.ports import free_port

ROOT = Path(__file__).parents[2]
READY_SECONDS = 90
STOP_SECONDS = 30
PASSWORD = "walk-through-the-door-7"  # the administrator's and every demo user's


@dataclass(frozen=True)
class Product:
    """A running product: where it answers, where its data lies, what it printed."""

    url: str
    mlflow_url: str
    data: Path
    log: Path
    environ: dict[str, str]
    process: subprocess.Popen[bytes]


@contextmanager
def running_product(folder: Path, demo: bool = True) -> Iterator[Product]:
    """Start everything under the supervisor and stop it at the end; fails with its output."""
    product = _start(folder, demo)
    try:
        _wait(product)
        yield product
    finally:
        product.process.send_signal(signal.SIGINT)
        product.process.wait(STOP_SECONDS)


def _start(folder: Path, demo: bool) -> Product:
    port, mlflow_port = free_port(), free_port()
    data, log = folder / "data", folder / "product.log"
    environ = {
        "MLAAS_SERVER__PORT": str(port),
        "MLAAS_TRACKING__URI": f"http://127.0.0.1:{mlflow_port}",
        "MLAAS_DATABASE__URL": f"sqlite:///{data / 'mlaas.db'}",
        "MLAAS_PATHS__DATA": str(data),
        "MLAAS_PATHS__LOGS": str(data / "logs"),
        "MLAAS_ADMIN_PASSWORD": PASSWORD,
        "MLAAS_DEMO_PASSWORD": PASSWORD,
        "DEMO": "1" if demo else "0",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            # Should the tests themselves be killed, the product goes with them.
            ["setpriv", "--pdeathsig", "INT", sys.executable, "-m", "app.supervisor"],
            cwd=ROOT,
            env=os.environ | environ,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    urls = [f"http://127.0.0.1:{number}" for number in (port, mlflow_port)]
    return Product(urls[0], urls[1], data, log, environ, process)


def _wait(product: Product) -> None:
    until = time.monotonic() + READY_SECONDS
    while "MLAAS is ready" not in product.log.read_text(errors="replace"):
        ended = product.process.poll() is not None
        if ended or time.monotonic() > until:
            raise RuntimeError(f"The product did not start:\n{product.log.read_text()[-4000:]}")
        time.sleep(0.2)
