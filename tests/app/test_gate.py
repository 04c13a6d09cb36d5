"""The gate and the sign-in pages, over HTTP and WebSocket, on the real application."""

import time
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import anyio
import httpx
import pyotp
import pytest
from sqlmodel import select
from starlette.datastructures import Headers
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app.gate import Gate, is_same_origin, safe_next
from engines.core import sessions, totp, users
from engines.core.access import Role
from engines.core.models import AppUser, UserSession
from engines.core.settings import Sessions
from tests.app.conftest import PASSWORD

COOKIE = "mlaas_session"


def cookie_of(client):
    return client.cookies[COOKIE]


def stream(served, cookie="", origin=None, resume=""):
    """Open the raw WebSocket as the browser does."""
    return connect(
        served.url.replace("http", "ws") + "/_stcore/stream",
        origin=origin or served.url,
        additional_headers={"Cookie": f"{COOKIE}={cookie}"} if cookie else {},
        subprotocols=["streamlit", "none", resume] if resume else ["streamlit"],
        open_timeout=20,
        max_size=None,
    )


def rerun(socket, **fields):
    asked = BackMsg()
    asked.rerun_script.query_string = fields.get("query", "")
    asked.rerun_script.is_auto_rerun = fields.get("auto", False)
    if "page" in fields:
        asked.rerun_script.page_script_hash = calc_hash(fields["page"])
    if "widget" in fields:
        widget = asked.rerun_script.widget_states.widgets.add()
        widget.id, widget.trigger_value = fields["widget"], True
    socket.send(asked.SerializeToString())


def told(socket):
    """The words on the page, and the hash of the page they are said on."""
    words, shown = [], ""
    while True:
        said = ForwardMsg()
        said.ParseFromString(socket.recv(timeout=30))
        kind = said.WhichOneof("type")
        if kind == "navigation":
            shown = said.navigation.page_script_hash
        if kind == "delta":
            words.append(str(said.delta))
        if kind == "script_finished":
            return " ".join(words), shown


def drain(socket):
    while True:
        socket.recv(timeout=10)


def until_finished(socket):
    """Everything said until the script has run: (words on the page, Streamlit's session id)."""
    words, session_id = [], ""
    while True:
        said = ForwardMsg()
        said.ParseFromString(socket.recv(timeout=30))
        if said.WhichOneof("type") == "new_session":
            session_id = said.new_session.initialize.session_id
        if said.WhichOneof("type") == "delta":
            words.append(str(said.delta))
        if said.WhichOneof("type") == "script_finished":
            return " ".join(words), session_id


@pytest.mark.parametrize(
    "path",
    ["/", "/data?experiment=abc", "/admin", "/static/js/index.js", "/_stcore/host-config",
     "/media/abc.csv", "/component/x/index.html", "/_stcore/metrics", "/favicon.png", "/no/such",
     "//login", "/login/../admin", "/%2e%2e/admin", "/LOGIN", "/login/", "/_stcore/health/x",
     "/auth/login", "/oauth2callback", "/_stcore/agent/openapi.json"],
)  # fmt: skip
def test_page_without_session_is_not_served(served, path):
    with served.client() as client:
        answer = client.get(path)
        assert answer.status_code == 303
        assert urlsplit(answer.headers["location"]).path == "/login"
        assert client.get(path, headers={"Accept": "*/*"}).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
def test_upload_without_session_is_refused(served, method):
    with served.client() as client:
        answer = client.request(method, "/_stcore/upload_file/s/f", content=b"x")
        assert answer.status_code in {401, 303}


def test_style_is_served_whole_to_every_visitor(served):
    with served.client() as client:
        first, second = (client.get("/login/style.css") for _ in range(2))
    assert first.text == second.text
    assert first.text.rstrip().endswith("}")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/_stcore/upload_file/s/f"), ("DELETE", "/_stcore/upload_file/s/f"),
     ("POST", "/_stcore/agent/mcp"), ("GET", "/_stcore/agent/openapi.json"),
     ("GET", "/auth/login"), ("GET", "/oauth2callback?code=x&state=y")],
)  # fmt: skip
def test_doors_that_are_not_used_are_closed_to_everybody(served, method, path):
    with served.signed_in("analyst") as client:
        assert client.request(method, path, content=b"x").status_code == 404


