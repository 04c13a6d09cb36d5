"""How a long piece of work tells where it is."""

from typing import Protocol


class Progress(Protocol):
    """Receives the state of one running job."""

    def report(self, fraction: float, step: str) -> None:
        """Say how far the work is (0 to 1) and what it is doing."""

    def log(self, line: str) -> None:
        """Append one line to the job's log."""


class Silent:
    """A Progress for callers who do not listen."""

    def report(self, fraction: float, step: str) -> None:
        """Ignore the report."""

    def log(self, line: str) -> None:
        """Ignore the line."""
