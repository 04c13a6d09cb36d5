"""The real application on a free port, with a person of every role to sign in as."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import bcrypt
import httpx
import pytest
from sqlmodel import SQLModel

import engines.wiring  # noqa: F401  (every table is known once all engines are)
from engines.core import users
from engines.core.access import Role
from engines.core.database import Database
from engines.core.events import append_only_statements
from engines.core.secrets import EnvironmentSecrets, Secrets
from tests.harness.ports import free_port

PASSWORD = "a long enough phrase"
ROOT = Path(__file__).parents[2]


@dataclass
class Served:
    """A running application: its address, its database, its keys, and a way in."""

    url: str
    db: Database
    secrets: Secrets

    def client(self) -> httpx.Client:
        """Somebody who is not signed in."""
        return httpx.Client(base_url=self.url, headers={"Accept": "text/html"}, timeout=20)

    @contextmanager
    def signed_in(self, name: str) -> Iterator[httpx.Client]:
        """A client with a fresh session of that person; people are named after their role."""
        with self.client() as client:
            answer = client.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield client

    def add(self, name: str, role: str = "analyst", must_change: bool = False) -> str:
        """Add one more person with `PASSWORD`; their id."""
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        with self.db.write() as session:
            roles = [Role(role)]
            return users.add(
                session, users.SYSTEM, name, roles, hashed, must_change_password=must_change
            ).id


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process per test module; each test signs in for itself."""
    with serving(tmp_path_factory.mktemp("served"), free_port()) as served:
        yield served


@contextmanager
def serving(folder: Path, port: int, **environ: str) -> Iterator[Served]:
    """The application as a process of its own, on an empty folder, until the block ends."""
    url = f"sqlite:///{folder}/mlaas.db"
    db = Database(url)
    SQLModel.metadata.create_all(db.engine)
    with db.engine.begin() as connection:
        for statement in append_only_statements("sqlite"):
            connection.exec_driver_sql(statement)
    served = Served(f"http://127.0.0.1:{port}", db, EnvironmentSecrets(folder / "secrets"))
    for role in Role:
        served.add(role.value, role.value)
    own = {
        "MLAAS_PATHS__DATA": str(folder),
        "MLAAS_PATHS__LOGS": str(folder / "logs"),
        "MLAAS_DATABASE__URL": url,
        "MLAAS_SERVER__PORT": str(port),
    }
    with (folder / "output").open("wb") as output, _process(own | environ, output) as process:
        try:
            _wait_for(served.url, process)
            yield served
        finally:
            process.terminate()
            process.wait(15)


def _process(environ: dict[str, str], output: BinaryIO) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app.asgi"]
    everything = os.environ | environ
    return subprocess.Popen(command, cwd=ROOT, env=everything, stdout=output, stderr=output)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{url}/_stcore/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the application did not start")
