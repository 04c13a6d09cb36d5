"""Texts that come from people or files, shown as they are."""

SIGNS = "\\`*_{}[]()<>#+-!|:~$"


def plain(text: str) -> str:
    """The text with Markdown's own signs taken literally."""
    return "".join(f"\\{sign}" if sign in SIGNS else sign for sign in text)
