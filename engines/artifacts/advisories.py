"""Advisories brought in as files: OSV records, held against pinned versions by PEP 440.

The format is that of https://ossf.github.io/osv-schema/, as OSV publishes it for PyPI: a folder or
a zip with one JSON file for each record.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engines.core.database import now
from engines.core.errors import InvalidInput

ECOSYSTEM = "PyPI"
BY_VERSION = frozenset({"ECOSYSTEM", "SEMVER"})  # ranges that name versions; GIT names commits
LARGEST = 20_000_000  # bytes of one record; the largest that OSV publishes have some 1 MB
FRESH = "Bring in a new copy of the database, or leave this file out."


class Part(BaseModel):
    """A part of a record; keys that we do not read are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """Where a range begins or ends; one of the four is set."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(Part):
    """Affected versions as a list of beginnings and ends."""

    type: str
    events: tuple[Event, ...]


class Package(Part):
    """The package that a record is about."""

    ecosystem: str
    name: str


class Affected(Part):
    """One package's affected versions."""

    package: Package | None = None
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The package on PyPI in its canonical form; "" when it is of another ecosystem."""
        here = self.package is not None and self.package.ecosystem.split(":")[0] == ECOSYSTEM
        return canonicalize_name(self.package.name) if here and self.package else ""


class Record(Part):
    """One advisory."""

    id: str = Field(min_length=1)
    modified: AwareDatetime
    withdrawn: AwareDatetime | None = None
    aliases: tuple[str, ...] = ()
    affected: tuple[Affected, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One known vulnerability of one pinned package, under all its names."""

    package: str
    version: str
    names: frozenset[str]
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        first, *others = sorted(self.names, key=lambda name: (name.startswith("CVE"), name))
        also = f" ({', '.join(others)})" if others else ""
        repaired = ", ".join(self.fixed) or "no version yet"
        return f"{self.package} {self.version}: {first}{also}, repaired in {repaired}"


@dataclass(frozen=True)
class Advisories:
    """A database as it was brought in. `newest` is its youngest record's last change."""

    name: str
    newest: datetime
    count: int
    about: Mapping[str, tuple[tuple[str, Record], ...]]  # package: (file, record)


def read(place: Path, packages: Iterable[str]) -> Advisories:
    """The records of a folder, a zip or one file; only those about `packages` are kept.

    Raises InvalidInput naming file and record, or when there is no record about PyPI.
    """
    wanted = {canonicalize_name(name) for name in packages}
    about: dict[str, list[tuple[str, Record]]] = {}
    newest, count = None, 0
    for file, content in _files(place):
        record = _record(file, content)
        named = {each.name for each in record.affected} - {""}
        if named:
            count += 1
            newest = max(newest or record.modified, record.modified)
        for name in named & wanted:
            about.setdefault(name, []).append((file, record))
    if newest is None:
        raise InvalidInput(
            f"{place.name} holds no OSV record about a package of PyPI.",
            hint="Bring in OSV's records for PyPI (*.json), as a folder or a zip.",
        )
    kept = {name: tuple(records) for name, records in about.items()}
    return Advisories(place.name, newest, count, kept)


def findings(database: Advisories, pins: Mapping[str, str]) -> list[Finding]:
    """What is known of the pinned versions; records of one vulnerability count once.

    Withdrawn records do not count. Raises InvalidInput naming file and record where a version in it
    cannot be read.
    """
    return [found for name in sorted(pins) for found in _of_package(database, name, pins[name])]


def merged(found: Iterable[Finding]) -> list[Finding]:
    """One finding for each vulnerability: those that share a name are the same."""
    kept: list[Finding] = []
    for each in found:
        same = [one for one in kept if one.package == each.package and one.names & each.names]
        names = each.names.union(*(one.names for one in same))
        fixed = {version for one in (*same, each) for version in one.fixed}
        whole = replace(each, names=names, fixed=tuple(sorted(fixed, key=_order)))
        kept = [one for one in kept if one not in same] + [whole]
    return kept


