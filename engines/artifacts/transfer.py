"""Moving a release's files: everything first, verified, then the index that makes it visible.

Several installations may share one repository: the first file is a claim, which says whose files
follow. It is looked at again before the index is stored, and goes when the index is there.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines.artifacts.layout import claim_path, index_path, release_folder
from engines.artifacts.models import Release
from engines.artifacts.port import ArtifactStore, Repository
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.core.progress import Progress

File = Mapping[str, Any]  # path, size, sha256


def upload(
    store: ArtifactStore, release: Release, files: Mapping[str, Path], progress: Progress
) -> None:
    """Send every file of the release but the index; what is there already is left.

    `files` maps a path below the release's folder to the file. Raises as the store does, and
    NotReady when the version is another installation's.
    """
    claim(store, Repository.DEV, release)
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


def claim(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Say in the repository whose files follow. Raises NotReady: another installation's do."""
    _check_index(store, where, release)
    content = _claim(release)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "claim")
        file.write_bytes(content)
        try:
            store.put(where, _claim_place(release), file, hashlib.sha256(content).hexdigest())
        except InvalidInput as failure:
            raise _anothers(release, where, "is being written") from failure
    try:
        check_claim(store, where, release)
    except NotReady:
        disclaim(store, where, release)  # it came after another's index
        raise


def check_claim(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Look whether the version is still ours to write. Raises NotReady."""
    _check_index(store, where, release)
    if not _is_claimed(store, where, release):
        raise _anothers(release, where, "is being written")


def disclaim(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Take our claim away; the index says from now on whose the version is."""
    if _is_claimed(store, where, release):
        store.delete(where, _claim_place(release))


def make_visible(store: ArtifactStore, release: Release, index: Path) -> None:
    """Store the index and its properties: from here on the release is there. Raises NotReady."""
    where = Repository.DEV
    check_claim(store, where, release)
    try:
        store.put(where, _index_place(release), index, release.sha256)
    except InvalidInput:
        _check_index(store, where, release)
        raise
    _make_sure(store, where, release)


def _make_sure(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Look once more whose index is there: a store without exclusive writing keeps the last."""
    _check_index(store, where, release)
    mark(store, where, release)
    disclaim(store, where, release)


def mark(store: ArtifactStore, where: Repository, release: Release) -> None:
    """Set the properties by which people find the release in the repository."""
    store.set_properties(where, _index_place(release), properties(release))


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
        stored = store.stat(where, _index_place(release))
    except NotFound:
        return False
    if stored.sha256 != release.sha256:
        raise InvalidInput(
            f"{release.title} is in {where} with another content than was written down.",
            hint="Tell the platform team; choose another version meanwhile.",
        )
    return True


def copy_files(
    store: ArtifactStore,
    release: Release,
    source: Repository,
    to: Repository,
    progress: Progress,
) -> None:
    """Copy every file but the index to the next repository, and check them there."""
    check_complete(store, source, release)
    claim(store, to, release)
    for number, file in enumerate(release.files, 1):
        store.copy(source, file["path"], to)
        progress.report(0.9 * number / len(release.files), f"Copied {number} files")
    check_complete(store, to, release)


def copy_index(store: ArtifactStore, release: Release, source: Repository, to: Repository) -> None:
    """Copy the index: from here on the release is there. Raises NotReady."""
    check_claim(store, to, release)
    store.copy(source, _index_place(release), to)
    _make_sure(store, to, release)


def remove(
    store: ArtifactStore,
    where: Repository,
    release: Release,
    progress: Progress | None = None,
) -> None:
    """Take the release away: first the index, so that no part is ever seen alone, last the claim.

    Another installation's files are left alone.
    """
    folder, index = release_folder(release.name, release.version), _index_place(release)
    listed = {one.path: one.sha256 for one in store.list(where, folder)}
    owner, mine = listed.get(_claim_place(release)), hashlib.sha256(_claim(release)).hexdigest()
    if owner not in (None, mine) or listed.get(index) not in (None, release.sha256):
        return
    claims = [_claim_place(release)] if owner else []
    paths = (index, *(set(listed) - {index, *claims}), *claims)
    for number, path in enumerate(paths, 1):
        store.delete(where, path)
        if progress is not None:
            progress.report(number / len(paths), f"Removed {number} of {len(paths)} files")


def _check_index(store: ArtifactStore, where: Repository, release: Release) -> None:
    try:
        stored = store.stat(where, _index_place(release))
    except NotFound:
        return
    if stored.sha256 != release.sha256:
        raise _anothers(release, where, "was published")


def _is_claimed(store: ArtifactStore, where: Repository, release: Release) -> bool:
    """True when the claim that is there is this release's."""
    try:
        stored = store.stat(where, _claim_place(release))
    except NotFound:
        return False
    return stored.sha256 == hashlib.sha256(_claim(release)).hexdigest()


def _claim(release: Release) -> bytes:
    return json.dumps({"release": release.id}).encode()


def _claim_place(release: Release) -> str:
    return claim_path(release.name, release.version)


def _index_place(release: Release) -> str:
    return index_path(release.name, release.version)


def _anothers(release: Release, where: Repository, how: str) -> NotReady:
    return NotReady(
        f"{release.title} {how} in {where} by another installation that shares the repository.",
        hint="Choose another version, or another name.",
    )


def _told(one: File) -> tuple[int, str]:
    return int(one["size"]), str(one["sha256"])
