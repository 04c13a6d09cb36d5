"""Signing in at an OpenID Connect provider, over HTTP from end to end."""

import pytest
from sqlmodel import select

from engines.core import settings as configuration
from engines.core import users
from engines.core.access import Role
from engines.core.errors import InvalidInput
from engines.core.models import AppUser
from tests.app.conftest import PASSWORD, serving
from tests.app.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, Serving
from tests.harness.ports import free_port

ANN = {
    "sub": "ann-1",
    "email": "ann@example.org",
    "email_verified": True,
    "name": "Ann Example",
    "groups": ["analysts", "cyclists"],
}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The application and its provider, side by side."""
    app_port, provider_port = free_port(), free_port()
    address, issuer = f"http://127.0.0.1:{app_port}", f"http://127.0.0.1:{provider_port}"
    provider = Provider(issuer, f"{address}/login/oidc/callback")
    running = Serving(provider, provider_port)
    environ = {
        "MLAAS_BACKENDS__IDENTITY": "oidc",
        "MLAAS_OIDC__METADATA_URL": f"{issuer}/.well-known/openid-configuration",
        "MLAAS_OIDC__CLIENT_ID": CLIENT_ID,
        "MLAAS_OIDC__PUBLIC_URL": address,
        "MLAAS_OIDC__ROLES": '{"analysts": "analyst", "reviewers": "checker"}',
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }
    with serving(tmp_path_factory.mktemp("oidc"), app_port, **environ) as served:
        yield served, provider
    running.stop()


@pytest.fixture
def served(both):
    return both[0]


@pytest.fixture
def provider(both):
    """The provider, honest again for each test, vouching for Ann."""
    honest = both[1]
    honest.person, honest.lie, honest.forge, honest.deny = dict(ANN), {}, False, False
    return honest


def come_back(client, wanted="/"):
    """Follow the way to the provider and back; the answer to the provider's redirect."""
    leave = client.get("/login/oidc", params={"next": wanted})
    assert leave.status_code == 302
    consent = client.get(leave.headers["location"])
    assert consent.status_code == 302, consent.text
    return client.get(consent.headers["location"])


def person(served, subject):
    with served.db.read() as session:
        ending = AppUser.subject.endswith(f"|{subject}")
        return session.exec(select(AppUser).where(ending)).one_or_none()


def test_person_comes_back_signed_in_to_the_page_they_wanted(served, provider):
    with served.client() as client:
        login = client.get("/data?experiment=1").headers["location"]
        assert "company account" in client.get(login).text
        answer = come_back(client, "/data?experiment=1")
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/data?experiment=1"
        assert client.get("/data").status_code == 200
    ann = person(served, "ann-1")
    assert ann.name == "ann@example.org"
    assert ann.roles == ["analyst"]
    assert ann.password_hash is None


def test_second_sign_in_is_the_same_person_even_with_another_address(served, provider):
    with served.client() as client:
        come_back(client)
        before = person(served, "ann-1")
        provider.person |= {"email": "ann.married@example.org"}
        come_back(client)
    assert person(served, "ann-1").id == before.id


def test_roles_follow_the_groups_and_end_the_old_sessions(served, provider):
    with served.client() as here, served.client() as elsewhere:
        come_back(elsewhere)
        assert elsewhere.get("/").status_code == 200
        provider.person |= {"groups": ["reviewers"]}
        come_back(here)
        assert elsewhere.get("/").status_code == 303
        assert here.get("/").status_code == 200
    assert person(served, "ann-1").roles == ["checker"]


@pytest.mark.parametrize(
    "lie",
    [{"nonce": "another"}, {"aud": "another-client"}, {"iss": "https://example.org"},
     {"exp": 1_000_000_000}],
    ids=lambda lie: next(iter(lie)),
)  # fmt: skip
def test_token_for_another_occasion_is_refused(served, provider, lie):
    provider.lie = lie
    with served.client() as client:
        assert come_back(client).status_code == 401
        assert client.get("/").status_code == 303


