"""Signed webhooks: a POST that the receiver can check, to an address that is what it says.

The signature is HMAC-SHA256 (RFC 2104) over the timestamp, a full stop, and the body as sent.
Redirects and proxies are not followed, and a name is connected to exactly where it was looked up.
"""

import hashlib
import hmac
import http.client
import json
import socket
from typing import Any
from urllib.parse import SplitResult, urlsplit

from engines.core.errors import BackendUnavailable, NotAllowed
from engines.core.notice_settings import Webhook
from engines.governance.notices.inbox import link_of
from engines.governance.notices.models import Notice
from engines.governance.notices.networks import connected, in_words
from engines.governance.notices.smtp import trusting

DELIVERY, TIMESTAMP, SIGNATURE = "MLAAS-Delivery", "MLAAS-Timestamp", "MLAAS-Signature"
VERSION = "v1"
GONE = 410


def body(notice: Notice, delivery_id: str, public_url: str) -> bytes:
    """What is sent: JSON, the same bytes in every try."""
    link = link_of(notice)
    said: dict[str, Any] = {
        "id": delivery_id,
        "notice": notice.id,
        "kind": notice.kind,
        "title": notice.title,
        "text": notice.text,
        "link": link.address(public_url) if link else "",
        "at": notice.made_at.isoformat(),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, timestamp: int, content: bytes) -> str:
    """The value of the signature header for this body at this time (seconds since 1970)."""
    signed = f"{timestamp}.".encode() + content
    return f"{VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def send(
    hook: Webhook, secret: str, delivery_id: str, content: bytes, timestamp: int, seconds: float
) -> None:
    """Post the body; it is delivered when this returns.

    Raises NotAllowed for an address that must not be called, or one whose owner says it is gone,
    and BackendUnavailable for everything that may be otherwise next time.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "MLAAS",
        DELIVERY: delivery_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: signature(secret, timestamp, content),
    }
    parts = urlsplit(hook.url)
    connection = _connection(hook, parts, seconds)
    try:
        connection.request("POST", _path(parts), content, headers)
        _judge(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        raise BackendUnavailable(f"{parts.hostname} cannot be used: {in_words(error)}.") from error
    finally:
        connection.close()


def _connection(hook: Webhook, parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    plain = connected(host, port, hook.allow_private, seconds)
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
        connection.sock = plain
        return connection
    connection = http.client.HTTPSConnection(host, port, timeout=seconds)
    try:
        connection.sock = _encrypted(plain, host, hook)
    except OSError as error:
        plain.close()
        raise BackendUnavailable(f"{host} cannot be used: {in_words(error)}.") from error
    return connection


def _encrypted(plain: socket.socket, host: str, hook: Webhook) -> socket.socket:
    return trusting(hook.ca_file).wrap_socket(plain, server_hostname=host)


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status == GONE:
        raise NotAllowed("The receiver says that this webhook is gone (410).")
    if 300 <= status < 400:
        raise BackendUnavailable(
            f"The receiver answers {status}, a redirect, which is not followed.",
            hint="Set the address it leads to.",
        )
    raise BackendUnavailable(f"The receiver answers {status}.")
