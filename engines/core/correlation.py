"""One id that follows a click through job, log line, audit row and MLflow tag."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def correlation_id() -> str:
    """The id of the act under way, or an empty string outside any."""
    return _current.get()


@contextmanager
def correlated(identifier: str | None = None) -> Iterator[str]:
    """Run a block under one correlation id, a new one when none is given."""
    token = _current.set(identifier or uuid4().hex)
    try:
        yield _current.get()
    finally:
        _current.reset(token)
