"""Who is in front of the page: the session cookie, looked up anew at each run of the script."""

import streamlit as st

from app.services import services
from engines.core import sessions
from engines.core.access import Actor
from engines.core.sessions import SessionInfo, Stage
from engines.core.settings import Settings


def cookie_name(settings: Settings) -> str:
    """The session cookie; behind TLS its prefix keeps other hosts from setting it."""
    return "__Host-mlaas_session" if settings.server.secure_cookie else "mlaas_session"


def session_token() -> str | None:
    """The token that came with this browser connection."""
    return st.context.cookies.get(cookie_name(services().settings))


def current_session() -> SessionInfo | None:
    """The live, complete session, or None. The gate counts the activity, so this does not."""
    svc = services()
    info = sessions.resolve(svc.db, svc.settings.sessions, session_token(), touch=False)
    return info if info and info.stage is Stage.FULL else None


def current_actor() -> Actor | None:
    """The signed-in person with the roles they have now, or None."""
    info = current_session()
    return info.actor if info else None
