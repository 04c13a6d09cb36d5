"""From a file to an experiment's data: look, preview, ingest, correct; at once or as a job."""

import os
import shutil
from pathlib import Path

import pandas as pd

from engines.core.access import Actor, Capability, needs
from engines.core.errors import NotFound
from engines.core.files import sha256_of
from engines.core.progress import Progress, Silent
from engines.core.scheduling import JobRequest, JobState, Scheduler
from engines.data_sources.datasets import Datasets, attach, get
from engines.data_sources.detection import detect_file, judge_file, preview
from engines.data_sources.ingestion import Ingested, write_table
from engines.data_sources.models import Dataset
from engines.data_sources.options import STEPS, ColumnChoice, Detection, ReadOptions, Step
from engines.data_sources.partials import partial_of
from engines.data_sources.retention import remove_leftovers
from engines.data_sources.sql import disk_errors
from engines.data_sources.uploads import complete_upload, discard_upload

INLINE_BYTES = 50 * 1024**2  # bigger files are read by a job
JOB_KIND = "ingest"
JOB_SECONDS = 3600.0


@needs(Capability.DATA_WRITE)
def detect(
    datasets: Datasets, actor: Actor, upload_id: str, form: ReadOptions | None = None
) -> Detection:
    """Propose how to read an upload; with `form`, judge its columns anew under these choices.

    Raises InvalidInput (one sentence about the file), NotFound or NotReady.
    """
    upload, path = complete_upload(datasets, actor, upload_id)
    if form is None:
        return detect_file(path, upload.name, datasets.scratch_dir, datasets.limits)
    return judge_file(path, form, datasets.scratch_dir, datasets.limits)


@needs(Capability.DATA_WRITE)
def preview_file(
    datasets: Datasets, actor: Actor, upload_id: str, options: ReadOptions, rows: int = 50
) -> pd.DataFrame:
    """The first rows of an upload under the options, real names. Raises as `detect`."""
    _upload, path = complete_upload(datasets, actor, upload_id)
    return preview(path, options, datasets.scratch_dir, rows)


@needs(Capability.DATA_WRITE)
def ingest(
    datasets: Datasets,
    actor: Actor,
    upload_id: str,
    options: ReadOptions,
    progress: Progress | None = None,
) -> Dataset:
    """Turn an upload into its experiment's data, and remove the upload.

    Raises InvalidInput, BackendUnavailable (disk full), NotFound or NotReady; then nothing changed
    and the upload is still there.
    """
    upload, path = complete_upload(datasets, actor, upload_id)
    table = _stored(datasets, path, options, progress or Silent())
    dataset = attach(datasets, actor, upload.experiment_id, table, upload.name)
    discard_upload(datasets, actor, upload_id)
    return dataset


@needs(Capability.DATA_WRITE)
def ingest_file(
    datasets: Datasets, actor: Actor, experiment_id: str, path: Path, name: str
) -> Dataset:
    """Make a file of this machine the experiment's data under the options detected for it."""
    datasets.experiments.check_editable(actor, experiment_id)
    options = detect_file(path, name, datasets.scratch_dir, datasets.limits).options
    table = _stored(datasets, path, options, Silent())
    return attach(datasets, actor, experiment_id, table, name)


@needs(Capability.DATA_WRITE)
def revise(
    datasets: Datasets,
    actor: Actor,
    dataset_id: str,
    options: ReadOptions,
    change: str,
    progress: Progress | None = None,
) -> Dataset:
    """Read the raw file of a data set again under other options; a new version takes its place.

    The former version stays in the history: `restore` undoes the change. Raises as `ingest`.
    """
    former = get(datasets, actor, dataset_id)
    datasets.experiments.check_editable(actor, former.experiment_id)
    raw = datasets.raw_path(former.raw_sha256)
    if not raw.exists():
        raise NotFound("The raw file of this data set is gone.", hint="Upload it again.")
    table = _stored(datasets, raw, options, progress or Silent())
    return attach(datasets, actor, former.experiment_id, table, former.name, change)


@needs(Capability.DATA_WRITE)
def correct_type(
    datasets: Datasets, actor: Actor, dataset_id: str, choice: ColumnChoice
) -> Dataset:
    """Give one column another type, date pattern or marks for "missing", as a new version.

    Raises InvalidInput naming how many values do not fit, with examples.
    """
    options = read_options(get(datasets, actor, dataset_id))
    change = f"Read “{choice.name}” as {choice.type}"
    return revise(datasets, actor, dataset_id, options.with_column(choice), change)


