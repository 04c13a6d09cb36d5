"""The web application: Streamlit and our own routes, all of them behind the gate.

`python -m app.asgi` serves it at the address in the settings; any ASGI server can serve
`app.asgi:app`.
"""

import logging
from contextlib import suppress
from functools import cache
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from app import downloads, login, memory, reports, uploads
from app.gate import Gate
from app.services import services
from engines import data_sources, observability
from engines.core.errors import BackendUnavailable
from engines.wiring import Services

SCRIPT = Path(__file__).with_name("main.py")
LARGEST_MESSAGE = 50_000_000  # bytes from a browser in one WebSocket message
PING_SECONDS = 20
STOP_SECONDS = 3


def routes(svc: Services) -> list[BaseRoute]:
    """Our own routes, served before Streamlit's; the gate stands before all of them."""
    return [
        *login.routes(svc.db, svc.secrets, svc.settings),
        *_provider_routes(svc),
        *uploads.routes(svc),
        *reports.routes(svc),
        *downloads.routes(svc),
        Route("/experiments", _first_page),
    ]


async def _first_page(request: Request) -> Response:
    # Streamlit serves its first page at the root alone, and people share the page's own name.
    return RedirectResponse(f"/?{request.url.query}".rstrip("?"))


def _provider_routes(svc: Services) -> list[Route]:
    if svc.settings.backends.identity != "oidc":
        return []
    from app import login_oidc  # Authlib takes its time, and most installations never need it

    return login_oidc.routes(svc.db, svc.secrets, svc.settings)


def build(svc: Services) -> st.App:
    """The whole application on the given services."""
    gate = Middleware(Gate, db=svc.db, settings=svc.settings)
    return st.App(SCRIPT, routes=routes(svc), middleware=[gate])


@cache
def _built() -> st.App:
    return build(services())


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application as ASGI servers want it, built when first asked."""
    await _built()(scope, receive, send)


def main() -> None:
    """Serve until stopped."""
    settings = services().settings
    with suppress(BackendUnavailable):  # pages say so themselves when the database is away
        data_sources.purge_uploads(services().datasets)
    server = settings.server
    observability.configure(settings.logging, settings.paths.logs, "app", settings.secrets)
    logging.getLogger("uvicorn.access").disabled = True  # Streamlit switches it on
    memory.settle_later()
    uvicorn.run(
        _built(),
        host=server.host,
        port=server.port,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        # Without a proxy of ours anybody could claim any address, and outrun the waits.
        proxy_headers=bool(server.trusted_proxies),
        forwarded_allow_ips=server.trusted_proxies,
        server_header=False,
        log_config=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()
