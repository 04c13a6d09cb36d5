"""What a model needs to run: every distribution, its exact version, its licence."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from engines.core.errors import NotReady

UNKNOWN = "unknown"
LONGEST = 80  # a field with more characters holds the licence's text, not its name
CLASSIFIER = "License :: "

TITLES = {
    "mit license": "MIT",
    "mit license (mit)": "MIT",
    "the mit license (mit)": "MIT",
    "bsd 3-clause license": "BSD-3-Clause",
}
FIELDS = ("License-Expression", "Classifier", "License")

# Trove classifiers that name a licence without doubt, as SPDX identifiers.
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}


@dataclass(frozen=True)
class Dependency:
    """One distribution. `licence` is an SPDX expression or a name, `unknown` when none is told."""

    name: str
    version: str
    licence: str
    direct: bool

    @property
    def is_known(self) -> bool:
        """True when the distribution tells its licence."""
        return self.licence != UNKNOWN


def dependencies(pins: Mapping[str, str]) -> list[Dependency]:
    """The pinned distributions and all that they need here, by name.

    `pins` maps a distribution to its version. Raises NotReady when one is installed in another
    version: its needs could not be told.
    """
    direct = {canonicalize_name(name): version for name, version in pins.items()}
    for name, version in direct.items():
        if (installed := _installed(name)) != version:
            raise NotReady(
                f"{name} {version} is needed, and {installed or 'none'} is installed.",
                hint="Train again with the present libraries, or release where these are.",
            )
    return [
        Dependency(name, metadata.version(name), _licence_of(name), name in direct)
        for name in sorted(_closure(direct))
    ]


def lock(needed: Iterable[Dependency]) -> str:
    """Every distribution with its exact version, one a line."""
    return "".join(f"{one.name}=={one.version}\n" for one in needed)


def pins_of(requirements: str) -> dict[str, str]:
    """Name and version from lines of `name==version`."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", requirements, re.M))


def licence(told: "metadata.PackageMetadata") -> str:
    """What the distribution says of its licence: the expression, the classifiers, or the field."""
    fields = {
        key: told.get_all(key) or [] for key in ("License-Expression", "Classifier", "License")
    }
    if fields["License-Expression"]:
        return str(fields["License-Expression"][0])
    names = [c.split(" :: ")[-1] for c in fields["Classifier"] if c.startswith(CLASSIFIER)]
    names = [SPDX.get(name, name) for name in names if name != "OSI Approved"]
    if names:
        return " AND ".join(sorted(set(names)))
    written = " ".join(str(text).strip() for text in fields["License"][:1])
    short = written and written.upper() != "UNKNOWN" and len(written) <= LONGEST
    return written if short and "\n" not in written else UNKNOWN


def _licence_of(name: str) -> str:
    told = licence(metadata.metadata(name))
    return told if told != UNKNOWN else _by_title(name)


def _by_title(name: str) -> str:
    """The licence whose title the distribution's licence file begins with."""
    for file in metadata.files(name) or []:
        if file.name.upper().startswith("LICENSE") and Path(file.locate()).is_file():
            first = file.read_text(encoding="utf-8").strip().split("\n")[0].strip().lower()
            return TITLES.get(first, UNKNOWN)
    return UNKNOWN


def _closure(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and _installed(name):
            found.add(name)
            waiting += _needs(name)
    return found


def _needs(name: str) -> list[str]:
    asked = [Requirement(line) for line in metadata.requires(name) or []]
    kept = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [canonicalize_name(one.name) for one in kept]


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
