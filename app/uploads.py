"""Routes that take a file in slices: begin, send, ask, finish, discard.

They stand behind the gate, which knows the person; here the person's rights are checked again, and
that the request was made by our own script.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.gate import is_same_origin
from engines import data_sources
from engines.core.access import Actor
from engines.core.errors import (
    BackendUnavailable,
    InvalidInput,
    MlaasError,
    NotAllowed,
    NotFound,
    NotReady,
)
from engines.data_sources import SLICE_BYTES, Datasets
from engines.wiring import Services

MARK = "x-requested-with"  # a form or picture of another site cannot send it
MARK_VALUE = "mlaas"
LONGEST_REQUEST = 4_096  # bytes of the JSON that begins an upload
STATUS: dict[type[MlaasError], int] = {
    InvalidInput: 400,
    NotAllowed: 403,
    NotFound: 404,
    NotReady: 409,
    BackendUnavailable: 507,
}
Handler = Callable[[Request], Awaitable[Response]]
ActorOf = Callable[[Request], Actor | None]


def gate_actor(request: Request) -> Actor | None:
    """The person the gate put into the request."""
    return getattr(request.state, "actor", None)


def routes(services: Services, actor_of: ActorOf = gate_actor) -> list[Route]:
    """The upload routes on these services."""
    uploads = UploadRoutes(services.datasets, actor_of)
    guard = partial(_guarded, actor_of)
    one = "/uploads/{upload_id:str}"
    return [
        Route("/uploads", guard(uploads.begin), methods=["POST"]),
        Route(one, guard(uploads.status), methods=["GET"]),
        Route(one, guard(uploads.send), methods=["PUT"]),
        Route(one, guard(uploads.discard), methods=["DELETE"]),
        Route(one + "/finish", guard(uploads.finish), methods=["POST"]),
    ]


class UploadRoutes:
    """What each route does, once the request is known to be sound."""

    def __init__(self, datasets: Datasets, actor_of: ActorOf) -> None:
        self._datasets = datasets
        self._actor_of = actor_of

    async def begin(self, request: Request) -> Response:
        """Begin an upload, or find the one that broke off: id, bytes received, slice size."""
        asked = await _asked(request)
        upload = await self._run(
            request,
            data_sources.start_upload,
            str(asked.get("experiment", "")),
            str(asked.get("name", "")),
            _whole(asked.get("size")),
            _whole(asked.get("modified", 0)),
        )
        return await self._state(request, upload.id)

    async def status(self, request: Request) -> Response:
        """How many bytes have arrived."""
        return await self._state(request, request.path_params["upload_id"])

    async def send(self, request: Request) -> Response:
        """Append one slice at `?offset=`; the body is at most one slice long."""
        offset = _whole(request.query_params.get("offset"))
        body = await _slice(request)
        upload_id = request.path_params["upload_id"]
        received = await self._run(request, data_sources.write_slice, upload_id, offset, body)
        return JSONResponse({"received": received})

    async def finish(self, request: Request) -> Response:
        """Declare the upload complete."""
        upload_id = request.path_params["upload_id"]
        upload = await self._run(request, data_sources.finish_upload, upload_id)
        return JSONResponse({"id": upload.id, "name": upload.name})

    async def discard(self, request: Request) -> Response:
        """Delete what arrived."""
        upload_id = request.path_params["upload_id"]
        await self._run(request, data_sources.discard_upload, upload_id)
        return Response(status_code=204)

    async def _state(self, request: Request, upload_id: str) -> Response:
        upload, received = await self._run(request, data_sources.upload_status, upload_id)
        state = {"id": upload.id, "name": upload.name, "size": upload.size, "received": received}
        return JSONResponse({**state, "complete": upload.complete, "slice": SLICE_BYTES})

    async def _run(self, request: Request, act: Callable[..., Any], *arguments: Any) -> Any:
        """Call an engine function as the person, off the event loop: it writes to the disk."""
        return await run_in_threadpool(act, self._datasets, self._actor_of(request), *arguments)


def _guarded(actor_of: ActorOf, handler: Handler) -> Handler:
    """Refuse strangers and other sites; turn our failures into JSON with their words."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        if actor_of(request) is None:
            return _failure(401, "You are signed out.", "Sign in again; the upload can go on.")
        if request.headers.get(MARK) != MARK_VALUE or not is_same_origin(request.headers):
            return _failure(403, "This request came from another site and is refused.", "")
        try:
            return await handler(request)
        except MlaasError as error:
            return _failure(STATUS[type(error)], error.message, error.hint)
        except ClientDisconnect:
            return Response(status_code=499)

    return guarded


def _failure(status: int, message: str, hint: str) -> Response:
    return JSONResponse({"message": message, "hint": hint}, status_code=status)


async def _asked(request: Request) -> dict[str, Any]:
    """The JSON object of the request. Raises InvalidInput."""
    _length(request, LONGEST_REQUEST)
    try:
        asked = await request.json()
    except ValueError as error:
        raise InvalidInput("The request is no JSON.", hint="Reload the page.") from error
    if not isinstance(asked, dict):
        raise InvalidInput("The request is no JSON object.", hint="Reload the page.")
    return asked


async def _slice(request: Request) -> bytes:
    """The body, never more than it announced, and never more than one slice."""
    length = _length(request, SLICE_BYTES)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > length:
            raise InvalidInput("The slice is longer than announced.", hint="Reload the page.")
    if len(body) != length:
        raise ClientDisconnect
    return bytes(body)


def _length(request: Request, most: int) -> int:
    length = _whole(request.headers.get("content-length"))
    if length > most:
        raise InvalidInput(f"At most {most:,} bytes fit into one request.", hint="Reload the page.")
    return length


def _whole(value: object) -> int:
    """A whole number from 0 on. Raises InvalidInput."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInput("A number in the request is missing or wrong.", hint="Reload the page.")
    return int(text)