@needs(Capability.DATA_WRITE)
def clean(datasets: Datasets, actor: Actor, dataset_id: str, steps: tuple[Step, ...]) -> Dataset:
    """Apply exactly these cleaning steps to the raw file, as a new version."""
    options = read_options(get(datasets, actor, dataset_id))
    change = "; ".join(STEPS[step] for step in steps) or "No cleaning steps"
    ordered = tuple(step for step in Step if step in steps)
    return revise(
        datasets, actor, dataset_id, options.model_copy(update={"steps": ordered}), change
    )


def read_options(dataset: Dataset) -> ReadOptions:
    """The options a data set was read with."""
    return ReadOptions.model_validate(dataset.options)


def is_big(size: int) -> bool:
    """True when a file of that many bytes is read by a job and not in the page."""
    return size > INLINE_BYTES


@needs(Capability.DATA_WRITE)
def queue_ingest(
    datasets: Datasets, scheduler: Scheduler, actor: Actor, upload_id: str, options: ReadOptions
) -> str:
    """Queue `ingest` of an upload as a job and return its key; pressing twice queues one job."""
    upload, _path = complete_upload(datasets, actor, upload_id)
    payload = {"upload_id": upload_id, "options": options.model_dump(mode="json")}
    key = _free_key(scheduler, f"ingest-{upload_id}")
    request = JobRequest(JOB_KIND, key, upload.experiment_id, payload, JOB_SECONDS, retries=1)
    scheduler.submit(actor, request)
    return key


@needs(Capability.DATA_WRITE)
def queue_revise(
    datasets: Datasets,
    scheduler: Scheduler,
    actor: Actor,
    dataset_id: str,
    options: ReadOptions,
    change: str,
) -> str:
    """Queue `revise` of a data set as a job and return its key."""
    dataset = get(datasets, actor, dataset_id)
    payload = {
        "dataset_id": dataset_id,
        "options": options.model_dump(mode="json"),
        "change": change,
    }
    key = _free_key(scheduler, f"ingest-{options.table_id(dataset.raw_sha256)[:32]}")
    request = JobRequest(JOB_KIND, key, dataset.experiment_id, payload, JOB_SECONDS, retries=1)
    scheduler.submit(actor, request)
    return key


@needs(Capability.DATA_WRITE)
def run_ingest_job(
    datasets: Datasets, actor: Actor, payload: dict[str, object], progress: Progress
) -> Dataset:
    """Do what `queue_ingest` or `queue_revise` asked for; first remove what a killed one left."""
    remove_leftovers(datasets)
    options = ReadOptions.model_validate(payload["options"])
    if upload_id := payload.get("upload_id"):
        return ingest(datasets, actor, str(upload_id), options, progress)
    dataset_id, change = str(payload["dataset_id"]), str(payload["change"])
    return revise(datasets, actor, dataset_id, options, change, progress)


def _free_key(scheduler: Scheduler, stem: str) -> str:
    """The key of the live job for this work, or the next one nobody used."""
    number = 1
    while True:
        key = f"{stem}-{number}"
        try:
            state = scheduler.status(key).state
        except NotFound:
            return key
        if state in (JobState.QUEUED, JobState.RUNNING):
            return key
        number += 1


def _stored(datasets: Datasets, path: Path, options: ReadOptions, progress: Progress) -> Ingested:
    """The stored table, with the raw file kept beside it so that it can be read again."""
    progress.report(0.02, "Checking the file's fingerprint")
    raw_sha256 = sha256_of(path)
    kept = datasets.raw_path(raw_sha256)
    is_new = _keep_raw(path, kept)
    try:
        return write_table(
            path,
            raw_sha256,
            options,
            store=datasets.store_dir,
            scratch=datasets.scratch_dir,
            limits=datasets.limits,
            progress=progress,
        )
    except BaseException:
        if is_new:
            kept.unlink(missing_ok=True)
        raise


def _keep_raw(path: Path, target: Path) -> bool:
    """Keep the raw file under its hash; false when it was there already."""
    if target.exists():
        os.utime(target)  # one that is out of use shall not be removed meanwhile
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(target)
    try:
        with disk_errors():
            _link_or_copy(path, partial)
        os.utime(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _link_or_copy(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, target)