def test_health_is_open(served):
    with served.client() as client:
        assert client.get("/_stcore/health").text == "ok"


def test_deep_link_leads_through_the_sign_in_to_the_page(served):
    wanted = "/data?experiment=abc&tab=preview"
    with served.client() as client:
        login = client.get(wanted).headers["location"]
        page = client.get(login)
        assert page.status_code == 200
        assert 'value="/data?experiment=abc&amp;tab=preview"' in page.text
        fields = {"name": "analyst", "password": PASSWORD, "next": wanted}
        answer = client.post("/login", data=fields)
        assert answer.headers["location"] == wanted
        assert "streamlit" in client.get(wanted).text.lower()


@pytest.mark.parametrize(
    "elsewhere",
    ["https://example.org/", "//example.org", "/\\example.org", "\\\\example.org", "javascript:x",
     "/a\r\nX: y", "", "data", "/login", "/logout", "/" + "a" * 3000],
)  # fmt: skip
def test_next_that_is_no_path_of_ours_becomes_the_first_page(elsewhere):
    assert safe_next(elsewhere) == "/"


@pytest.mark.parametrize("path", ["/", "/data", "/data?experiment=1&x=%2F%2F", "/a?b=//c"])
def test_next_that_is_a_path_of_ours_is_kept(path):
    assert safe_next(path) == path


def test_session_cookie_is_out_of_reach_of_script(served):
    with served.client() as client:
        answer = client.post("/login", data={"name": "analyst", "password": PASSWORD})
        cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith(COOKIE))
    assert "httponly" in session.lower()
    assert "samesite=lax" in session.lower()


def test_wrong_password_is_one_sentence_and_keeps_the_name(served):
    with served.client() as client:
        answer = client.post("/login", data={"name": '"><b>eve', "password": "x", "next": "/data"})
    assert answer.status_code == 401
    assert "The user name or the password is not right." in answer.text
    assert "&quot;&gt;&lt;b&gt;eve" in answer.text
    assert 'value="/data"' in answer.text
    assert '<input autofocus id="password"' in answer.text
    assert COOKIE not in answer.cookies


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/login", "/logout", "/_stcore/upload_file/s/f"])
def test_post_from_another_site_is_refused(served, headers, path):
    with served.signed_in("analyst") as client:
        assert client.post(path, data={"name": "x"}, headers=headers).status_code == 403
        assert client.get("/").status_code == 200


