"""The configuration: file, environment, refusals."""

import pytest
from pydantic import ValidationError

from engines.core.errors import InvalidInput
from engines.core.settings import load


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def write(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


def test_load_without_file_gives_loopback_defaults(tmp_path):
    settings = load(tmp_path / "none.yaml")
    assert settings.server.host == "127.0.0.1"
    assert settings.database.url.startswith("sqlite")


def test_environment_overrides_one_key_and_keeps_its_neighbours(config, monkeypatch):
    path = config("server: {port: 8600, host: 127.0.0.2}")
    monkeypatch.setenv("MLAAS_SERVER__PORT", "8700")
    assert (load(path).server.port, load(path).server.host) == (8700, "127.0.0.2")


def test_mlflow_variable_overrides_the_file_but_not_ours(config, monkeypatch):
    path = config("tracking: {uri: 'http://file:1', public_url: 'http://public'}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:2")
    assert load(path).tracking.uri == "http://mlflow:2"
    assert load(path).tracking.public_url == "http://public"
    monkeypatch.setenv("MLAAS_TRACKING__URI", "http://ours:3")
    assert load(path).tracking.uri == "http://ours:3"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("backends: {scheduler: cron}", "backends.scheduler"),
        ("server: {prot: 1}", "server.prot"),
        ("sever: {}", "sever"),
        ("server: {port: [}", "configuration cannot be used"),
        ("server: {public_url: 'javascript:alert(1)'}", "server.public_url"),
        ("notices: {smtp: {host: mail.example.org}}", "notices.smtp: .* needs notices.smtp.sender"),
        ("notices: {smtp: {sender: 'a@example.org, b@example.org'}}", "notices.smtp.sender"),
        ("notices: {smtp: {host: m, sender: a@b, user: u, security: none}}", "needs security"),
        ("notices: {webhooks: {chat: {url: 'http://example.org'}}}", "begins with https"),
        ("notices: {webhooks: {chat: {url: 'https://a:b@example.org'}}}", "no name or password"),
        ("notices: {webhooks: {chat: {url: 'file:///etc/passwd'}}}", "no http or https"),
        ("notices: {webhooks: {chat: {}}}", "notices.webhooks.chat.url"),
    ],
)
def test_load_of_unusable_file_names_the_key(config, text, word):
    with pytest.raises(InvalidInput, match=word):
        load(config(text))


def test_notices_stay_in_the_inbox_unless_somebody_says_where_they_go(config):
    assert not load(config("{}")).notices.are_sent
    smtp = "{host: mail.example.org, sender: mlaas@example.org}"
    assert load(config(f"notices: {{smtp: {smtp}}}")).notices.are_sent
    assert load(config("notices: {webhooks: {a: {url: 'https://a'}}}")).notices.are_sent


def test_links_begin_with_the_public_address_when_there_is_one(config):
    assert load(config("{}")).public_url == "http://127.0.0.1:8501"
    assert load(config("oidc: {public_url: 'https://a/'}")).public_url == "https://a"
    text = "{server: {public_url: 'https://b'}, oidc: {public_url: 'https://a/'}}"
    assert load(config(text)).public_url == "https://b"


def test_settings_cannot_be_changed(tmp_path):
    settings = load(tmp_path / "none.yaml")
    with pytest.raises(ValidationError):
        settings.server.port = 1


def test_secrets_are_the_set_values_of_the_named_variables(config, monkeypatch):
    monkeypatch.setenv("OUR_TOKEN", "s3cret")
    settings = load(config("secret_names: {token: OUR_TOKEN, other: NOT_SET_ANYWHERE}"))
    assert settings.secrets == ["s3cret"]


def test_data_key_from_the_environment_is_hidden_like_the_named_secrets(config, monkeypatch):
    monkeypatch.setenv("MLAAS_DATA_KEY", "first-key, second-key")
    assert load(config("{}")).secrets == ["first-key", "second-key"]
