"""The repository's part of the configuration, and the backend that is built from it."""

import pytest
from pydantic import ValidationError

from engines.artifacts import FolderStore, Repository
from engines.artifacts.artifactory import ArtifactoryStore
from engines.core.errors import InvalidInput, NotFound
from engines.core.secret_store import secret_store
from engines.core.settings import Settings, load
from engines.wired_releases import artifact_store
from tests.engines.artifacts.test_store import written


def chosen(**artifacts):
    return {"backends": {"artifacts": "artifactory"}, "artifacts": artifacts}


def test_folder_among_the_data_is_the_default(settings, secrets, tmp_path):
    store = artifact_store(settings, secrets)
    assert isinstance(store, FolderStore)
    store.put(Repository.DEV, "churn/1.0.0/a.txt", *written(tmp_path))
    assert (settings.paths.data / "artifacts/mlaas-dev/churn/1.0.0/a.txt").is_file()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (chosen(), "needs artifacts.url"),
        (chosen(url="http://art.example.org/artifactory"), "must begin with https"),
        (chosen(url="https://me:word@art.example.org/artifactory"), "no user or password"),
        (chosen(url="https://a.example.org", repositories={"dev": "x"}), "lacks prod, uat"),
        (
            chosen(
                url="https://a.example.org", repositories=dict.fromkeys(("dev", "uat", "prod"), "x")
            ),
            "three different",
        ),
        ({"backends": {"artifacts": "nexus"}}, "artifacts"),
        ({"artifacts": {"remove_every_hours": 24}}, "needs a rule in artifacts.keep"),
        ({"artifacts": {"keep": {"prod": {"days": 1}}}}, "keep"),
        ({"artifacts": {"verify": False}}, "verify"),
    ],
)
def test_choice_that_cannot_be_used_stops_the_start(given, words):
    with pytest.raises(ValidationError, match=words):
        Settings(**given)


def test_token_is_asked_of_the_secrets_and_hidden_in_logs(settings, server, tmp_path, monkeypatch):
    given = settings.artifacts.model_copy(update={"url": server.url})
    backends = settings.backends.model_copy(update={"artifacts": "artifactory"})
    settings = settings.model_copy(update={"artifacts": given, "backends": backends})
    store = artifact_store(settings, secret_store(settings))
    assert isinstance(store, ArtifactoryStore)
    with pytest.raises(NotFound, match="artifactory_token"):
        store.list(Repository.DEV, "churn")
    monkeypatch.setenv("ARTIFACTORY_TOKEN", "good-token")
    store.put(Repository.DEV, "churn/1.0.0/a.txt", *written(tmp_path))
    assert "good-token" in settings.secrets
    assert "good-token" not in settings.model_dump_json()


def test_fault_in_the_file_names_the_key(tmp_path):
    (tmp_path / "config.yaml").write_text("artifacts:\n  url: http://art.example.org\n")
    with pytest.raises(InvalidInput, match=r"artifacts\.url: it must begin with https"):
        load(tmp_path / "config.yaml")
