"""The rows of releases: reserve, claim, write down, finish, fail; each change guarded."""

import dataclasses
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from engines.artifacts.bundle import Bundle
from engines.artifacts.depot import Depot, News
from engines.artifacts.models import Placement, PlacementState, Release, ReleaseState
from engines.artifacts.port import Repository
from engines.artifacts.versions import Interface
from engines.core import events
from engines.core.access import Actor
from engines.core.database import Database, new_id, now
from engines.core.errors import InvalidInput, MlaasError, NotFound, NotReady
from engines.core.events import AuditEvent
from engines.core.files import sha256_of

ERROR_LONGEST = 1_000


def find(db: Database, release_id: str) -> Release:
    """One release. Raises NotFound."""
    with db.read() as session:
        found = session.get(Release, release_id)
    if found is None:
        raise NotFound("There is no such release.", hint="Choose one from the list.")
    return found


def placements(db: Database, release_id: str) -> list[Placement]:
    """Where the release is or was, in the order of the repositories."""
    with db.read() as session:
        found = session.exec(select(Placement).where(Placement.release_id == release_id))
        return sorted(found, key=lambda one: list(Repository).index(one.where))


def interface(release: Release) -> Interface:
    """The interface that was written down with the release."""
    told = release.interface
    features, classes = tuple(told["features"]), tuple(told["classes"])
    return Interface(told["target"], features, classes, told["model_sha256"])


def check_name_is_free(db: Database, release: Release) -> None:
    """A name belongs to one experiment. Raises InvalidInput."""
    query = select(Release.experiment_id).where(Release.name == release.name).limit(1)
    with db.read() as session:
        owner = session.exec(query).first()
    if owner not in (None, release.experiment_id):
        raise InvalidInput(
            f"The name {release.name} belongs to another experiment's releases.",
            hint="Choose another name.",
        )


def reserve(db: Database, actor: Actor, release: Release) -> Release:
    """Write the row; one that failed under this version gives way. Raises NotReady."""
    try:
        with db.write() as session:
            _clear_failed(session, release)
            session.add(release)
            session.flush()
            _record(session, actor, "release.requested", release, model=str(release.model))
    except sa.exc.IntegrityError as error:
        raise _taken(db, release) from error
    return release


def reopen(db: Database, actor: Actor, release: Release) -> Release:
    """Put a failed release back to publishing, under a new job. Raises NotReady."""
    values = {"state": ReleaseState.PUBLISHING.value, "job_key": new_id(), "error": ""}
    with db.write() as session:
        _change(session, release, [ReleaseState.FAILED], values)
        _record(session, actor, "release.retried", release)
    return find(db, release.id)


def claim(db: Database, release_id: str) -> Release:
    """Take the work on a release; a process that had it before can no longer finish it."""
    release = find(db, release_id)
    with db.write() as session:
        _change(session, release, [ReleaseState.PUBLISHING], {"lease": new_id()})
    return find(db, release_id)


def write_down(db: Database, release: Release, bundle: Bundle) -> None:
    """Write what will be sent, before it is; afterwards either side can be held to it."""
    values: dict[str, Any] = {
        "sha256": sha256_of(bundle.index),
        "files": bundle.listed,
        "facts": {
            **release.facts,
            **bundle.facts,
            "findings": [one.as_json() for one in bundle.findings],
            "dependencies": [dataclasses.asdict(one) for one in bundle.needed],
        },
    }
    with db.write() as session:
        _change(session, release, [ReleaseState.PUBLISHING], values, lease=True)
    release.sha256, release.files = values["sha256"], values["files"]
    release.facts = values["facts"]


def finish(depot: Depot, actor: Actor, release: Release, permit_id: str = "") -> Release:
    """The release is visible: say so, with its first place and its audit row. Raises NotReady."""
    values = {"state": ReleaseState.PUBLISHED.value, "published_at": now(), "error": ""}
    with depot.db.write() as session:
        _change(session, release, [ReleaseState.PUBLISHING], values, lease=True)
        session.add(
            Placement(
                release_id=release.id,
                repository=Repository.DEV.value,
                reason="Published",
                permit_id=permit_id,
                actor_id=actor.id,
                actor_name=actor.name,
            )
        )
        told = {"sha256": release.sha256, "files": len(release.files)}
        _record(session, actor, "release.published", release, permit=permit_id, **told)
        _announce(depot, session, release, "release.published", release.notes)
    return find(depot.db, release.id)


