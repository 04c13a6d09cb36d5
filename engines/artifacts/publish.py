"""Publishing a model: reserve a version, make the bundle, send it, make it visible, write it down.

The row is there before the first file, the index file after the last; the audit row comes with
the row's last change. Whatever ends the process between, `settle` brings both sides together.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from engines.artifacts import ledger, scanning, transfer
from engines.artifacts.bundle import (
    COPIED,
    Bundle,
    Format,
    Material,
    build,
    model_files,
    model_hashes,
)
from engines.artifacts.depot import Depot
from engines.artifacts.layout import check_name
from engines.artifacts.models import Release, ReleaseState
from engines.artifacts.settle import end, failures, queue
from engines.artifacts.versions import (
    Interface,
    Scheme,
    Suggestion,
    check_version,
    order,
    suggest,
)
from engines.core.access import Actor, Capability, needs
from engines.core.database import new_id, now
from engines.core.errors import InvalidInput, NotReady
from engines.core.files import remove_forgotten, sha256_of
from engines.core.gate import Permit, Purpose
from engines.core.model_card import MODEL_FILE, read_card
from engines.core.model_ref import ModelRef
from engines.core.progress import Progress
from engines.core.scheduling import JobRequest

NOTES_LONGEST = 20_000
RETRIES = 2
JOB = "publish"


@dataclass(frozen=True)
class ReleaseRequest:
    """What the user decides: the name, the version, the notes, the packages."""

    model: ModelRef
    name: str
    version: str
    scheme: Scheme = Scheme.SEMANTIC
    notes: str = ""
    formats: tuple[Format, ...] = (Format.ZIP,)


@needs(Capability.ARTIFACT_READ)
def suggestion(
    depot: Depot, actor: Actor, model: ModelRef, name: str, scheme: Scheme = Scheme.SEMANTIC
) -> Suggestion:
    """The version that should come next under this name, and why. Raises NotFound, NotAllowed."""
    mine = _interface(depot, actor, model)
    query = select(Release).where(Release.name == name, Release.scheme == scheme.value)
    with depot.db.read() as session:
        known = [one for one in session.exec(query) if one.state != ReleaseState.FAILED]
    newest = max(known, key=lambda one: order(one.version), default=None)
    before = ledger.interface(newest) if newest else None
    return suggest(scheme, mine, before, [one.version for one in known], now().date())


@needs(Capability.ARTIFACT_PUBLISH)
def request_release(depot: Depot, actor: Actor, asked: ReleaseRequest) -> Release:
    """Reserve the version and queue its publishing.

    Raises InvalidInput, NotFound, NotAllowed (the gate refuses), NotReady (the version is taken)
    or BackendUnavailable.
    """
    _check(asked)
    experiment_id = depot.sources.experiment_id(actor, asked.model)
    permit = depot.gate.may_use(actor, asked.model, Purpose.PUBLISH)
    release = Release(
        experiment_id=experiment_id,
        run_id=asked.model.run_id,
        task=asked.model.task,
        name=asked.name,
        version=asked.version,
        scheme=asked.scheme.value,
        notes=asked.notes.strip(),
        formats=sorted(one.value for one in asked.formats),
        interface=asdict(_interface(depot, actor, asked.model)),
        facts={"approval": _approval(permit)},
        job_key=new_id(),
        actor_id=actor.id,
        actor_name=actor.name,
        created_at=now().replace(microsecond=0),
    )
    ledger.check_name_is_free(depot.db, release)
    release = ledger.reserve(depot.db, actor, release)
    return _queue(depot, actor, release)


@needs(Capability.ARTIFACT_PUBLISH)
def retry(depot: Depot, actor: Actor, release_id: str) -> Release:
    """Queue the publishing of a release that failed once more. Raises as `request_release`."""
    release = ledger.find(depot.db, release_id)
    depot.experiments.check_readable(actor, release.experiment_id)
    depot.gate.may_use(actor, release.model, Purpose.PUBLISH)
    return _queue(depot, actor, ledger.reopen(depot.db, actor, release))


@needs(Capability.ARTIFACT_PUBLISH)
def publish(depot: Depot, actor: Actor, release_id: str, progress: Progress) -> Release:
    """Make and send the release; the work of one job, and of every retry of it.

    The gate is asked again before the bundle is made and before it becomes visible. Raises the
    gate's, the scan's and the store's failures; the release is then not visible.
    """
    release = ledger.claim(depot.db, release_id)
    with (
        failures(
            lambda failure: ledger.note(depot.db, release, failure),
            lambda failure: end(depot, release, str(failure)),
        ),
        _scratch(depot.work_dir) as folder,
    ):
        bundle = _made(depot, actor, release, folder, progress)
        ledger.write_down(depot.db, release, bundle)
        progress.report(0.4, "Sending")
        transfer.upload(depot.store, release, bundle.files, progress)
        permit = _still_the_same(depot, actor, release)
        transfer.make_visible(depot.store, release, bundle.index)
    return ledger.finish(depot, actor, release, permit.id)


def _made(depot: Depot, actor: Actor, release: Release, into: Path, progress: Progress) -> Bundle:
    permit = depot.gate.may_use(actor, release.model, Purpose.PUBLISH)
    sources, model = depot.sources, release.model
    folder = sources.folder(actor, model)
    progress.report(0.05, "Scanning the model")
    # Before anything opens it: also what makes the scripts looks into the model's file.
    scanning.refuse_blocked(scanning.scan(model_files(folder)))
    material = Material(
        folder=folder,
        scripts=sources.scripts(actor, model),
        evidence=sources.evidence(actor, model),
        holdout=sources.holdout(actor, model),
        approval=_approval(permit),
    )
    return build(release, material, into, progress)


def _still_the_same(depot: Depot, actor: Actor, release: Release) -> Permit:
    """Ask the gate once more, now that the bundle is made: what it holds must be what was approved.

    The gate compares the model's folder with the approval; the bundle is compared with what the
    gate saw there, not with what the folder holds a moment later.
    """
    permit = depot.gate.may_use(actor, release.model, Purpose.PUBLISH)
    bundled, seen = model_hashes(release), permit.files
    if seen is None:
        current = model_files(depot.sources.folder(actor, release.model))
        seen = {name: sha256_of(file) for name, file in current.items()}
    same = all(bundled.get(name) == seen.get(name) for name in COPIED)
    if not same or _approval(permit) != release.facts.get("approval"):
        raise NotReady(
            "The model or its approval changed while the release was made.",
            hint="Look at the approval, then try again.",
        )
    return permit


def _approval(permit: Permit) -> dict[str, Any]:
    return {
        "stage": permit.stage.value if permit.stage else None,
        "submission": permit.submission_id,
        "content_hash": permit.content_hash,
    }


def _interface(depot: Depot, actor: Actor, model: ModelRef) -> Interface:
    folder = depot.sources.folder(actor, model)
    card = read_card(folder)
    return Interface.of(card, sha256_of(folder / MODEL_FILE))


def _check(asked: ReleaseRequest) -> None:
    check_name(asked.name)
    check_version(asked.version, asked.scheme)
    if len(asked.notes) > NOTES_LONGEST or "\0" in asked.notes:
        raise InvalidInput("The release notes are too long.", hint="20,000 characters at most.")
    if not asked.notes.strip():
        raise InvalidInput("The release notes are missing.", hint="Say in a sentence what changed.")


def _queue(depot: Depot, actor: Actor, release: Release) -> Release:
    payload = {"release_id": release.id}
    job = JobRequest(JOB, release.job_key, release.experiment_id, payload, retries=RETRIES)
    queue(depot, actor, job, lambda why: ledger.fail(depot, actor, release, why))
    return release


@contextmanager
def _scratch(work_dir: Path) -> Iterator[Path]:
    work_dir.mkdir(parents=True, exist_ok=True)
    remove_forgotten(work_dir)
    folder = Path(tempfile.mkdtemp(prefix="release-", dir=work_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
