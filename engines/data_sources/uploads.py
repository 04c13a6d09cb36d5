"""Files on their way in: sliced, resumable, counted against a quota, purged when forgotten."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import FileIO
from math import ceil
from pathlib import Path

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.database import now
from engines.core.errors import InvalidInput, NotFound, NotReady
from engines.data_sources.datasets import Datasets, raw_bytes
from engines.data_sources.files import check_name
from engines.data_sources.models import Upload
from engines.data_sources.names import clean
from engines.data_sources.retention import remove_leftovers
from engines.data_sources.sql import disk_errors, disk_full

SLICE_BYTES = 8 * 1024**2
PARTIAL_KEPT = timedelta(days=1)
COMPLETE_KEPT = timedelta(days=7)
QUIET = timedelta(seconds=30)  # an upload silent for this long has broken off
SPARE_BYTES = 64 * 1024**2  # what must stay free on the disk beside a new upload
LONGEST_NAME = 150


@needs(Capability.DATA_WRITE)
def start_upload(
    datasets: Datasets, actor: Actor, experiment_id: str, name: str, size: int, modified: int = 0
) -> Upload:
    """Open an upload of `size` bytes, or find the same one broken off earlier, to go on with.

    The same file is one of the same name, size and time of change (`modified`, ms since 1970).
    Raises InvalidInput (kind, size, quota), NotAllowed, NotFound or BackendUnavailable (disk).
    """
    datasets.experiments.check_editable(actor, experiment_id)
    purge_uploads(datasets)
    shown = clean(Path(name.replace("\\", "/")).name)[-LONGEST_NAME:]
    check_name(shown)
    _check_size(datasets, size)
    with datasets.db.write() as session:
        upload = Upload(
            experiment_id=experiment_id,
            actor_id=actor.id,
            name=shown,
            size=size,
            modified=modified,
        )
        if same := _broken_off(session, upload):
            return same
        _check_quota(datasets, session, actor, size)
        session.add(upload)
        session.flush()
    datasets.uploads_dir.mkdir(parents=True, exist_ok=True)
    upload_path(datasets, upload).touch()
    return upload


@needs(Capability.DATA_WRITE)
def write_slice(
    datasets: Datasets, actor: Actor, upload_id: str, offset: int, content: bytes
) -> int:
    """Append one slice at `offset` and return how many bytes have arrived.

    Raises InvalidInput (longer than declared), NotReady (another offset is expected, or a slice is
    being written), NotFound, or BackendUnavailable (disk full; what arrived before stays).
    """
    upload = _mine(datasets, actor, upload_id)
    if upload.complete:
        raise NotReady("This upload is complete.", hint="Start a new one for another file.")
    if len(content) > SLICE_BYTES or offset + len(content) > upload.size:
        raise InvalidInput("More bytes arrived than were announced.", hint="Start the upload anew.")
    received = _append(upload_path(datasets, upload), offset, content)
    with datasets.db.write() as session:
        upload.touched_at = now()
        session.merge(upload)
    return received


def _append(path: Path, offset: int, content: bytes) -> int:
    with _locked(path) as file, disk_errors():
        if (present := file.seek(0, os.SEEK_END)) != offset:
            raise NotReady(f"The next byte expected is number {present}.", hint="Go on from there.")
        left = memoryview(content)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            file.truncate(offset)  # a slice is whole or absent
            raise
    return offset + len(content)


@contextmanager
def _locked(path: Path) -> Iterator[FileIO]:
    with FileIO(path, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotReady("Another slice is being written.", hint="Try again.") from error
        yield file


@needs(Capability.DATA_WRITE)
def upload_status(datasets: Datasets, actor: Actor, upload_id: str) -> tuple[Upload, int]:
    """The upload and how many of its bytes have arrived. Raises NotFound."""
    upload = _mine(datasets, actor, upload_id)
    return upload, upload_path(datasets, upload).stat().st_size


@needs(Capability.DATA_WRITE)
def finish_upload(datasets: Datasets, actor: Actor, upload_id: str) -> Upload:
    """Declare the upload complete. Raises NotReady when bytes are missing, NotFound."""
    upload, received = upload_status(datasets, actor, upload_id)
    if received != upload.size:
        raise NotReady(
            f"Only {received:,} of {upload.size:,} bytes have arrived.",
            hint="Choose the same file again; the upload goes on where it stopped.",
        )
    with datasets.db.write() as session:
        upload.complete, upload.touched_at = True, now()
        session.merge(upload)
        subject = f"experiment:{upload.experiment_id}"
        events.record(session, actor, "upload.finished", subject, name=upload.name, bytes=received)
    return upload


@needs(Capability.DATA_WRITE)
def discard_upload(datasets: Datasets, actor: Actor, upload_id: str) -> None:
    """Delete an upload and its bytes. Raises NotFound."""
    _remove(datasets, _mine(datasets, actor, upload_id))


@needs(Capability.DATA_WRITE)
def pending_upload(datasets: Datasets, actor: Actor, experiment_id: str) -> Upload | None:
    """The actor's newest complete upload that is no data set yet."""
    mine = _of(actor).where(Upload.experiment_id == experiment_id, col(Upload.complete).is_(True))
    with datasets.db.read() as session:
        return session.exec(mine.order_by(col(Upload.created_at).desc())).first()


