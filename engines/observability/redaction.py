"""What must not be read in a log: values of telling keys, and secrets wherever they appear."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "[redacted]"
SHORTEST_SECRET = 6  # a shorter value would hide half of every line
TELLING = re.compile(
    r"passw|passphrase|pwd|secret|token|api_?key|authori[sz]ation|cookie|credential", re.I
)
IN_TEXT = re.compile(
    r"((?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|credential)[\"']?\s*[=:]\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
    re.I,
)
HEADER = re.compile(r"\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.I)
ADDRESS = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")


def secrets_in(environment: Mapping[str, str]) -> set[str]:
    """The values of those variables whose names tell that they are secrets."""
    return {value for name, value in environment.items() if TELLING.search(name)}


class Redactor:
    """Hides secrets in texts and in nested fields; knows the configured secrets by value."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """The text with secrets hidden: `password=…`, bearer tokens, passwords in addresses."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        text = IN_TEXT.sub(rf"\1{HIDDEN}", text)
        text = HEADER.sub(rf"\1{HIDDEN}", text)
        return ADDRESS.sub(rf"\1{HIDDEN}\2", text)

    def value(self, key: str, value: Any) -> Any:
        """The value of a field, hidden when its key tells that it is a secret."""
        if TELLING.search(key) and value not in (None, "", True, False):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(k): self.value(str(k), v) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value("", each) for each in value]
        return value
