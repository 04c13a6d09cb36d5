"""Security headers of every answer, and the content policy under which Streamlit still works."""

import base64
import hashlib
import re
from pathlib import Path

import streamlit

from engines.core.settings import Settings

INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def security_headers(settings: Settings) -> dict[str, str]:
    """Headers that hold for every answer; SAMEORIGIN, for components live in frames of ours."""
    headers = {
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.server.secure_cookie:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def application_policy() -> str:
    """Everything from here and nothing from elsewhere; inline scripts only if they are Streamlit's.

    Charts compile expressions (hence 'unsafe-eval'), components arrive as blobs, and styles are
    set on elements by script.
    """
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' blob: {' '.join(_streamlit_hashes())}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' blob: data:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def login_policy() -> str:
    """The sign-in pages run no script at all."""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _streamlit_hashes() -> list[str]:
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))
    return [f"'sha256-{_digest(script)}'" for script in scripts]


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