def _of_package(database: Advisories, name: str, version: str) -> list[Finding]:
    name, found = canonicalize_name(name), []
    pinned = Version(Version(version).public)  # a build's own suffix, +cpu, changes nothing here
    for file, record in database.about.get(name, ()):
        parts = [each for each in record.affected if each.name == name]
        try:
            hit = not record.withdrawn and any(_hits(each, pinned) for each in parts)
        except InvalidVersion as error:
            raise _fault(file, record.id, str(error)) from error
        if hit:
            names = frozenset({record.id, *record.aliases})
            found.append(Finding(name, version, names, tuple(_fixes(parts, pinned))))
    return merged(found)


def _hits(affected: Affected, version: Version) -> bool:
    """Named among the versions, or inside a range; every version where the record tells none."""
    ranges = [each for each in affected.ranges if each.type in BY_VERSION]
    if not ranges and not affected.versions:
        return True
    listed = any(_same(text, version) for text in affected.versions)
    return listed or any(_inside(each.events, version) for each in ranges)


def _same(text: str, version: Version) -> bool:
    """Releases from before PEP 440 stand in some lists; nothing that can be installed is one."""
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _inside(events: Iterable[Event], version: Version) -> bool:
    """The schema's own rule: the last event at or before the version decides."""
    inside = False
    for at, _, begins, holds in sorted(_steps(events), key=lambda step: step[:3]):
        if holds(version, at):
            inside = begins
    return inside


Step = tuple[Version, int, bool, Callable[[Version, Version], bool]]


def _steps(events: Iterable[Event]) -> Iterator[Step]:
    """Each event: version, order among equal versions, whether it begins, and when it holds."""
    for event in events:
        if event.introduced is not None:
            yield _version(event.introduced), 1, True, Version.__ge__
        for end in (event.fixed, event.limit):
            if end is not None and end != "*":
                yield _version(end), 0, False, Version.__ge__
        if event.last_affected is not None:
            yield _version(event.last_affected), 2, False, Version.__gt__


def _version(text: str) -> Version:
    return Version("0.dev0") if text == "0" else Version(text)


def _fixes(parts: Iterable[Affected], version: Version) -> Iterator[str]:
    """The repaired versions above the pinned one."""
    for each in parts:
        for event in (event for range_ in each.ranges for event in range_.events):
            if event.fixed and _order(event.fixed) > version:
                yield event.fixed


def _order(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every JSON file. Raises InvalidInput."""
    if place.is_dir():
        for file in sorted(place.rglob("*.json")):
            yield _whole(str(file.relative_to(place)), file.stat().st_size, file.read_bytes)
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as box:
            for info in box.infolist():
                if info.filename.endswith(".json"):
                    yield _whole(info.filename, info.file_size, partial(box.read, info))
    elif place.is_file():
        yield _whole(place.name, place.stat().st_size, place.read_bytes)
    else:
        raise InvalidInput(f"There is no {place}.", hint="Name a folder, a zip or a JSON file.")


def _whole(name: str, size: int, content: Callable[[], bytes]) -> tuple[str, bytes]:
    if size > LARGEST:
        raise InvalidInput(f"{name} has {size:,} bytes, more than any advisory.", hint=FRESH)
    try:
        return name, content()
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{name} cannot be read: {error}.", hint=FRESH) from error


def _record(file: str, content: bytes) -> Record:
    try:
        record = Record.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        what = f"{where}: {fault['msg'].lower()}" if where else fault["msg"]
        raise _fault(file, _name_of(content), what) from error
    if record.modified > now() + timedelta(days=1):
        raise _fault(
            file, record.id, f"it was changed on {record.modified:%Y-%m-%d}, in the future"
        )
    return record


class _Named(Part):
    id: str = ""


def _name_of(content: bytes) -> str:
    try:
        return _Named.model_validate_json(content).id
    except ValidationError:
        return ""


def _fault(file: str, record: str, what: str) -> InvalidInput:
    named = f", record {record}" if record else ""
    return InvalidInput(f"{file}{named}: {what.rstrip('.')}.", hint=FRESH)
