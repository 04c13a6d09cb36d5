"""What an Artifactory answer means: one failure of ours for each way it can go wrong."""

from collections.abc import Mapping
from typing import Any

import requests

from engines.core.errors import (
    BackendUnavailable,
    InvalidInput,
    MlaasError,
    NotAllowed,
    NotFound,
)

WORTH_A_RETRY = frozenset({429, 502, 503, 504})
LONGEST_WAIT = 30.0  # seconds; a server that wants more is told to the caller
SAID = 200  # characters of the server's words that are repeated
STATUS: Mapping[int, tuple[type[MlaasError], str, str]] = {
    400: (InvalidInput, "Artifactory cannot use the request for {path}", "Tell the platform team."),
    401: (
        NotAllowed,
        "Artifactory does not accept the access token",
        "Have the platform team renew the token that artifacts.token names.",
    ),
    403: (
        NotAllowed,
        "Artifactory refuses access to {path}",
        "Have the platform team check the permissions of the token.",
    ),
    404: (NotFound, "{path} is not in the repository", "Check the repositories in the settings."),
    409: (
        InvalidInput,
        "Artifactory rejected {path}: checksum or state conflict",
        "The file was changed while it was sent, or somebody else wrote it. Start again.",
    ),
    413: (
        InvalidInput,
        "{path} is larger than Artifactory takes",
        "Have the limit raised, or release fewer package formats.",
    ),
    429: (BackendUnavailable, "Artifactory is asked too much", "Try again later."),
    507: (BackendUnavailable, "Artifactory has no room left", "Have the platform team make room."),
}


def failure(answer: requests.Response, path: str) -> MlaasError:
    """The failure for an answer that is no success."""
    kind, text, hint = STATUS.get(
        answer.status_code,
        (BackendUnavailable, f"Artifactory answered {answer.status_code} for {{path}}",
         "Try again; if it stays, tell the platform team."),
    )  # fmt: skip
    if wait := answer.headers.get("Retry-After", ""):
        hint = f"Artifactory asks to wait {wait[:40]} seconds. {hint}"
    said = _said(answer)
    return kind(f"{text.format(path=path)}{f' ({said})' if said else ''}.", hint=hint)


def wait_asked(answer: requests.Response, usual: float) -> float | None:
    """Seconds until the next try; None when the server asks for more than we wait."""
    try:
        asked = max(float(answer.headers.get("Retry-After", usual)), 0.0)
    except ValueError:
        return usual  # a date: servers of this kind send seconds
    return asked if asked <= LONGEST_WAIT else None


def unreachable(error: Exception) -> BackendUnavailable:
    """The failure for a server that did not answer, or broke off."""
    late = isinstance(error, requests.Timeout)
    what = "did not answer in time" if late else "broke off or cannot be reached"
    if isinstance(error, requests.exceptions.SSLError):
        what = "shows a certificate that is not trusted"
    return BackendUnavailable(
        f"Artifactory {what}.", hint="Try again; if it stays, tell the platform team."
    )


def as_json(answer: requests.Response) -> Any:
    """The answer's JSON. Raises BackendUnavailable when it is cut off or something else."""
    try:
        return answer.json()
    except ValueError as error:
        raise BackendUnavailable(
            "Artifactory's answer is incomplete.", hint="Try again; nothing was taken for done."
        ) from error


def _said(answer: requests.Response) -> str:
    try:
        told = answer.json()["errors"][0]["message"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return " ".join(str(told).split())[:SAID].rstrip(".")
