"""Signing in at an OpenID Connect provider: the code flow with PKCE, then a session of our own.

Authlib is what Streamlit's `st.login` stands on. Its cookie, though, would stay good for thirty
days whatever happens here; so the voucher is looked at once and exchanged for our own session.
"""

import logging
from typing import Any
from urllib.parse import quote

import httpx
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.starlette_client import OAuth  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.gate import safe_next
from app.login import entered_answer, visitor
from app.login_page import provider_page
from engines.core import sign_in
from engines.core.database import Database
from engines.core.errors import MlaasError
from engines.core.provider_users import Vouched, user_of
from engines.core.secrets import Secrets
from engines.core.settings import Settings
from engines.core.sign_in import SignedIn

log = logging.getLogger(__name__)

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"})
SCOPE = "openid email profile"
CALLBACK = "/login/oidc/callback"
WANTED = "wanted page"
FAILED = "The company sign-in did not work. Try again; if it stays, tell the platform team."


def routes(db: Database, secrets: Secrets, settings: Settings) -> list[Route]:
    """The way to the provider and back."""
    provider = Provider(db, secrets, settings)
    return [
        Route("/login/oidc", provider.leave, methods=["GET"]),
        Route(CALLBACK, provider.come_back, methods=["GET"]),
    ]


class Provider:
    """The provider the settings name. Raises NotFound when its secret is nowhere."""

    def __init__(self, db: Database, secrets: Secrets, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._client = _client(secrets, settings)

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider, remembering the page that was wanted."""
        wanted = safe_next(request.query_params.get("next", "/"))
        request.session[WANTED] = wanted
        back = self._settings.oidc.public_url.rstrip("/") + CALLBACK
        try:
            return await self._client.authorize_redirect(request, back)
        except (OAuthError, httpx.HTTPError, ValueError) as error:
            return self._failed(wanted, error)

    async def come_back(self, request: Request) -> Response:
        """Check what the provider says, and open a session for whom it vouches."""
        wanted = safe_next(request.session.pop(WANTED, "/"))
        try:
            claims = await self._claims(request)
        except (OAuthError, JoseError, httpx.HTTPError, ValueError, KeyError) as error:
            return self._failed(wanted, error)
        try:
            entered = await run_in_threadpool(self._enter, request, claims)
        except MlaasError as error:
            return provider_page(_way(wanted), str(error), 403)
        return entered_answer(self._settings, entered, wanted)

    async def _claims(self, request: Request) -> dict[str, Any]:
        metadata = await self._client.load_server_metadata()
        named = "id_token_signing_alg_values_supported"
        # Only signatures that need the provider's private key, whatever it says it can do.
        metadata[named] = sorted(ALGORITHMS & set(metadata.get(named) or ["RS256"]))
        token = await self._client.authorize_access_token(request)
        return dict(token["userinfo"])

    def _enter(self, request: Request, claims: dict[str, Any]) -> SignedIn:
        vouched = vouched_by(claims, self._settings.oidc.groups_claim)
        user = user_of(self._db, vouched, self._settings.oidc.roles)
        return sign_in.vouched(self._db, self._settings.sessions, visitor(request), user)

    def _failed(self, wanted: str, error: Exception) -> Response:
        log.warning("sign-in at the provider failed: %s: %s", type(error).__name__, error)
        return provider_page(_way(wanted), FAILED, 401)


def vouched_by(claims: dict[str, Any], groups_claim: str) -> Vouched:
    """The claims in our own words; an address counts only when the provider has verified it."""
    groups = claims.get(groups_claim) or []
    return Vouched(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=str(claims.get("email", "")) if claims.get("email_verified") is True else "",
        preferred_name=str(claims.get("preferred_username", "")),
        full_name=str(claims.get("name", "")),
        groups=frozenset([groups] if isinstance(groups, str) else map(str, groups)),
    )


def _client(secrets: Secrets, settings: Settings) -> Any:
    oidc = settings.oidc
    return OAuth().register(
        "oidc",
        server_metadata_url=oidc.metadata_url,
        client_id=oidc.client_id,
        client_secret=secrets.get(oidc.client_secret),
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "timeout": 10},
    )


def _way(wanted: str) -> str:
    return f"/login/oidc?next={quote(wanted, safe='')}"
