"""Downloads: one model ready to run, or everything of a run, as a zip made on disk."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.csv_export import to_safe_csv
from engines.core.database import Database
from engines.core.errors import NotFound
from engines.core.gate import Gate, Permit, Purpose
from engines.core.model_card import CARD_FILE, MODEL_FILE, card_of
from engines.core.model_ref import ModelRef
from engines.core.runs import Runs, task_folder
from engines.results.plots import PAGE, plots_page
from engines.results.read import TaskFiles, read_task
from engines.results.readme import readme
from engines.results.scores import leaderboard_frame
from engines.results.script import libraries, predict_script, requirements

COPIED = (MODEL_FILE, "forecast.json", "metrics.json", "importance.json", "leaderboard.json")
TABLES = {
    "holdout.parquet": "holdout_predictions.csv",
    "oof.parquet": "out_of_fold_predictions.csv",
    "assignments.parquet": "assignments.csv",
}
SLICE = 1024 * 1024  # bytes
PACKED = (".skops", ".parquet", ".zip", ".png")


@needs(Capability.MODEL_DOWNLOAD)
def model_package(
    db: Database, runs: Runs, gate: Gate, actor: Actor, run_id: str, task: str
) -> Path:
    """The zip of one model: model, card, README, predict.py, requirements, scores.

    Built in the run's folder and renamed when complete; the caller streams and deletes it.
    Raises NotFound or NotAllowed (the person, or the gate). Writes an audit row.
    """
    files = read_task(task_folder(runs, actor, run_id, task))
    permit = gate.may_use(actor, ModelRef(run_id, task), Purpose.DOWNLOAD)
    place = _zip(files.folder.parent, _model_files(files, permit))
    _audit(db, actor, "model.downloaded", run_id, task=task, bytes=place.stat().st_size)
    return place


@needs(Capability.MODEL_DOWNLOAD)
def run_package(
    db: Database,
    runs: Runs,
    gate: Gate,
    actor: Actor,
    run_id: str,
    reports: Mapping[str, Path | bytes] | None = None,
) -> Path:
    """The zip of everything: each task's model package, plots, predictions, tables and logs.

    `reports` maps a path in the zip to a file of the exploration. As `model_package` otherwise.
    """
    folder = runs.folder(actor, run_id)
    tasks = sorted(path.parent for path in folder.glob(f"*/{CARD_FILE}"))
    if not tasks:
        raise NotFound("This run has no model yet.", hint="Wait for it to end, or train again.")
    permits = [gate.may_use(actor, ModelRef(run_id, path.name), Purpose.DOWNLOAD) for path in tasks]
    place = _zip(folder, _run_files(folder, permits, reports or {}))
    _audit(db, actor, "run.downloaded", run_id, tasks=len(tasks), bytes=place.stat().st_size)
    return place


@dataclass(frozen=True)
class _Seen:
    """A file of a model, which must still be the one that the gate saw."""

    file: Path
    permit: Permit


Content = tuple[str, Path | bytes | _Seen]


def _model_files(files: TaskFiles, permit: Permit, prefix: str = "") -> Iterator[Content]:
    """Names in the zip and what they hold: a file on disk, or text made here."""
    files = replace(files, card=card_of(permit.read(files.folder, CARD_FILE)))
    card = files.card
    is_series = "series" in card.facts
    yield f"{prefix}README.md", readme(files, permit).encode()
    yield f"{prefix}predict.py", predict_script(is_series).encode()
    yield f"{prefix}requirements.txt", requirements(libraries(files.folder), card).encode()
    told = json.dumps(card.as_json(), indent=2, ensure_ascii=False, default=str)
    yield f"{prefix}{CARD_FILE}", told.encode()
    yield f"{prefix}leaderboard.csv", to_safe_csv(leaderboard_frame(files))
    for name in COPIED:
        if (files.folder / name).exists():
            yield f"{prefix}{name}", _Seen(files.folder / name, permit)


def _run_files(
    folder: Path, permits: Iterable[Permit], reports: Mapping[str, Path | bytes]
) -> Iterator[Content]:
    for permit in permits:
        task = folder / permit.model.task
        files, prefix = read_task(task), f"{task.name}/"
        yield from _model_files(files, permit, prefix)
        # Drawn anew: the page beside the model is no part of what was approved.
        yield f"{prefix}{PAGE}", plots_page(files).encode()
        yield from _tables(files, prefix)
    for log in sorted(folder.glob("*.log")):
        yield f"logs/{log.name}", log
    yield from reports.items()


def _tables(files: TaskFiles, prefix: str) -> Iterator[Content]:
    frames = {
        "holdout.parquet": files.holdout,
        "oof.parquet": files.out_of_fold,
        "assignments.parquet": files.assignments,
    }
    for name, frame in frames.items():
        if len(frame):
            yield f"{prefix}{TABLES[name]}", to_safe_csv(frame)


def _zip(folder: Path, contents: Iterable[Content]) -> Path:
    """Write the zip beside the run; what is packed already is stored, not packed again."""
    handle, name = tempfile.mkstemp(prefix=".download-", suffix=".zip", dir=folder)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as z,
        ):
            for inside, content in contents:
                if isinstance(content, bytes):
                    z.writestr(inside, content)
                elif isinstance(content, _Seen):
                    content.permit.check(content.file.name, _add(z, inside, content.file))
                else:
                    _add(z, inside, content)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _add(archive: ZipFile, inside: str, file: Path) -> str:
    """Put a file into the zip; the SHA-256 of exactly the bytes that went in."""
    entry, digest = ZipInfo.from_file(file, inside), hashlib.sha256()
    entry.compress_type = ZIP_STORED if file.suffix in PACKED else ZIP_DEFLATED
    with file.open("rb") as read, archive.open(entry, "w") as write:
        while part := read.read(SLICE):
            digest.update(part)
            write.write(part)
    return digest.hexdigest()


def _audit(db: Database, actor: Actor, act: str, run_id: str, **detail: object) -> None:
    with db.write() as session:
        events.record(session, actor, act, f"run:{run_id}", **detail)
