"""Signing in and out: plain HTML forms, served before anything of the application is."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from app.gate import safe_next
from app.login_page import CODE, NEW_PASSWORD, SIGN_IN, SIGN_OUT, Form, form_page, provider_page
from app.session import cookie_name
from engines.core import sessions, sign_in
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, InvalidInput, MlaasError, NotReady
from engines.core.secrets import Secrets
from engines.core.sessions import Stage
from engines.core.settings import Settings
from engines.core.sign_in import SignedIn, Visitor

KNOWN_COOKIE = "mlaas_known"
KNOWN_SECONDS = 180 * 24 * 3600
LONGEST_FORM = 16_384
STATUS = {NotReady: 429, InvalidInput: 400, BackendUnavailable: 503}
STEPS = {Stage.CODE: "/login/code", Stage.PASSWORD: "/login/password"}
Handler = Callable[[Request], Awaitable[Response]]


def routes(db: Database, secrets: Secrets, settings: Settings) -> list[Route]:
    """The routes of signing in and out."""
    login = Login(db, secrets, settings)
    return [
        Route("/login", login.first, methods=["GET", "POST"]),
        Route("/login/code", login.code, methods=["GET", "POST"]),
        Route("/login/password", login.new_password, methods=["GET", "POST"]),
        Route("/login/style.css", _style),
        Route("/logout", login.out, methods=["GET", "POST"]),
    ]


async def _style(_request: Request) -> Response:
    # A new response each time: compression rewrites the headers of the one it is given.
    return FileResponse(Path(__file__).with_name("login.css"), media_type="text/css")


class Login:
    """The steps of signing in, on one database."""

    def __init__(self, db: Database, secrets: Secrets, settings: Settings) -> None:
        self._db = db
        self._secrets = secrets
        self._settings = settings

    async def first(self, request: Request) -> Response:
        """User name and password; or, with another identity backend, the way to it."""
        info = request.state.session
        wanted = safe_next(request.query_params.get("next", "/"))
        if request.method == "GET" and info:
            return _redirect(_then(info.stage, wanted))
        if self._settings.backends.identity == "oidc":
            return provider_page(f"/login/oidc?next={quote(wanted, safe='')}")
        if request.method == "GET":
            return form_page(SIGN_IN, wanted)
        return await self._take(request, SIGN_IN, self._with_password)

    async def code(self, request: Request) -> Response:
        """The second factor."""
        return await self._step(request, Stage.CODE, CODE, self._with_code)

    async def new_password(self, request: Request) -> Response:
        """The password to replace the one given for the first sign-in."""
        return await self._step(request, Stage.PASSWORD, NEW_PASSWORD, self._with_new_password)

    async def out(self, request: Request) -> Response:
        """End the session. A mere visit asks first, so that no link elsewhere can sign one out."""
        if request.method == "GET":
            return form_page(SIGN_OUT)
        name = cookie_name(self._settings)
        await run_in_threadpool(sessions.end, self._db, request.cookies.get(name))
        answer = _redirect("/login")
        answer.delete_cookie(name, path="/", secure=self._settings.server.secure_cookie)
        return answer

    async def _step(self, request: Request, stage: Stage, form: Form, act: "Act") -> Response:
        info = request.state.session
        wanted = safe_next(request.query_params.get("next", "/"))
        if info is None:
            return _redirect(_login(wanted))
        if info.stage is not stage:
            return _redirect(_then(info.stage, wanted))
        if request.method == "GET":
            return form_page(form, wanted)
        return await self._take(request, form, act)

    async def _take(self, request: Request, form: Form, act: "Act") -> Response:
        fields = await _fields(request)
        wanted = safe_next(fields.get("next", "/"))
        try:
            entered = await run_in_threadpool(act, request, fields)
        except MlaasError as error:
            name = fields.get("name", "")
            return form_page(form, wanted, str(error), _status(error), name)
        return entered_answer(self._settings, entered, wanted)

    def _with_password(self, request: Request, fields: dict[str, str]) -> SignedIn:
        name, password = fields.get("name", ""), fields.get("password", "")
        limits, info = self._settings.sessions, request.state.session
        before = info.id if info else ""
        return sign_in.with_password(self._db, limits, visitor(request), name, password, before)

    def _with_code(self, request: Request, fields: dict[str, str]) -> SignedIn:
        info, limits, code = request.state.session, self._settings.sessions, fields.get("code", "")
        return sign_in.with_code(self._db, self._secrets, limits, visitor(request), info, code)

    def _with_new_password(self, request: Request, fields: dict[str, str]) -> SignedIn:
        new = fields.get("new", "")
        if new != fields.get("again", ""):
            raise InvalidInput("The two passwords are not the same.")
        info, limits = request.state.session, self._settings.sessions
        return sign_in.with_new_password(self._db, limits, visitor(request), info, new)


Act = Callable[[Request, dict[str, str]], SignedIn]


def visitor(request: Request) -> Visitor:
    """Where this request comes from. The address is the proxy's word only if that is trusted."""
    address = request.client.host if request.client else ""
    known_by = request.cookies.get(KNOWN_COOKIE, "")
    return Visitor(address, request.headers.get("user-agent", ""), known_by)


def entered_answer(settings: Settings, entered: SignedIn, wanted: str) -> Response:
    """Go on to the next step, or to the page that was wanted, carrying the new cookie."""
    answer = _redirect(_then(entered.stage, wanted))
    secure = settings.server.secure_cookie
    answer.set_cookie(
        cookie_name(settings), entered.token, path="/", secure=secure, httponly=True, samesite="lax"
    )
    if entered.known_by:
        answer.set_cookie(
            KNOWN_COOKIE,
            entered.known_by,
            max_age=KNOWN_SECONDS,
            path="/login",
            secure=secure,
            httponly=True,
            samesite="lax",
        )
    return answer


def _redirect(target: str) -> RedirectResponse:
    return RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})


def _login(wanted: str) -> str:
    return "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}"


def _then(stage: Stage, wanted: str) -> str:
    step = STEPS.get(stage)
    return f"{step}?next={quote(wanted, safe='')}" if step else wanted


def _status(error: MlaasError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 401)


async def _fields(request: Request) -> dict[str, str]:
    """The form's fields; a body beyond what these forms can hold is not read on."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return {}
    text = body.decode("utf-8", "replace")
    try:
        parsed = parse_qs(text, keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in parsed.items()}
