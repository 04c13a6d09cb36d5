"""The stores every contract test runs against: the folder, the strict server, the real thing."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from engines.artifacts import Depot
from engines.artifacts.artifactory import ArtifactoryStore
from engines.artifacts.folder import FolderStore
from engines.artifacts.port import ArtifactStore, Repository
from engines.core.database import Database
from tests.harness.artifactory import Artifactory, running
from tests.harness.releases import depot_on
from tests.harness.run_folders import airline, ames, telco

KEYS = {"dev": "mlaas-dev", "uat": "mlaas-uat", "prod": "mlaas-prod"}
REAL = os.environ.get("MLAAS_ARTIFACTORY_URL", "")
STORES = ["folder", "server", *(["artifactory"] if REAL else [])]


@pytest.fixture
def server() -> Iterator[Artifactory]:
    """The strict server with one token that may do everything."""
    with running() as made:
        yield made


def store_on(server: Artifactory, token: str = "good-token", **more: object) -> ArtifactoryStore:
    """The real backend against the strict server, trying twice without waiting."""
    given: dict[str, object] = {"timeout": 2.0, "waits": (0.0,), **more}
    return ArtifactoryStore(server.url, KEYS, lambda: token, **given)  # type: ignore[arg-type]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """One store of each kind; with MLAAS_ARTIFACTORY_URL set also the real Artifactory.

    That one needs MLAAS_ARTIFACTORY_TOKEN and three repositories for trials,
    MLAAS_ARTIFACTORY_REPOSITORIES=dev,uat,prod.
    """
    if request.param == "folder":
        return FolderStore(tmp_path / "artifacts", KEYS)
    if request.param == "server":
        return store_on(request.getfixturevalue("server"))
    keys = os.environ["MLAAS_ARTIFACTORY_REPOSITORIES"].split(",")
    places = dict(zip(KEYS, keys, strict=True))
    return ArtifactoryStore(REAL, places, lambda: os.environ["MLAAS_ARTIFACTORY_TOKEN"])


@pytest.fixture
def place(store: ArtifactStore) -> Iterator[str]:
    """A folder of this test's own, emptied afterwards in every repository."""
    folder = f"contract-{uuid4().hex[:8]}/1.0.0"
    yield folder
    for where in Repository:
        for stored in store.list(where, folder):
            store.delete(where, stored.path)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A folder of runs: r1 classifies and regresses, r2 classifies anew, air forecasts."""
    root = tmp_path_factory.mktemp("models")
    telco(root / "r1", shared_data)
    ames(root / "r1", shared_data)
    telco(root / "r2", shared_data, C=0.001)
    airline(root / "air", shared_data)
    return root


@pytest.fixture
def depot(db: Database, store: ArtifactStore, models: Path, tmp_path: Path) -> Depot:
    """A depot on each kind of store."""
    return depot_on(db, store, models, tmp_path / "work")


@pytest.fixture
def folder_depot(db: Database, models: Path, tmp_path: Path) -> Depot:
    """A depot on the folder alone."""
    return depot_on(db, FolderStore(tmp_path / "artifacts", KEYS), models, tmp_path / "work")
