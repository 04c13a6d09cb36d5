"""Retention: how long each repository keeps releases, and which are never removed.

A release that is in prod, or that something refers to, stays in every repository. A reference
that cannot be looked up counts as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlmodel import select

from engines.artifacts import copies, transfer
from engines.artifacts.depot import Depot
from engines.artifacts.models import PlacementState, Release, ReleaseState
from engines.artifacts.port import Repository
from engines.artifacts.read import ReleaseView, releases
from engines.artifacts.settle import conclude
from engines.artifacts.versions import order
from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.artifact_settings import Keep
from engines.core.database import now
from engines.core.events import AuditEvent
from engines.core.model_ref import ModelRef

RAN = "retention.ran"


class References(Protocol):
    """Who else knows whether a model is still needed: approvals, deployments."""

    def is_needed(self, model: ModelRef) -> bool:
        """True when the model is approved for prod, deployed, or referred to in another way."""


@dataclass(frozen=True)
class Removal:
    """A release that the rule would take from a repository, and the sentence that says why."""

    release: Release
    where: Repository
    reason: str


@needs(Capability.ARTIFACT_READ)
def due(
    depot: Depot, actor: Actor, rules: dict[str, Keep], references: References
) -> list[Removal]:
    """What the rules would remove now, oldest first. Raises BackendUnavailable."""
    views = [v for v in releases(depot, actor) if v.release.state == ReleaseState.PUBLISHED]
    found = [
        removal
        for where in (Repository.DEV, Repository.UAT)
        if where in rules
        for name in sorted({v.release.name for v in views})
        for removal in _of_name(views, name, where, rules[where], now())
        if not references.is_needed(removal.release.model)
    ]
    return sorted(found, key=lambda one: one.release.created_at)


@needs(Capability.ARTIFACT_PROMOTE)
def retain(
    depot: Depot, actor: Actor, rules: dict[str, Keep], references: References
) -> list[Removal]:
    """Remove what the rules say here and now, and write each removal down with its reason.

    For the schedule, which is a process of its own; people ask with `request_removals`.
    """
    removed = []
    for removal in due(depot, actor, rules, references):
        given = (removal.release, removal.where, removal.reason)
        if placement := copies.begin_removal(depot.db, actor, *given):
            transfer.remove(depot.store, removal.where, removal.release)
            conclude(depot, placement, PlacementState.REMOVED)
            removed.append(removal)
    return removed


@needs(Capability.ARTIFACT_READ)
def next_retention(depot: Depot, actor: Actor, every_hours: int) -> datetime | None:
    """When the schedule removes next; a moment that is over means at the next look. None: never."""
    if not every_hours:
        return None
    newest = select(sa.func.max(AuditEvent.at)).where(AuditEvent.act == RAN)
    with depot.db.read() as session:
        last = session.exec(newest).one()
    return last + timedelta(hours=every_hours) if last else now()


@needs(Capability.ARTIFACT_PROMOTE)
def retain_on_schedule(
    depot: Depot, actor: Actor, rules: dict[str, Keep], references: References, every_hours: int
) -> list[Removal]:
    """`retain`, when it is time; that it ran is an audit row too. Raises BackendUnavailable.

    A run that could not be finished is made up for at the next look.
    """
    at = next_retention(depot, actor, every_hours)
    if at is None or not rules or now() < at:
        return []
    removed = retain(depot, actor, rules, references)
    with depot.db.write() as session:
        events.record(session, actor, RAN, "retention", removed=len(removed))
    return removed


def _of_name(
    views: Sequence[ReleaseView], name: str, where: Repository, keep: Keep, at: datetime
) -> list[Removal]:
    here = [v for v in views if v.release.name == name and where in v.present]
    newest = sorted(here, key=lambda v: order(v.release.version), reverse=True)
    limit = at - timedelta(days=keep.days)
    return [
        Removal(view.release, where, f"older than {keep.days} days, and {keep.newest} are newer")
        for view in newest[keep.newest :]
        if view.release.created_at < limit
        and Repository.PROD not in view.present
        and view.copying is None
    ]