@needs(Capability.DATA_WRITE)
def broken_uploads(datasets: Datasets, actor: Actor, experiment_id: str) -> list[Upload]:
    """The actor's uploads that stopped half-way and can go on, newest first."""
    mine = _of(actor).where(
        Upload.experiment_id == experiment_id,
        col(Upload.complete).is_(False),
        col(Upload.touched_at) <= now() - QUIET,
    )
    with datasets.db.read() as session:
        return list(session.exec(mine.order_by(col(Upload.created_at).desc())).all())


def purge_uploads(datasets: Datasets) -> int:
    """Delete uploads nobody went on with: partial ones after a day, complete ones after a week.

    What crashes left behind and raw files nobody needs any longer go with them.
    """
    stale = select(Upload).where(
        (col(Upload.touched_at) < now() - COMPLETE_KEPT)
        | (col(Upload.complete).is_(False) & (col(Upload.touched_at) < now() - PARTIAL_KEPT))
    )
    with datasets.db.read() as session:
        found = list(session.exec(stale).all())
    for upload in found:
        _remove(datasets, upload)
    remove_leftovers(datasets)
    return len(found)


def complete_upload(datasets: Datasets, actor: Actor, upload_id: str) -> tuple[Upload, Path]:
    """A complete upload of the actor and its file. Raises NotFound or NotReady."""
    upload = _mine(datasets, actor, upload_id)
    if not upload.complete:
        raise NotReady("The upload is not complete.", hint="Choose the same file again to go on.")
    return upload, upload_path(datasets, upload)


def upload_path(datasets: Datasets, upload: Upload) -> Path:
    """Where the bytes lie: under a generated name, never the one the browser sent."""
    return datasets.uploads_dir / f"{upload.id}.part"


def _of(actor: Actor) -> SelectOfScalar[Upload]:
    return select(Upload).where(Upload.actor_id == actor.id)


def _mine(datasets: Datasets, actor: Actor, upload_id: str) -> Upload:
    with datasets.db.read() as session:
        upload = session.get(Upload, upload_id)
    if upload is None or upload.actor_id != actor.id:
        raise NotFound("There is no such upload.", hint="It may have been removed; start anew.")
    datasets.experiments.check_editable(actor, upload.experiment_id)
    return upload


def _broken_off(session: Session, upload: Upload) -> Upload | None:
    same = select(Upload).where(
        Upload.actor_id == upload.actor_id,
        Upload.experiment_id == upload.experiment_id,
        Upload.name == upload.name,
        Upload.size == upload.size,
        Upload.modified == upload.modified,
        col(Upload.complete).is_(False),
    )
    return session.exec(same).first()


def _check_size(datasets: Datasets, size: int) -> None:
    limit = datasets.limits.upload_bytes
    if size <= 0:
        raise InvalidInput("The file is empty.", hint="Choose a file that has rows.")
    if size > limit:
        raise InvalidInput(
            f"The file has {ceil(size / 1e6):,} MB; at most {limit // 10**6:,} MB are accepted.",
            hint="Save it as Parquet, which is much smaller, or leave out columns.",
        )
    datasets.uploads_dir.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(datasets.uploads_dir).free < size + SPARE_BYTES:
        raise disk_full()


def _check_quota(datasets: Datasets, session: Session, actor: Actor, size: int) -> None:
    pending = sum(upload.size for upload in session.exec(_of(actor)).all())
    limit = datasets.limits.upload_bytes_per_user
    if (wanted := raw_bytes(datasets, session, actor) + pending + size) > limit:
        raise InvalidInput(
            f"With this file you would store {wanted / 1e9:,.2f} GB, more than your"
            f" {limit / 1e9:,.2f} GB.",
            hint="Discard uploads you do not need, or ask the platform team for more.",
        )


def _remove(datasets: Datasets, upload: Upload) -> None:
    with datasets.db.write() as session:
        if present := session.get(Upload, upload.id):
            session.delete(present)
    upload_path(datasets, upload).unlink(missing_ok=True)
    for copy in datasets.scratch_dir.glob(f"{upload.id}-*"):
        copy.unlink(missing_ok=True)
