"""Routes of exploration reports. A report's script runs in a sandbox that is nobody's origin."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engines import eda
from engines.core.access import Actor
from engines.core.errors import BackendUnavailable, MlaasError, NotAllowed, NotFound, NotReady
from engines.wiring import Services

# Scripts may run, but without our origin: no cookie, no request in the person's name.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'"
)
HEADERS = {"Content-Security-Policy": SANDBOX, "Cache-Control": "private, no-store"}
STATUS = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    NotReady: HTTPStatus.NOT_FOUND,
    BackendUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
Content = Callable[[Actor, str], bytes]
Handler = Callable[[Request], Awaitable[Response]]


def routes(services: Services) -> list[Route]:
    """`/reports/<id>/profile` to look at, `/reports/<id>/report.html` to keep."""

    def profile(actor: Actor, report_id: str) -> bytes:
        return eda.profile(services.study, actor, report_id)

    def report(actor: Actor, report_id: str) -> bytes:
        return eda.exported(services.study, actor, report_id)["eda_report.html"]

    kept = {"Content-Disposition": 'attachment; filename="eda_report.html"'}
    return [
        Route("/reports/{report_id}/profile", _serving(profile, {})),
        Route("/reports/{report_id}/report.html", _serving(report, kept)),
    ]


def _serving(content: Content, extra: dict[str, str]) -> Handler:
    async def serve(request: Request) -> Response:
        actor = getattr(request.state, "actor", None)
        if actor is None:
            return _refused("Sign in first.", HTTPStatus.UNAUTHORIZED)
        try:
            page = await run_in_threadpool(content, actor, request.path_params["report_id"])
        except MlaasError as error:
            status = STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
            return _refused(str(error), status)
        return Response(page, media_type="text/html", headers={**HEADERS, **extra})

    return serve


def _refused(sentence: str, status: HTTPStatus) -> Response:
    return PlainTextResponse(sentence, status, headers={"Cache-Control": "no-store"})
