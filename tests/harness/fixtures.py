"""What tests run on: databases of the chosen backend, the product, a browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from engines.core import migrate
from engines.core.database import Database
from tests.harness.browser import HEIGHT, WIDTH, chromium, open_page, wait_until_drawn
from tests.harness.postgres import KeptDatabase, PostgresServer, postgres_server
from tests.harness.product import Product, running_product

if TYPE_CHECKING:  # the fast tests do without it
    from tests.harness.explained import Churn

BACKENDS, BOTH = ("sqlite", "postgresql"), "both"
PICTURES = Path("build/pictures")  # `make pictures` puts them into the documentation

# Tests of seconds, not of a tenth: `make check` leaves them to `make test`, and does not even
# import them.
THOROUGH = (
    "tests/app/",
    "tests/e2e/",
    "tests/pages/",
    "tests/spark_jobs/",
    "tests/engines/artifacts/",
    "tests/engines/core/test_first_users.py",
    "tests/engines/core/test_passwords.py",
    "tests/engines/core/test_sign_in.py",
    "tests/engines/data_sources/test_bad_input.py",
    "tests/engines/data_sources/test_datasets.py",
    "tests/engines/data_sources/test_ingestion.py",
    "tests/engines/data_sources/test_rows.py",
    "tests/engines/eda/test_explore.py",
    "tests/engines/eda/test_export.py",
    "tests/engines/eda/test_profile.py",
    "tests/engines/eda/test_relations.py",
    "tests/engines/eda/test_requests.py",
    "tests/engines/explanation/",
    "tests/engines/governance/approvals/test_again.py",
    "tests/engines/governance/approvals/test_gate.py",
    "tests/engines/governance/approvals/test_question.py",
    "tests/engines/governance/documents/test_figures.py",
    "tests/engines/governance/documents/test_render.py",
    "tests/engines/governance/register/test_analytics.py",
    "tests/engines/inference/",
    "tests/engines/recommendation/",
    "tests/engines/results/",
    "tests/engines/tracking/",
    "tests/engines/training/test_execute.py",
    "tests/engines/training/test_last_fit.py",
    "tests/engines/training/test_series.py",
)

ON_BOTH = ("tests/engines/", "tests/app/", "tests/pages/")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--database`, the backend the suite runs on, `--pictures` and `--fast`."""
    databases = (*BACKENDS, BOTH)
    parser.addoption("--database", choices=databases, default=BACKENDS[0], help="run on it")
    parser.addoption("--pictures", type=Path, default=PICTURES, help="folder of the screenshots")
    parser.addoption("--fast", action="store_true", help="leave out what takes seconds")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--fast`, leave the thorough tests where they are."""
    place = collection_path.relative_to(config.rootpath).as_posix()
    is_thorough = f"{place}/".startswith(THOROUGH) or place in THOROUGH
    return True if config.getoption("--fast") and is_thorough else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With `--database both`, take each test that touches the database on the one and the other."""
    place = metafunc.definition.path.relative_to(metafunc.config.rootpath).as_posix()
    if (
        metafunc.config.getoption("--database") == BOTH
        and "database_url" in metafunc.fixturenames
        and place.startswith(ON_BOTH)
    ):
        metafunc.parametrize("database_url", BACKENDS, indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this run; fails when it is not installed."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("migrated") / "mlaas.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_name(postgres: PostgresServer) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    url = postgres.create()
    _migrate(url)
    return str(sa.make_url(url).database)


@pytest.fixture(scope="session")
def kept_database(postgres: PostgresServer, migrated_name: str) -> Iterator[KeptDatabase]:
    """The database that one test after the other gets, empty."""
    kept = KeptDatabase(postgres, migrated_name)
    yield kept
    kept.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database of this test's own."""
    if getattr(request, "param", request.config.getoption("--database")) == BACKENDS[0]:
        file = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "mlaas.db")
        yield f"sqlite:///{file}"
        return
    kept: KeptDatabase = request.getfixturevalue("kept_database")
    yield kept.url
    kept.renew()


@pytest.fixture
def take_picture(request: pytest.FixtureRequest) -> Callable[[Page, str], Path]:
    """Keep the page as it looks now: `take_picture(page, "data")`."""
    folder: Path = request.config.getoption("--pictures")
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> Path:
        page.mouse.move(WIDTH - 1, HEIGHT - 1)  # no tooltip in the picture
        wait_until_drawn(page)
        page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")
        return folder / f"{name}.png"

    return take


def _migrate(url: str) -> None:
    db = Database(url)
    migrate.upgrade(db)
    db.engine.dispose()


@pytest.fixture(scope="session")
def churn_run(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> "Churn":
    """A churn model and its explanation, each made once."""
    from tests.harness.explained import Churn

    return Churn(shared_data, tmp_path_factory.mktemp("churn"))


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The whole product running, with demo users and samples; slow to start, so one for all."""
    with running_product(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, product: Product) -> Iterator[Page]:
    """A page of somebody who is not signed in yet."""
    with open_page(browser, product.url) as page:
        yield page
