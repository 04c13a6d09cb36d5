"""The one tree of failures a user can see.

MlaasError
 ├─ InvalidInput        what was given cannot be used
 ├─ NotReady            right request, wrong moment
 ├─ NotAllowed          the acting user may not do this
 ├─ NotFound            no such thing, or none this user may see
 └─ BackendUnavailable  a server beside us did not answer
"""


class MlaasError(Exception):
    """A failure with words for the user: `message` says what is wrong, `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InvalidInput(MlaasError):
    """What was given cannot be used as it is."""


class NotReady(MlaasError):
    """The request is sound but its moment has not come."""


class NotAllowed(MlaasError):
    """The acting user may not do this."""


class NotFound(MlaasError):
    """There is no such thing, or none that this user may see."""


class BackendUnavailable(MlaasError):
    """A server beside us failed or did not answer."""
