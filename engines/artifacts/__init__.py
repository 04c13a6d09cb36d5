"""The artifact repository: approved models as releases, in a folder or in JFrog Artifactory."""

from engines.artifacts.bundle import Format
from engines.artifacts.depot import Depot, News, Sources
from engines.artifacts.folder import FolderStore
from engines.artifacts.layout import suggested_name
from engines.artifacts.models import Placement, PlacementState, Release, ReleaseState
from engines.artifacts.port import ArtifactStore, Repository, Stored
from engines.artifacts.promote import promote, request_promotion
from engines.artifacts.publish import (
    ReleaseRequest,
    publish,
    request_release,
    retry,
    suggestion,
)
from engines.artifacts.read import (
    ReleaseView,
    Verified,
    properties,
    release,
    releases,
    retrieve,
    verify,
)
from engines.artifacts.removal import remove, request_removals
from engines.artifacts.retention import (
    References,
    Removal,
    due,
    next_retention,
    retain,
    retain_on_schedule,
)
from engines.artifacts.scanning import Finding, Severity, scan
from engines.artifacts.settle import settle
from engines.artifacts.versions import Scheme, Suggestion

__all__ = [
    "ArtifactStore",
    "Depot",
    "Finding",
    "FolderStore",
    "Format",
    "News",
    "Placement",
    "PlacementState",
    "References",
    "Release",
    "ReleaseRequest",
    "ReleaseState",
    "ReleaseView",
    "Removal",
    "Repository",
    "Scheme",
    "Severity",
    "Sources",
    "Stored",
    "Suggestion",
    "Verified",
    "due",
    "next_retention",
    "promote",
    "properties",
    "publish",
    "release",
    "releases",
    "remove",
    "request_promotion",
    "request_release",
    "request_removals",
    "retain",
    "retain_on_schedule",
    "retrieve",
    "retry",
    "scan",
    "settle",
    "suggested_name",
    "suggestion",
    "verify",
]
