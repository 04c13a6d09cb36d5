"""Where a release's files lie, and which names and properties every backend accepts."""

import re
from collections.abc import Mapping

from engines.core.errors import InvalidInput

INDEX = "index.json"  # the last file of a release; without it the release is not there
CLAIM = "claim.json"  # the first file; it says whose the others are until the index is there
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
KEY = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
VALUE = re.compile(r"[A-Za-z0-9 ._:@/+-]{1,255}")
LONGEST_NAME, LONGEST_PATH = 60, 400
SLICE = 1024 * 1024  # bytes read at once


def check_name(name: str) -> str:
    """The name a model is released under. Raises InvalidInput."""
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise InvalidInput(
            f"“{name[:80]}” cannot be the name of a release.",
            hint="Use lower-case letters, digits and single hyphens, a letter first, at most 60.",
        )
    return name


def suggested_name(text: str) -> str:
    """A name made of any words, such as an experiment's."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (words if words[:1].isalpha() else f"model-{words}".strip("-"))[:LONGEST_NAME].strip("-")


def check_path(path: str) -> str:
    """A path inside a repository: plain segments, never upwards. Raises InvalidInput."""
    if len(path) > LONGEST_PATH or not all(SEGMENT.fullmatch(part) for part in path.split("/")):
        raise InvalidInput(
            f"“{path[:80]}” cannot be a path in the repository.",
            hint="Use letters, digits, dots, hyphens and underscores between slashes.",
        )
    return path


def check_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties that no backend has to escape. Raises InvalidInput."""
    for key, value in properties.items():
        if not KEY.fullmatch(key) or not VALUE.fullmatch(value):
            raise InvalidInput(
                f"The property {key[:80]!r} with the value {value[:80]!r} cannot be stored.",
                hint="Use letters, digits and . _ - in names; no , ; | = \\ in values.",
            )
    return dict(properties)


def release_folder(name: str, version: str) -> str:
    """Where a release's files lie, the same in each repository."""
    return check_path(f"{name}/{version}")


def index_path(name: str, version: str) -> str:
    """The file that makes a release visible."""
    return f"{release_folder(name, version)}/{INDEX}"


def claim_path(name: str, version: str) -> str:
    """The file that keeps a version for one release while it is being written."""
    return f"{release_folder(name, version)}/{CLAIM}"
