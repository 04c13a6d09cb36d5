"""Texts as they are shown: those of people and files literally, ours in a sentence."""

SIGNS = "\\`*_{}[]()<>#+-!|:~$"


def plain(text: str) -> str:
    """The text with Markdown's own signs taken literally."""
    return "".join(f"\\{sign}" if sign in SIGNS else sign for sign in text)


def within(words: str) -> str:
    """The words in the middle of a sentence: “In UAT” as “in UAT”."""
    return " ".join(word if word.isupper() else word.lower() for word in words.split(" "))
