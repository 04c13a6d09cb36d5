"""Moving a release's files: everything first, verified, then the index that makes it visible."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engines.artifacts.layout import index_path, release_folder
from engines.artifacts.models import Release
from engines.artifacts.port import ArtifactStore, Repository
from engines.core.errors import InvalidInput, NotFound
from engines.core.progress import Progress

File = Mapping[str, Any]  # path, size, sha256


def upload(
    store: ArtifactStore, release: Release, files: Mapping[str, Path], progress: Progress
) -> None:
    """Send every file of the release but the index; what is there already is left.

    `files` maps a path below the release's folder to the file. Raises as the store does.
    """
    folder = release_folder(release.name, release.version)
    known = {one["path"]: one for one in release.files}
    for number, (path, file) in enumerate(sorted(files.items()), 1):
        place = f"{folder}/{path}"
        store.put(Repository.DEV, place, file, known[place]["sha256"])
        progress.report(0.4 + 0.5 * number / len(files), f"Sent {path}")
    check_complete(store, Repository.DEV, release)


def check_complete(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Hold what the repository lists against what was to be sent. Raises InvalidInput."""
    folder = release_folder(release.name, release.version)
    listed = {one.path: (one.size, one.sha256) for one in store.list(where, folder)}
    wrong = [one["path"] for one in release.files if listed.get(one["path"]) != _told(one)]
    if wrong:
        raise InvalidInput(
            f"{wrong[0]} is missing in {where} or differs from what was sent.",
            hint="Start again: what arrived is not sent twice.",
        )


def make_visible(store: ArtifactStore, release: Release, index: Path) -> None:
    """Store the index and its properties: from here on the release is there."""
    place = index_path(release.name, release.version)
    store.put(Repository.DEV, place, index, release.sha256)
    mark(store, Repository.DEV, release)


def mark(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Set the properties by which people find the release in the repository."""
    store.set_properties(where, index_path(release.name, release.version), properties(release))


def properties(release: Release) -> dict[str, str]:
    """What the index file says of the release."""
    return {
        "mlaas.name": release.name,
        "mlaas.version": release.version,
        "mlaas.release": release.id,
        "mlaas.run": release.run_id,
        "mlaas.task": release.task,
        "mlaas.model.sha256": str(release.facts.get("model_sha256") or "unknown"),
    }


def is_visible(store: ArtifactStore, where: Repository, release: Release) -> bool:
    """True when the index is there with the checksum written down. Raises InvalidInput if other."""
    try:
        stored = store.stat(where, index_path(release.name, release.version))
    except NotFound:
        return False
    if stored.sha256 != release.sha256:
        raise InvalidInput(
            f"{release.title} is in {where} with another content than was written down.",
            hint="Tell the platform team; choose another version meanwhile.",
        )
    return True


def copy_over(
    store: ArtifactStore,
    release: Release,
    source: Repository,
    to: Repository,
    progress: Progress,
) -> None:
    """Copy every file to the next repository, check them there, then copy the index."""
    check_complete(store, source, release)
    for number, file in enumerate(release.files, 1):
        store.copy(source, file["path"], to)
        progress.report(0.9 * number / len(release.files), f"Copied {number} files")
    check_complete(store, to, release)
    store.copy(source, index_path(release.name, release.version), to)
    mark(store, to, release)


def remove(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Take the release away: first the index, so that no part is ever seen alone."""
    folder = release_folder(release.name, release.version)
    store.delete(where, index_path(release.name, release.version))
    _delete_all(store, where, [one.path for one in store.list(where, folder)])


def _delete_all(store: ArtifactStore, where: Repository, paths: Sequence[str]) -> None:
    for path in paths:
        store.delete(where, path)


def total_size(files: Iterable[File]) -> int:
    """Bytes of all files."""
    return sum(int(one["size"]) for one in files)


def _told(one: File) -> tuple[int, str]:
    return int(one["size"]), str(one["sha256"])
