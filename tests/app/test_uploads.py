"""The upload routes over HTTP, as a browser and as others would call them."""

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from app.uploads import routes
from engines import data_sources, projects

OURS = {"x-requested-with": "mlaas"}


@pytest.fixture
def experiment_id(app_services, analyst):
    return projects.create(app_services.db, analyst, "Churn").id


@pytest.fixture
def call(app_services, analyst):
    """Call a route: `call("PUT", path, actor=…, content=…)`; by default as the analyst."""

    def send(method, path, actor=analyst, headers=OURS, **request):
        app = Starlette(routes=routes(app_services, actor_of=lambda _request: actor))

        async def go():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://mlaas") as client:
                return await client.request(method, path, headers=headers, **request)

        return anyio.run(go)

    return send


@pytest.fixture
def begun(call, experiment_id):
    asked = {"name": "a.csv", "size": 12, "experiment": experiment_id, "modified": 5}
    return call("POST", "/uploads", json=asked).json()


def test_upload_in_slices_becomes_complete(call, begun, app_services, analyst, experiment_id):
    path = f"/uploads/{begun['id']}"
    assert call("PUT", f"{path}?offset=0", content=b"a,b\n1,").json() == {"received": 6}
    assert call("PUT", f"{path}?offset=6", content=b"2\n3,4\n").json() == {"received": 12}
    assert call("POST", f"{path}/finish").json()["id"] == begun["id"]
    pending = data_sources.pending_upload(app_services.datasets, analyst, experiment_id)
    assert pending.id == begun["id"]
    files = list(app_services.uploads_dir.glob("*"))
    assert [f.name for f in files] == [f"{begun['id']}.part"]
    assert files[0].read_bytes() == b"a,b\n1,2\n3,4\n"


def test_upload_broken_off_is_found_again_and_goes_on(
    call, begun, experiment_id, app_services, analyst
):
    call("PUT", f"/uploads/{begun['id']}?offset=0", content=b"a,b\n")
    unfinished = call("POST", f"/uploads/{begun['id']}/finish")
    assert unfinished.status_code == 409
    assert unfinished.json()["message"] == "Only 4 of 12 bytes have arrived."
    asked = {"name": "a.csv", "size": 12, "experiment": experiment_id, "modified": 5}
    again = call("POST", "/uploads", json=asked).json()
    assert (again["id"], again["received"]) == (begun["id"], 4)
    changed = call("POST", "/uploads", json={**asked, "modified": 6}).json()
    assert (changed["id"] != begun["id"], changed["received"]) == (True, 0)
    assert data_sources.pending_upload(app_services.datasets, analyst, experiment_id) is None


def test_connection_lost_within_a_slice_leaves_no_part_of_it(call, begun):
    async def torn():
        yield b"a,b"

    headers = {**OURS, "content-length": "12"}
    path = f"/uploads/{begun['id']}"
    assert call("PUT", f"{path}?offset=0", headers=headers, content=torn()).status_code == 499
    assert call("GET", path).json()["received"] == 0


@pytest.mark.parametrize(
    ("offset", "content", "status"),
    [(3, b"x", 409), (0, b"x" * 13, 400), ("-1", b"x", 400), ("", b"x", 400), ("1e3", b"x", 400)],
)
def test_slice_that_does_not_fit_is_refused(call, begun, offset, content, status):
    path = f"/uploads/{begun['id']}"
    refused = call("PUT", f"{path}?offset={offset}", content=content)
    assert refused.status_code == status
    assert refused.json()["message"].endswith(".")
    assert call("GET", path).json()["received"] == 0


def test_slice_longer_than_one_slice_is_refused_unread(call, begun):
    headers = {**OURS, "content-length": str(data_sources.SLICE_BYTES + 1)}
    refused = call("PUT", f"/uploads/{begun['id']}?offset=0", headers=headers, content=b"")
    assert refused.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-requested-with": "other"},
        {**OURS, "origin": "http://evil.example"},
        {**OURS, "sec-fetch-site": "cross-site"},
    ],
)
def test_request_of_another_site_is_refused(call, begun, headers):
    refused = call("DELETE", f"/uploads/{begun['id']}", headers=headers)
    assert refused.status_code == 403
    assert call("GET", f"/uploads/{begun['id']}").status_code == 200


def test_request_without_session_is_refused(call, begun):
    assert call("GET", f"/uploads/{begun['id']}", actor=None).status_code == 401


@pytest.mark.parametrize("role", ["checker", "validator", "deployer", "auditor", "admin"])
def test_upload_without_the_right_is_refused(call, make_actor, experiment_id, role):
    asked = {"name": "a.csv", "size": 12, "experiment": experiment_id}
    assert call("POST", "/uploads", actor=make_actor(role), json=asked).status_code == 403


def test_upload_of_another_person_is_not_found(call, begun, make_actor):
    other = make_actor("analyst", name="other")
    path = f"/uploads/{begun['id']}"
    assert call("GET", path, actor=other).status_code == 404
    assert call("PUT", f"{path}?offset=0", actor=other, content=b"x").status_code == 404
    assert call("DELETE", path, actor=other).status_code == 404


def test_upload_into_another_persons_experiment_is_refused(call, make_actor, experiment_id):
    asked = {"name": "a.csv", "size": 12, "experiment": experiment_id}
    refused = call("POST", "/uploads", actor=make_actor("analyst", name="other"), json=asked)
    assert refused.status_code in (403, 404)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": "a.exe", "size": 5}, "are not read here"),
        ({"name": "a.csv", "size": 0}, "The file is empty."),
        ({"name": "a.csv", "size": 2 * 1024**3 + 1}, "has 2,148 MB; at most 2,147 MB are accepted"),
        ({"name": "a.csv"}, "missing or wrong"),
    ],
)
def test_upload_that_cannot_be_used_is_refused_at_once(call, experiment_id, asked, words):
    refused = call("POST", "/uploads", json={**asked, "experiment": experiment_id})
    assert refused.status_code == 400
    assert words in refused.json()["message"]


@pytest.mark.parametrize("content", [b"no json", b"[1]", b"{" * 5000])
def test_begin_without_sound_json_is_refused(call, content):
    assert call("POST", "/uploads", content=content).status_code == 400


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "..\\..\\boot.csv", "a\u202e/b\x00.csv"])
def test_name_with_a_path_stays_a_name(call, experiment_id, app_services, name):
    asked = {"name": name, "size": 12, "experiment": experiment_id}
    begun = call("POST", "/uploads", json=asked).json()
    assert begun["name"] in ("passwd.csv", "boot.csv", "b .csv", "b.csv")
    assert [f.name for f in app_services.uploads_dir.glob("*")] == [f"{begun['id']}.part"]


def test_discard_removes_the_bytes(call, begun, app_services):
    assert call("DELETE", f"/uploads/{begun['id']}").status_code == 204
    assert list(app_services.uploads_dir.glob("*.part")) == []
    assert call("GET", f"/uploads/{begun['id']}").status_code == 404
