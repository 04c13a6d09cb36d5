"""A PostgreSQL server of the tests' own: private port, private data folder, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.harness.ports import free_port

INSTALLED = Path("/usr/lib/postgresql")
START_SECONDS = 30
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
)
RESTART = "SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences"
SHAPE = (
    "SELECT c.relname, a.attname, a.atttypid::int8, '' FROM pg_class c "
    "JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace "
    "UNION ALL SELECT tgrelid::regclass::text, tgname, 0, tgenabled::text FROM pg_trigger "
    "WHERE NOT tgisinternal ORDER BY 1, 2"
)
Connection = psycopg.Connection[tuple[Any, ...]]
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class ServerMissing(RuntimeError):
    """PostgreSQL's programs are not installed, or its server does not start."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `create` gives addresses of fresh databases on it."""

    port: int

    def url(self, database: str) -> str:
        """SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://mlaas@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a fresh database, a copy of `template`, and give its address."""
        name = f"t{uuid4().hex}"
        self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database together with whoever is still connected to it."""
        self._admin(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[1]}" WITH (FORCE)')

    def connect(self, database: str) -> Connection:
        """A connection that commits each statement."""
        address = f"host=127.0.0.1 port={self.port} user=mlaas dbname={database}"
        return psycopg.connect(address, autocommit=True)

    def _admin(self, statement: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(statement)  # type: ignore[arg-type]


class KeptDatabase:
    """One migrated database for test after test: emptying it takes a tenth of copying another."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server, self._template = server, template
        self._begin()

    def renew(self) -> None:
        """End whoever is connected, delete every row, count from one again.

        A database whose tables a test has altered is thrown away.
        """
        self._inside.execute(END_OTHERS)
        if self._inside.execute(SHAPE).fetchall() == self._shape:
            self._inside.execute(self._delete)
        else:
            self.close()
            self._server.drop(self.url)
            self._begin()

    def close(self) -> None:
        """Leave the database."""
        self._inside.close()

    def _begin(self) -> None:
        self.url = self._server.create(self._template)
        # Kept, for the first look of a connection at every table takes ten times the emptying.
        self._inside = self._server.connect(self.url.rsplit("/", 1)[1])
        self._inside.execute("SET session_replication_role = replica")  # triggers and keys rest
        tables = self._inside.execute(TABLES).fetchall()
        deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(*one)) for one in tables]
        self._delete = sql.SQL("; ").join([*deletes, sql.SQL(RESTART)])
        self._shape = self._inside.execute(SHAPE).fetchall()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server in a fresh folder and stop it at the end. Raises ServerMissing."""
    folder = Path(tempfile.mkdtemp(prefix="mlaas-postgres-"))
    server = PostgresServer(free_port())
    account = _account()
    if account:
        shutil.chown(folder, account, account)
    try:
        _run(
            [_program("initdb"), "-D", str(folder / "data"), "-U", "mlaas", "-A", "trust"], account
        )
        process = _start(folder, server.port, account)
        try:
            _wait(server, process, folder)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # without waiting for who is still connected
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, port: int, account: str | None) -> subprocess.Popen[bytes]:
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    settings = [part for option in (*options, *FAST) for part in ("-c", option)]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [_program("postgres"), "-D", str(folder / "data"), *settings],
            stdout=log,
            stderr=log,
            cwd=folder,
            user=account,
            group=account,
            start_new_session=True,
        )


def _wait(server: PostgresServer, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            return server._admin("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
    process.kill()
    raise ServerMissing(f"PostgreSQL did not start:\n{(folder / 'server.log').read_text()[-2000:]}")


def _program(name: str) -> str:
    newest = sorted(INSTALLED.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which(name)
    if not found:
        raise ServerMissing(
            f"{name} is not installed: run `make test`, or `apt-get install postgresql`."
        )
    return found


def _account() -> str | None:
    """The account to run as: PostgreSQL refuses root, and nobody else can change accounts."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(argv: list[str], account: str | None) -> None:
    done = subprocess.run(
        argv, capture_output=True, text=True, cwd="/", user=account, group=account
    )
    if done.returncode:
        raise ServerMissing(f"{argv[0]} failed:\n{done.stderr[-2000:]}")
