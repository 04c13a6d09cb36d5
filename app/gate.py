"""The gate: nothing of the application is served to anybody without a live session of ours.

It stands before Streamlit and before our own routes, as ASGI middleware: pages, the WebSocket,
uploads, media, component files and downloads alike. What it lets through finds the person in
`request.state.actor` and the session in `request.state.session`.
"""

import logging
from functools import partial
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.headers import application_policy, security_headers
from app.media import MEDIA, Announced, name_files_by_all_they_hold
from app.session import cookie_name
from app.websocket import LiveConnection, Owners
from engines.core import sessions
from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.errors import BackendUnavailable
from engines.core.sessions import SessionInfo, Stage
from engines.core.settings import Settings

log = logging.getLogger(__name__)

OPEN_PATHS = frozenset(
    {
        "/_stcore/health",
        "/login",
        "/login/code",
        "/login/password",
        "/login/style.css",
        "/login/oidc",
        "/login/oidc/callback",
        "/logout",
    }
)
# Doors of Streamlit's that are not used here: uploads that stay in memory without a quota, an
# agent interface past the check of each click, a sign-in that knows none of our sessions.
CLOSED_PREFIXES = ("/_stcore/upload_file/", "/_stcore/agent/", "/auth/", "/oauth2callback")
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware that knows sessions; everything else it leaves to what stands behind it."""

    def __init__(self, app: ASGIApp, db: Database, settings: Settings) -> None:
        self._app = app
        self._db = db
        self._limits = settings.sessions
        self._cookie = cookie_name(settings)
        self._headers = security_headers(settings)
        self._policy = application_policy()
        self._owners = Owners()
        self._announced = Announced()
        self._secure = settings.server.secure_cookie
        name_files_by_all_they_hold()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            with correlated():
                await self._http(scope, receive, self._adding_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in READING and not is_same_origin(Headers(scope=scope)):
            refusal: Response = _plain("This request came from another site and is refused.", 403)
            await refusal(scope, receive, send)
            return
        try:
            info = await self._resolve(scope)
        except BackendUnavailable as error:
            log.error("the gate cannot reach the database: %s", error.__cause__)
            await _plain(str(error), 503)(scope, receive, send)
            return
        if not _is_full(info) and scope["path"] not in OPEN_PATHS:
            await _refusal(scope)(scope, receive, send)
            return
        if scope["path"].startswith(CLOSED_PREFIXES) or not self._is_own_file(scope["path"], info):
            await _plain("There is nothing here.", 404)(scope, receive, send)
            return
        await self._app(_with_person(scope, info), receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            info = await self._resolve(scope) if is_same_origin(Headers(scope=scope)) else None
        except BackendUnavailable as error:
            log.error("the gate cannot reach the database: %s", error.__cause__)
            info = None  # refused; the browser tries again by itself
        if info is None or not _is_full(info):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        check = partial(self._resolve, scope)
        connection = LiveConnection(receive, send, info, check, self._owners, self._announced)
        scope = connection.own_scope(_with_person(scope, info))
        await self._app(scope, connection.receive, connection.send)

    def _is_own_file(self, path: str, info: SessionInfo | None) -> bool:
        """True for all but a file of Streamlit's that was not announced to this session."""
        if not path.startswith(MEDIA):
            return True
        return info is not None and self._announced.opens(info.id, path)

    async def _resolve(self, scope: Scope, touch: bool = True) -> SessionInfo | None:
        token = HTTPConnection(scope).cookies.get(self._cookie)
        look_up = partial(sessions.resolve, self._db, self._limits, token, touch=touch)
        return await run_in_threadpool(look_up) if token else None

    def _adding_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", self._policy)
                if self._secure:
                    _secure_cookies(message)
                if scope["path"].startswith(MEDIA):
                    headers.setdefault("Cache-Control", "private, no-store")
            await send(message)

        return sending


def is_same_origin(headers: Headers) -> bool:
    """False when the browser says that another site sent this request.

    Browsers send Origin with every WebSocket and every POST; a client that sends neither header is
    no browser, and cannot be lured.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def safe_next(value: str) -> str:
    """A path of ours to go to after signing in; whatever is not plainly one becomes “/”."""
    plain = value.isprintable() and "\\" not in value and len(value) <= 2000
    if not plain or not value.startswith("/") or value.startswith("//"):
        return "/"
    path = urlsplit(value).path
    return "/" if path in OPEN_PATHS else value


def _is_full(info: SessionInfo | None) -> bool:
    return info is not None and info.stage is Stage.FULL


def _secure_cookies(message: Message) -> None:
    """Mark Streamlit's own cookies too: it does not know of the TLS in front of it."""
    message["headers"] = [
        (name, value + b"; Secure")
        if name.lower() == b"set-cookie" and b"; secure" not in value.lower()
        else (name, value)
        for name, value in message["headers"]
    ]


def _with_person(scope: Scope, info: SessionInfo | None) -> Scope:
    actor = info.actor if info and _is_full(info) else None
    state = {**scope.get("state", {}), "actor": actor, "session": info}
    return {**scope, "state": state}


def _refusal(scope: Scope) -> Response:
    """The sign-in page for somebody who opens a page, one sentence for everything else."""
    headers = Headers(scope=scope)
    if scope["method"] not in READING or "text/html" not in headers.get("accept", ""):
        return _plain("Sign in first.", 401)
    query = scope["query_string"].decode("latin-1")
    wanted = safe_next(scope["path"] + (f"?{query}" if query else ""))
    target = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}"
    return RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})


def _plain(sentence: str, status: int) -> Response:
    return PlainTextResponse(f"{sentence}\n", status, {"Cache-Control": "no-store"})
