"""The outcome of `make audit`: what is known of the locked libraries, from where, since when."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packaging.utils import canonicalize_name
from pydantic import AwareDatetime, Field, ValidationError

from engines.artifacts import advisories
from engines.artifacts.advisories import Finding, Part
from engines.core.errors import InvalidInput
from engines.core.files import sha256_of, write_json

RUN = "Run make audit, with ADVISORIES=file where there is no internet."


class Known(Part):
    """One vulnerability as pip-audit reports it."""

    id: str = Field(min_length=1)
    fix_versions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class Answer(Part):
    """What pip-audit says of one package; no version when it was not asked about."""

    name: str
    version: str = ""
    vulns: tuple[Known, ...] = ()


class Report(Part):
    """pip-audit's JSON report."""

    dependencies: tuple[Answer, ...]


@dataclass(frozen=True)
class Looked:
    """One look at a database: findings, and the packages that it did not answer for."""

    database: str
    newest: datetime
    found: tuple[Finding, ...]
    unasked: tuple[str, ...] = ()


class Audit(Part):
    """What was written down last, for the lock of that SHA-256."""

    lock_sha256: str
    database: str
    newest: AwareDatetime  # its newest record; of a service asked online, the moment of asking
    checked_at: AwareDatetime
    vulnerable: tuple[str, ...]
    development: tuple[str, ...] = ()  # of packages that only tests and building need
    unasked: tuple[str, ...] = ()  # packages that nobody answered for

    @property
    def origin(self) -> str:
        """The database and its date, in words."""
        looked = f"looked up {self.checked_at:%Y-%m-%d %H:%M} UTC"
        return f"{self.database}, newest record {self.newest:%Y-%m-%d}, {looked}"


def look_up(place: Path, pins: Mapping[str, str]) -> Looked:
    """Hold the pins against what was brought in: OSV records, or a pip-audit report.

    A report has no date of its own: the file's time counts. Raises InvalidInput naming the file.
    """
    if place.is_file() and (report := _report(place)) is not None:
        written = datetime.fromtimestamp(place.stat().st_mtime, UTC)
        return answered(f"pip-audit report {place.name}", written, report, pins)
    database = advisories.read(place, pins)
    found = advisories.findings(database, pins)
    name = f"{database.count:,} OSV records in {database.name}"
    return Looked(name, database.newest, tuple(found))


def answered(database: str, newest: datetime, report: Report, pins: Mapping[str, str]) -> Looked:
    """What a report says of the pins; those it does not name in that version stay unasked."""
    ours = {canonicalize_name(name): version for name, version in pins.items()}
    told = [(canonicalize_name(a.name), a) for a in report.dependencies]
    about = {name: a for name, a in told if ours.get(name) == a.version}
    found = [one for name, answer in about.items() for one in _findings(name, answer)]
    unasked = tuple(name for name in sorted(ours) if name not in about)
    return Looked(database, newest, tuple(advisories.merged(found)), unasked)


def record(file: Path, lock: Path, pins: Mapping[str, str], looked: Looked, at: datetime) -> Audit:
    """Write down the outcome for the lock; what its pins do not name is for development only."""
    ours = {(canonicalize_name(name), version) for name, version in pins.items()}
    run = [str(one) for one in looked.found if (one.package, one.version) in ours]
    rest = [str(one) for one in looked.found if (one.package, one.version) not in ours]
    made = Audit(
        lock_sha256=sha256_of(lock), database=looked.database, newest=looked.newest,
        checked_at=at, vulnerable=tuple(run), development=tuple(rest),
    )  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    write_json(draft, made.model_dump(mode="json"))
    draft.replace(file)
    return made


def last(file: Path) -> Audit | None:
    """The outcome written down last; None when there is none that can be read."""
    try:
        return Audit.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def unknown(audit: Audit | None, lock: str | None, days: int, at: datetime) -> str:
    """Why the libraries of a lock are not known to be safe; "" when the audit tells.

    `lock` is the SHA-256 of the lock in question; a database older than `days` tells nothing.
    """
    if audit is None:
        return f"Nobody has looked for known vulnerabilities. {RUN}"
    if audit.lock_sha256 != lock:
        return f"The last audit is of another lock file than this model's. {RUN}"
    if audit.unasked:
        return f"The last audit had no answer for {len(audit.unasked)} packages. {RUN}"
    if at - audit.newest > timedelta(days=days):
        return (
            f"The advisories are too old: {audit.origin}. After {days} days they count as unknown."
        )
    return ""


def report_of(text: str, source: str) -> Report:
    """pip-audit's report from its JSON. Raises InvalidInput naming source and place."""
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise InvalidInput(
            f"{source}: {where}: {fault['msg'].lower()}.",
            hint="Bring in the report again: pip-audit -f json.",
        ) from error


def _report(place: Path) -> Report | None:
    """The report, or None when the file is something else."""
    try:
        told = json.loads(place.read_bytes()) if place.suffix == ".json" else None
    except ValueError:
        return None
    if not isinstance(told, dict) or "dependencies" not in told:
        return None
    return report_of(place.read_text("utf-8"), place.name)


def _findings(name: str, answer: Answer) -> Iterator[Finding]:
    for known in answer.vulns:
        names = frozenset({known.id, *known.aliases})
        yield Finding(name, answer.version, names, known.fix_versions)
