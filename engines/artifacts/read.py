"""Reading releases: the list, one of them, its files, and whether they still are what they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select

from engines.artifacts import ledger
from engines.artifacts.bundle import check_bundled
from engines.artifacts.depot import Depot
from engines.artifacts.layout import index_path
from engines.artifacts.models import Placement, PlacementState, Release
from engines.artifacts.port import Repository
from engines.artifacts.settle import settle
from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import new_id
from engines.core.errors import InvalidInput, MlaasError, NotFound
from engines.core.gate import Purpose


@dataclass(frozen=True)
class Verified:
    """One file of a release, fetched and hashed anew. `fault` is empty when it is as written."""

    repository: Repository
    path: str
    fault: str


@dataclass(frozen=True)
class ReleaseView:
    """A release and where it is."""

    release: Release
    placements: tuple[Placement, ...]

    @property
    def present(self) -> tuple[Repository, ...]:
        """The repositories it is in, in order."""
        here = {p.where for p in self.placements if p.state == PlacementState.PRESENT}
        return tuple(where for where in Repository if where in here)

    @property
    def furthest(self) -> Repository | None:
        """The last repository it reached and still is in."""
        return self.present[-1] if self.present else None

    @property
    def copying(self) -> Placement | None:
        """The copy that is under way."""
        found = [p for p in self.placements if p.state == PlacementState.COPYING]
        return found[0] if found else None

    @property
    def removing(self) -> Placement | None:
        """The removal that is under way."""
        return next((p for p in self.placements if p.state == PlacementState.REMOVING), None)

    @property
    def kept(self) -> Placement | None:
        """A place that it was to be removed from and still is in; `error` says why."""
        here = [p for p in self.placements if p.state == PlacementState.PRESENT]
        return next((p for p in here if p.error), None)

    @property
    def failed_copy(self) -> Placement | None:
        """The promotion to the next place that was tried last, if it failed."""
        failed = [p for p in self.placements if p.state == PlacementState.FAILED]
        return next((p for p in failed if p.where is self.next), None)

    @property
    def next(self) -> Repository | None:
        """Where it could be promoted to."""
        order = list(Repository)
        later = order[order.index(self.furthest) + 1 :] if self.furthest else []
        return later[0] if later else None


@needs(Capability.ARTIFACT_READ)
def releases(depot: Depot, actor: Actor, experiment_id: str = "") -> list[ReleaseView]:
    """Releases, newest first, of one experiment or of all; what was interrupted is settled first.

    Raises NotFound, NotAllowed.
    """
    if experiment_id:
        depot.experiments.check_readable(actor, experiment_id)
    settle(depot)
    query = select(Release).order_by(col(Release.created_at).desc(), col(Release.id))
    if experiment_id:
        query = query.where(Release.experiment_id == experiment_id)
    with depot.db.read() as session:
        found = list(session.exec(query))
        places = list(session.exec(select(Placement)))
    return [ReleaseView(one, tuple(p for p in places if p.release_id == one.id)) for one in found]


@needs(Capability.ARTIFACT_READ)
def release(depot: Depot, actor: Actor, release_id: str) -> ReleaseView:
    """One release. Raises NotFound, NotAllowed."""
    found = ledger.find(depot.db, release_id)
    depot.experiments.check_readable(actor, found.experiment_id)
    return ReleaseView(found, tuple(ledger.placements(depot.db, release_id)))


@needs(Capability.ARTIFACT_READ)
def properties(depot: Depot, actor: Actor, release_id: str, where: Repository) -> Mapping[str, str]:
    """What the repository itself says of the release. Raises NotFound, BackendUnavailable."""
    found = release(depot, actor, release_id).release
    return depot.store.stat(where, index_path(found.name, found.version)).properties


@needs(Capability.MODEL_DOWNLOAD)
def retrieve(
    depot: Depot, actor: Actor, release_id: str, file: str, into: Path, where: Repository
) -> Path:
    """Fetch one file of a release, checked against what was written when it was published.

    Asks the gate and writes an audit row. Raises NotFound, NotAllowed, InvalidInput (other bytes),
    BackendUnavailable.
    """
    found = release(depot, actor, release_id).release
    listed = {one["path"]: one for one in found.files}
    path = f"{found.name}/{found.version}/{file}"
    if path not in listed:
        raise NotFound("The release has no such file.", hint="Choose one from its list.")
    check_bundled(found, depot.gate.may_use(actor, found.model, Purpose.DOWNLOAD))
    stored = depot.store.get(where, path, into)
    if stored.sha256 != listed[path]["sha256"]:
        into.unlink(missing_ok=True)
        raise InvalidInput(f"{file} is not what was published.", hint="Tell the platform team.")
    with depot.db.write() as session:
        told = {"file": file, "repository": where.value, "sha256": stored.sha256}
        events.record(session, actor, "release.downloaded", f"release:{found.id}", **told)
    return into


@needs(Capability.ARTIFACT_READ)
def verify(depot: Depot, actor: Actor, release_id: str) -> list[Verified]:
    """Fetch every file of the release from every repository it is in, and hash it.

    Writes an audit row with the number of faults. Raises NotFound, NotAllowed.
    """
    view = release(depot, actor, release_id)
    found = view.release
    index = {"path": index_path(found.name, found.version), "sha256": found.sha256}
    checked = [
        Verified(where, one["path"], _fault(depot, where, one["path"], one["sha256"]))
        for where in view.present
        for one in (*found.files, index)
    ]
    with depot.db.write() as session:
        told = {"files": len(checked), "faults": sum(bool(one.fault) for one in checked)}
        events.record(session, actor, "release.verified", f"release:{found.id}", **told)
    return checked


def _fault(depot: Depot, where: Repository, path: str, sha256: str) -> str:
    depot.work_dir.mkdir(parents=True, exist_ok=True)
    scratch = depot.work_dir / f"verify-{new_id()}"
    try:
        stored = depot.store.get(where, path, scratch)
    except MlaasError as failure:
        return str(failure)
    finally:
        scratch.unlink(missing_ok=True)
    return "" if stored.sha256 == sha256 else "It differs from what was published."
