"""What addresses look like, of e-mail and of the web: plain forms, harmless in a header."""

import re
from urllib.parse import urlsplit

LONGEST, LONGEST_LOCAL = 254, 64  # characters, RFC 5321
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")


def is_email(text: str) -> bool:
    """True for a plain e-mail address: ASCII, one @, no quotes, comments, spaces or line ends."""
    local = text.partition("@")[0]
    fits = len(text) <= LONGEST and len(local) <= LONGEST_LOCAL
    return fits and bool(EMAIL.fullmatch(text))


def checked_email(text: str) -> str:
    """The e-mail address, or nothing. Raises ValueError for anything else."""
    if text and not is_email(text):
        raise ValueError(f"{text!r} is no e-mail address")
    return text


def checked_url(text: str) -> str:
    """The http or https address, or nothing. Raises ValueError for anything else."""
    if not text:
        return text
    parts = urlsplit(text)
    if any(not "!" <= sign <= "~" for sign in text):
        raise ValueError("an address is plain ASCII without spaces")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text} is no http or https address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address carries no name or password")
    return text