def note(db: Database, release: Release, failure: MlaasError) -> None:
    """Write down what went wrong in an attempt that may be followed by another."""
    values = {"error": str(failure)[:ERROR_LONGEST]}
    with db.write() as session:
        _change(session, release, [ReleaseState.PUBLISHING], values, lease=True)


def fail(depot: Depot, actor: Actor, release: Release, failure: MlaasError | str) -> None:
    """Write down why nothing was published, and tell who asked for it.

    Raises NotReady, and tells nobody, when the release went on or ended meanwhile.
    """
    error = str(failure)[:ERROR_LONGEST]
    with depot.db.write() as session:
        values = {"state": ReleaseState.FAILED.value, "error": error}
        _change(session, release, [ReleaseState.PUBLISHING], values, lease=True)
        _record(session, actor, "release.failed", release, error=error)
        _announce(depot, session, release, "release.failed", error)


def place(session: Session, release_id: str, where: Repository) -> Placement | None:
    """The row of a release in one repository."""
    query = select(Placement).where(
        Placement.release_id == release_id, Placement.repository == where.value
    )
    return session.exec(query).first()


def is_present(db: Database, release_id: str, where: Repository) -> bool:
    """True when the release is in that repository, as far as is written down."""
    with db.read() as session:
        found = place(session, release_id, where)
    return found is not None and found.state == PlacementState.PRESENT


def _change(
    session: Session,
    release: Release,
    states: list[ReleaseState],
    values: dict[str, Any],
    lease: bool = False,
) -> None:
    """Change the row if it still is in one of the states (and ours). Raises NotReady."""
    mine = [col(Release.id) == release.id, col(Release.state).in_([s.value for s in states])]
    if lease:
        mine.append(col(Release.lease) == release.lease)
    changed = session.execute(sa.update(Release).where(*mine).values(**values))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise NotReady(
            f"{release.title} was finished, ended or taken over by somebody else meanwhile.",
            hint="Reload the page.",
        )


def _clear_failed(session: Session, release: Release) -> None:
    failed = select(Release).where(
        Release.name == release.name,
        Release.version == release.version,
        Release.state == ReleaseState.FAILED.value,
    )
    if old := session.exec(failed).first():
        session.delete(old)
        session.flush()


def _taken(db: Database, release: Release) -> NotReady:
    query = select(Release).where(Release.name == release.name, Release.version == release.version)
    with db.read() as session:
        other = session.exec(query).first()
    if other and other.state == ReleaseState.PUBLISHING:
        told = f"{release.title} is being published by {other.actor_name}."
    else:
        told = f"{release.title} was published already{f' by {other.actor_name}' if other else ''}."
    return NotReady(told, hint="Choose another version, or wait for it.")


def _announce(depot: Depot, session: Session, release: Release, act: str, why: str) -> None:
    asker = _asker(session, release)
    depot.announce(session, release, News(act, Repository.DEV.value, why, asker))


def _asker(session: Session, release: Release) -> str:
    """Who asked for the publishing last: the first time, or again after it had failed."""
    asked = col(AuditEvent.act).in_(("release.requested", "release.retried"))
    query = select(AuditEvent.actor_id).where(AuditEvent.subject == _subject(release), asked)
    newest = session.exec(query.order_by(col(AuditEvent.number).desc()).limit(1)).first()
    return newest or release.actor_id


def _subject(release: Release) -> str:
    return f"release:{release.id}"


def _record(session: Session, actor: Actor, act: str, release: Release, **detail: Any) -> None:
    told = {"name": release.name, "version": release.version, **detail}
    events.record(session, actor, act, _subject(release), **told)