def test_token_signed_with_another_key_is_refused(served, provider):
    provider.forge = True
    with served.client() as client:
        assert come_back(client).status_code == 401
        assert client.get("/").status_code == 303


def test_refusal_at_the_provider_is_one_sentence(served, provider):
    provider.deny = True
    with served.client() as client:
        answer = come_back(client)
    assert answer.status_code == 401
    assert "company sign-in did not work" in answer.text


def test_answer_meant_for_another_browser_is_refused(served, provider):
    with served.client() as victim, served.client() as attacker:
        leave = attacker.get("/login/oidc").headers["location"]
        planted = attacker.get(leave).headers["location"]
        assert victim.get(planted).status_code == 401
        assert victim.get("/").status_code == 303


def test_code_is_good_once(served, provider):
    with served.client() as client:
        leave = client.get("/login/oidc").headers["location"]
        back = client.get(leave).headers["location"]
        assert client.get(back).status_code == 303
        assert client.get(back).status_code == 401


def test_person_without_a_known_group_is_refused(served, provider):
    provider.person |= {"sub": "cyclist", "groups": ["cyclists"]}
    with served.client() as client:
        answer = come_back(client)
        assert answer.status_code == 403
        assert "no role here" in answer.text
        assert client.get("/").status_code == 303
    assert person(served, "cyclist") is None


def test_unverified_address_takes_over_nobody(served, provider):
    user_id = served.add("bob@example.org")
    provider.person |= {"sub": "mallory", "email": "bob@example.org", "email_verified": False}
    with served.client() as client:
        come_back(client)
    assert person(served, "mallory").id != user_id


def test_verified_address_is_tied_to_the_user_of_that_name(served, provider):
    user_id = served.add("carol@example.org")
    provider.person |= {"sub": "carol-1", "email": "Carol@example.org"}
    with served.client() as client:
        come_back(client)
    carol = person(served, "carol-1")
    assert carol.id == user_id
    assert carol.password_hash is None


def test_disabled_person_stays_out(served, provider):
    provider.person |= {"sub": "dora-1", "email": "dora@example.org"}
    with served.client() as client:
        come_back(client)
    with served.db.read() as session:
        root = session.exec(select(AppUser).where(AppUser.name == "admin")).one().actor
    users.disable(served.db, root, person(served, "dora-1").id, "left")
    with served.client() as client:
        assert come_back(client).status_code == 403
        assert client.get("/").status_code == 303


def test_password_is_no_way_in(served, provider):
    with served.client() as client:
        client.post("/login", data={"name": "analyst", "password": PASSWORD})
        assert client.get("/").status_code == 303


def test_local_password_of_a_tied_person_cannot_be_reset(served, provider, make_actor):
    with served.client() as client:
        come_back(client)
    with pytest.raises(InvalidInput, match="identity provider"):
        users.reset_password(served.db, make_actor("admin"), person(served, "ann-1").id, "why not")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [("METADATA_URL", "", "metadata_url"), ("ROLES", "{}", "roles"),
     ("METADATA_URL", "http://example.org/.well-known/openid-configuration", "https")],
)  # fmt: skip
def test_half_described_provider_is_refused_at_start(monkeypatch, tmp_path, variable, value, said):
    described = {
        "METADATA_URL": "https://example.org/.well-known/openid-configuration",
        "CLIENT_ID": "mlaas",
        "PUBLIC_URL": "https://mlaas.example.org",
        "ROLES": '{"analysts": "analyst"}',
    }
    monkeypatch.setenv("MLAAS_BACKENDS__IDENTITY", "oidc")
    for name, text in (described | {variable: value}).items():
        monkeypatch.setenv(f"MLAAS_OIDC__{name}", text)
    with pytest.raises(InvalidInput, match=said):
        configuration.load(tmp_path / "none.yaml")


def test_described_provider_maps_groups_to_roles(monkeypatch, tmp_path):
    monkeypatch.setenv("MLAAS_OIDC__ROLES", '{"analysts": "analyst"}')
    loaded = configuration.load(tmp_path / "none.yaml")
    assert loaded.oidc.roles == {"analysts": Role.ANALYST}
