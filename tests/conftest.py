"""Fixtures every test may use: databases, people, settings, services, pages."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.secret_store import secret_store
from engines.core.secrets import Secrets
from engines.core.settings import Paths, Settings
from tests.harness.fixtures import (  # noqa: F401 - fixtures and options of the whole suite
    browser,
    churn_run,
    database_url,
    kept_database,
    migrated_file,
    migrated_name,
    postgres,
    product,
    pytest_addoption,
    pytest_generate_tests,
    pytest_ignore_collect,
    take_picture,
    visitor,
)

if TYPE_CHECKING:  # the fast tests do without them
    from streamlit.testing.v1 import AppTest

    from engines.wiring import Services

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the project."""
    folder = ROOT.parent / "shared" / "data"
    return folder if folder.exists() else ROOT / "data" / "samples"


@pytest.fixture(autouse=True)
def kept_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest leaves a page as the main module, which processes of later tests would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings on an empty data folder of this test's own."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("MLAAS_PATHS__DATA", str(data))
    monkeypatch.setenv("MLAAS_PATHS__LOGS", str(data / "logs"))
    monkeypatch.setenv("MLAAS_DATABASE__URL", database_url)
    return Settings(paths=Paths(data=data, logs=data / "logs"))


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """A fresh, migrated database: every table and the audit triggers."""
    database = Database(settings.database.url)
    yield database
    database.engine.dispose()


@pytest.fixture
def secrets(settings: Settings) -> Secrets:
    """The embedded secrets of this test's own folder."""
    return secret_store(settings)


@pytest.fixture
def make_actor() -> Callable[..., Actor]:
    """Actors with the given roles; the name is the first role unless given."""

    def make(*roles: str, name: str = "") -> Actor:
        label = name or "-".join(roles) or "nobody"
        return Actor(id=f"user-{label}", name=label, roles=frozenset(Role(r) for r in roles))

    return make


@pytest.fixture
def analyst(make_actor: Callable[..., Actor]) -> Actor:
    """A person with the analyst's role."""
    return make_actor("analyst")


@pytest.fixture
def app_services(db: Database, settings: Settings) -> "Iterator[Services]":
    """The services that pages get, on this test's own folder."""
    from app.services import services

    services.cache_clear()
    yield services()
    services.cache_clear()


@pytest.fixture
def open_page(
    app_services: "Services", make_actor: Callable[..., Actor], monkeypatch: pytest.MonkeyPatch
) -> "Callable[..., AppTest]":
    """Open a page as a role: `open_page("analyst", "data", experiment=id)`."""
    from tests.harness.pages import opened

    def open_as(role: str, key: str, **query: str) -> "AppTest":
        return opened(monkeypatch, make_actor(role), key, **query)

    return open_as