def test_origin_on_another_port_is_another_origin():
    headers = Headers({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:5000"})
    assert not is_same_origin(headers)


def test_sign_out_ends_the_session_for_good(served):
    with served.signed_in("analyst") as client:
        token = cookie_of(client)
        assert client.get("/logout").status_code == 200
        assert client.get("/").status_code == 200, "a mere visit signs nobody out"
        assert client.post("/logout").headers["location"] == "/login"
    with served.client() as client:
        client.cookies.set(COOKIE, token)
        assert client.get("/").status_code == 303


def test_signing_in_again_ends_the_session_this_browser_had(served):
    with served.signed_in("analyst") as client:
        first = cookie_of(client)
        client.post("/login", data={"name": "analyst", "password": "wrong"})
        assert client.get("/").status_code == 200, "a wrong password ends nothing"
        client.post("/login", data={"name": "checker", "password": PASSWORD})
        assert cookie_of(client) != first
    with served.client() as other:
        other.cookies.set(COOKIE, first)
        assert other.get("/").status_code == 303


def test_token_chosen_by_somebody_else_is_never_taken_up(served):
    with served.client() as client:
        client.cookies.set(COOKIE, "chosen-elsewhere", domain="127.0.0.1", path="/")
        answer = client.post("/login", data={"name": "analyst", "password": PASSWORD})
        assert answer.cookies[COOKIE] != "chosen-elsewhere"
        client.cookies.clear()
        client.cookies.set(COOKIE, "chosen-elsewhere")
        assert client.get("/").status_code == 303


@pytest.mark.parametrize("name", ["a\0b", "\ud83d", "a\r\nSet-Cookie: x=1", "é" * 90])
@pytest.mark.parametrize("password", ["x\0y", "x" * 200])
def test_strange_characters_are_the_same_refusal(served, name, password):
    body = urlencode({"name": name, "password": password}, errors="surrogatepass")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with served.client() as client:
        answer = client.post("/login", content=body, headers=headers)
    assert answer.status_code in {401, 429}
    assert "x" not in answer.cookies


@pytest.mark.parametrize("path", ["/downloads/run/%00.zip", "/reports/%00/profile",
                                  "/downloads/model/%0d%0aX-Evil:1/binary.zip",
                                  "/reports/..%2f..%2fetc/profile", "/uploads/%00"])  # fmt: skip
def test_strange_characters_in_an_address_break_nothing(served, path):
    with served.signed_in("analyst") as client:
        answer = client.get(path, headers={"X-Requested-With": "mlaas"})
    assert 400 <= answer.status_code < 500
    assert "x-evil" not in answer.headers


def test_oversized_form_is_not_read(served):
    with served.client() as client:
        answer = client.post("/login", data={"name": "a" * 200_000, "password": PASSWORD})
    assert answer.status_code == 401


def test_first_password_is_changed_before_anything_is_served(served):
    served.add("newcomer", must_change=True)
    with served.client() as client:
        fields = {"name": "newcomer", "password": PASSWORD, "next": "/data"}
        step = client.post("/login", data=fields).headers["location"]
        assert step == "/login/password?next=%2Fdata"
        assert client.get("/").status_code == 303
        page = client.get(step)
        assert "new-password" in page.text
        mismatch = {"new": "quite another phrase", "again": "x", "next": "/data"}
        assert client.post("/login/password", data=mismatch).status_code == 400
        owed = cookie_of(client)
        chosen = {"new": "quite another phrase", "again": "quite another phrase", "next": "/data"}
        assert client.post("/login/password", data=chosen).headers["location"] == "/data"
        assert client.get("/data").status_code == 200
        assert cookie_of(client) != owed


def test_second_factor_is_asked_for_before_anything_is_served(served):
    served.add("careful")
    with served.db.read() as session:
        actor = session.exec(select(AppUser).where(AppUser.name == "careful")).one().actor
    secret = totp.enrol(served.db, served.secrets, actor).secret
    totp.confirm(served.db, served.secrets, Sessions(), actor, pyotp.TOTP(secret).now())
    with served.client() as client:
        answer = client.post("/login", data={"name": "careful", "password": PASSWORD})
        assert answer.headers["location"].startswith("/login/code")
        assert client.get("/").status_code == 303
        assert client.get("/login/password").headers["location"].startswith("/login/code")
        assert client.post("/login/code", data={"code": "000000"}).status_code == 401
        code = pyotp.TOTP(secret).at(time.time() + 30)
        assert client.post("/login/code", data={"code": code}).headers["location"] == "/"
        assert client.get("/").status_code == 200


def test_guessing_is_answered_with_a_wait(served):
    served.add("victim")
    with served.client() as client:
        for _ in range(Sessions().failures_before_wait):
            assert (
                client.post("/login", data={"name": "victim", "password": "x"}).status_code == 401
            )
        answer = client.post("/login", data={"name": "victim", "password": PASSWORD})
    assert answer.status_code == 429
    assert "seconds" in answer.text


def test_answers_carry_the_security_headers(served):
    with served.signed_in("analyst") as client:
        page, login = client.get("/"), client.get("/logout")
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"].split("style-src")[0]
    assert "default-src 'none'" in login.headers["content-security-policy"]
    assert login.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("cookie", ["", "made-up", "x" * 3000])
def test_websocket_without_session_is_refused(served, cookie):
    with pytest.raises(InvalidStatus) as refusal, stream(served, cookie):
        pass
    assert refusal.value.response.status_code == 403


def test_websocket_from_another_site_is_refused_despite_the_cookie(served):
    with served.signed_in("analyst") as client:
        token = cookie_of(client)
    with pytest.raises(InvalidStatus), stream(served, token, origin="https://example.org"):
        pass


def test_websocket_with_unfinished_sign_in_is_refused(served):
    served.add("halfway", must_change=True)
    with served.client() as client:
        client.post("/login", data={"name": "halfway", "password": PASSWORD})
        token = cookie_of(client)
    with pytest.raises(InvalidStatus), stream(served, token):
        pass


def test_websocket_with_session_runs_the_page(served):
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        rerun(socket)
        words, _ = until_finished(socket)
        assert "Experiments" in words
        assert "signed out" not in words.lower()


def test_revoked_session_runs_nothing_but_the_farewell(served):
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        rerun(socket)
        until_finished(socket)
        client.post("/logout")
        rerun(socket, widget="$$ID-some-button")
        words, _ = until_finished(socket)
    assert "signed out" in words.lower()
    assert "New experiment" not in words


def test_farewell_keeps_the_address_of_the_page_that_was_open(served):
    query = "experiment=abc"
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        client.post("/logout")
        rerun(socket, page="training", query=query)
        words, shown = told(socket)
    assert shown == calc_hash("training")  # at another page the browser would change the address
    back = quote(f"/training?{query}", safe="")
    assert f'href=\\"/login?next={back}\\" target=\\"_self\\"' in words


def test_role_change_ends_the_open_page(served):
    user_id = served.add("moving")
    with served.db.read() as session:
        root = session.exec(select(AppUser).where(AppUser.name == "admin")).one().actor
    with served.signed_in("moving") as client, stream(served, cookie_of(client)) as socket:
        rerun(socket)
        until_finished(socket)
        users.set_roles(served.db, root, user_id, [Role.AUDITOR], "test")
        rerun(socket)
        words, _ = until_finished(socket)
        assert "signed out" in words.lower()
        assert client.get("/").status_code == 303


def test_parts_that_redraw_by_themselves_are_no_activity(served):
    with served.signed_in("checker") as client, stream(served, cookie_of(client)) as socket:
        hashed = sessions.token_hash(cookie_of(client))
        rerun(socket)
        until_finished(socket)
        with served.db.write() as session:
            row = session.exec(select(UserSession).where(UserSession.token_hash == hashed)).one()
            row.seen_at = before = (
                row.seen_at.replace(microsecond=0) - (row.expires_at - row.created_at) / 24
            )
        rerun(socket, auto=True)
        until_finished(socket)
        with served.db.read() as session:
            row = session.exec(select(UserSession).where(UserSession.token_hash == hashed)).one()
            assert row.seen_at == before
        rerun(socket)
        until_finished(socket)
        with served.db.read() as session:
            row = session.exec(select(UserSession).where(UserSession.token_hash == hashed)).one()
            assert row.seen_at > before


def test_state_of_somebody_else_is_not_resumed(served):
    with served.signed_in("analyst") as client:
        with stream(served, cookie_of(client)) as socket:
            rerun(socket)
            _, anns = until_finished(socket)
        with stream(served, cookie_of(client), resume=anns) as socket:
            rerun(socket)
            assert until_finished(socket)[1] == anns
    with (
        served.signed_in("checker") as other,
        stream(served, cookie_of(other), resume=anns) as socket,
    ):
        rerun(socket)
        assert until_finished(socket)[1] != anns


def test_text_frame_closes_the_connection(served):
    with served.signed_in("analyst") as client, stream(served, cookie_of(client)) as socket:
        socket.send("not a protobuf")
        with pytest.raises(ConnectionClosed):
            drain(socket)


def test_login_page_next_survives_a_second_factor(served):
    with served.client() as client:
        location = client.get("/results?experiment=1").headers["location"]
    assert parse_qs(urlsplit(location).query)["next"] == ["/results?experiment=1"]


@pytest.mark.parametrize(
    ("behind_tls", "sent", "expected"),
    [(True, b"_streamlit_xsrf=1; Path=/", b"_streamlit_xsrf=1; Path=/; Secure"),
     (True, b"a=1; Secure; Path=/", b"a=1; Secure; Path=/"), (False, b"a=1", b"a=1")],
)  # fmt: skip
def test_every_cookie_is_secure_behind_tls(db, settings, behind_tls, sent, expected):
    async def app(_scope, _receive, send):
        headers = [(b"content-type", b"text/plain"), (b"set-cookie", sent)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    server = settings.server.model_copy(update={"secure_cookie": behind_tls})
    gate = Gate(app, db, settings.model_copy(update={"server": server}))

    async def go():
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://mlaas") as client:
            return await client.get("/_stcore/health")

    assert anyio.run(go).headers["set-cookie"].encode() == expected
