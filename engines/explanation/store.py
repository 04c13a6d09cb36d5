"""Sealed explanations on disk: `<run>/<task>/`, with the SHA-256 of every file in its manifest."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from engines.core.errors import BackendUnavailable, InvalidInput, NotReady
from engines.core.files import put_in_place, sha256_of, write_json
from engines.core.model_ref import ModelRef

MANIFEST = "manifest.json"
MODEL_FILES = ("model.skops", "model.json", "holdout.parquet")


def place(folder: Path, model: ModelRef) -> Path:
    """Where a model's explanation lies."""
    return folder / model.run_id / model.task


def seal(
    folder: Path,
    model: ModelRef,
    texts: Mapping[str, Any],
    frames: Mapping[str, pd.DataFrame],
    task_folder: Path,
) -> Path:
    """Write JSON and Parquet files with their manifest; they become visible all at once.

    Raises BackendUnavailable when the disk refuses.
    """
    final = place(folder, model)
    draft = final.with_name(f".{final.name}.partial")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name, value in texts.items():
            write_json(draft / name, value)
        for name, frame in frames.items():
            frame.to_parquet(draft / name, index=False)
        _write_manifest(draft, model, task_folder)
        put_in_place(draft, final)
    except OSError as error:
        raise BackendUnavailable(
            f"The explanation could not be written: {error.strerror or error}.",
            hint="Tell the platform team; nothing else was lost.",
        ) from error
    return final


def exists(folder: Path, model: ModelRef) -> bool:
    """True when there is an explanation."""
    return (place(folder, model) / MANIFEST).exists()


def opened(folder: Path, model: ModelRef) -> Path:
    """The explanation's folder, after checking every file against the manifest.

    Raises NotReady (none yet) or InvalidInput naming the file that was changed.
    """
    made = place(folder, model)
    for name, known in manifest(folder, model)["files"].items():
        if not (made / name).exists() or sha256_of(made / name) != known:
            raise InvalidInput(
                f"The explanation's file “{name}” is not as it was sealed.",
                hint="Make the explanation again, and tell the platform team.",
            )
    return made


def manifest(folder: Path, model: ModelRef) -> dict[str, Any]:
    """The manifest: files, and the model's files they were made from. Raises NotReady.

    It holds no time of its own: the same model explained again gives the same bytes.
    """
    try:
        text = (place(folder, model) / MANIFEST).read_text("utf-8")
    except OSError as error:
        raise NotReady(
            "This model has no explanation yet.", hint="Make it on the Results page, tab Explain."
        ) from error
    found: dict[str, Any] = json.loads(text)
    return found


def is_current(folder: Path, model: ModelRef, task_folder: Path) -> bool:
    """True when the explanation was made from the model's files as they are now."""
    return bool(manifest(folder, model)["model"] == fingerprints(task_folder))


def note_job(folder: Path, model: ModelRef, key: str) -> None:
    """Remember the newest job beside the explanation's folder."""
    final = place(folder, model)
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f".{final.name}.{key[-8:]}")
    draft.write_text(key, "utf-8")
    draft.replace(final.with_name(f".{final.name}.job"))


def noted_job(folder: Path, model: ModelRef) -> str:
    """The key of the newest job, or an empty text."""
    final = place(folder, model)
    file = final.with_name(f".{final.name}.job")
    return file.read_text("utf-8") if file.exists() else ""


def fingerprints(task_folder: Path) -> dict[str, str]:
    """SHA-256 of the model's files that an explanation rests on."""
    files = [task_folder / name for name in MODEL_FILES]
    return {file.name: sha256_of(file) for file in files if file.exists()}


def _write_manifest(draft: Path, model: ModelRef, task_folder: Path) -> None:
    told = {
        "model_name": str(model),
        "model": fingerprints(task_folder),
        "files": {file.name: sha256_of(file) for file in sorted(draft.iterdir())},
    }
    write_json(draft / MANIFEST, told)
