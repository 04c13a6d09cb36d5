"""The release bundle: everything needed to run, judge and trace one model, in files."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from engines.artifacts import archives, onnx_model, scanning
from engines.artifacts.dependencies import Dependency, dependencies, lock, pins_of
from engines.artifacts.layout import INDEX, release_folder
from engines.artifacts.models import Release
from engines.artifacts.sbom import bill
from engines.artifacts.scanning import Finding
from engines.artifacts.wheel import build_wheel, wheel_name
from engines.core.errors import InvalidInput, NotFound
from engines.core.files import sha256_of
from engines.core.gate import Permit
from engines.core.model_card import CARD_FILE, MODEL_FILE, ModelCard, read_card
from engines.core.progress import Progress
from engines.core.trusted_types import TRUSTED_TYPES

COPIED = (MODEL_FILE, CARD_FILE, "forecast.json", "metrics.json", "importance.json")
NEEDED = frozenset({"README.md", "predict.py", "requirements.txt"})
MANIFEST = "manifest.json"
SBOM = "sbom.cdx.json"
DOCKERFILE = """# The model {name}, release {version}. Build it where packages can be had:
#   docker build -t {name}:{version} .
# and run it without any network, on a folder with rows.csv:
#   docker run --rm --network none --read-only --user 10001:10001 -v "$PWD/io:/io" \\
#     {name}:{version} /io/rows.csv /io/answers.csv
FROM python:{python}-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /model
COPY requirements.lock .
RUN pip install --no-deps -r requirements.lock && useradd --uid 10001 --no-create-home model
COPY . .
USER 10001:10001
ENTRYPOINT ["python", "predict.py"]
"""


class Format(StrEnum):
    """Packages a release can hold beside its loose files."""

    ZIP = "zip"
    TAR_GZ = "tar.gz"
    WHEEL = "wheel"


@dataclass(frozen=True)
class Material:
    """What a bundle is made of; `approval` names what the permission rests on."""

    folder: Path
    scripts: Mapping[str, bytes]
    evidence: Mapping[str, bytes]
    holdout: pd.DataFrame | None
    approval: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A finished bundle: files by their path below the release's folder, and what was found."""

    files: Mapping[str, Path]
    index: Path
    findings: tuple[Finding, ...]
    needed: tuple[Dependency, ...]
    facts: Mapping[str, Any]

    @property
    def listed(self) -> list[dict[str, Any]]:
        """Path, size and SHA-256 of every file, as the index tells them."""
        listed: list[dict[str, Any]] = json.loads(self.index.read_text("utf-8"))["files"]
        return listed


def model_files(folder: Path) -> dict[str, Path]:
    """The files of a model's folder that are released, by name."""
    return {name: folder / name for name in COPIED if (folder / name).exists()}


def model_hashes(release: Release) -> dict[str, str]:
    """SHA-256 of the release's model files, by their names in the model's folder."""
    inside = f"{release_folder(release.name, release.version)}/files/"
    hashes = {str(one["path"]).removeprefix(inside): str(one["sha256"]) for one in release.files}
    return {name: hashes[name] for name in COPIED if name in hashes}


def check_bundled(release: Release, permit: Permit) -> None:
    """Raise NotAllowed unless the release's model files are those the gate saw in their folder.

    What was written down at publishing is not believed alone: it can be changed with the store.
    """
    for name, sha256 in model_hashes(release).items():
        permit.check(name, sha256)


def build(release: Release, material: Material, into: Path, progress: Progress) -> Bundle:
    """Make the bundle in the empty folder `into`; the same arguments give the same bytes.

    Raises InvalidInput when the scan stops it, NotReady when libraries are missing.
    """
    loose = into / "files"
    loose.mkdir()
    copied = _copy(material, loose)
    progress.report(0.1, "Scanning the model")
    scanning.refuse_blocked(early := scanning.scan(copied))
    card, model_sha = read_card(loose), sha256_of(loose / MODEL_FILE)
    needed = dependencies(pins_of((loose / "requirements.txt").read_text("utf-8")))
    progress.report(0.2, "Converting to ONNX")
    onnx = _write_onnx(loose, card, material.holdout)
    _write_texts(loose, release, card, needed, model_sha)
    facts = {
        "model_sha256": model_sha, "onnx": onnx.reason or "included",
        "licences_unknown": [one.name for one in needed if not one.is_known],
    }  # fmt: skip
    files = {file.name: file for file in sorted(loose.iterdir())}
    found = dict.fromkeys((*early, *scanning.scan(files)))
    _write_manifest(loose / MANIFEST, release, material, files, list(found), facts)
    files[MANIFEST] = loose / MANIFEST
    progress.report(0.3, "Packing")
    packages = _pack(release, files, into / "packages")
    found |= dict.fromkeys(scanning.scan(packages))
    scanning.refuse_blocked(found)
    stored = {f"files/{name}": file for name, file in files.items()}
    stored |= {f"packages/{name}": file for name, file in packages.items()}
    index = _write_index(into / INDEX, release, stored)
    return Bundle(stored, index, tuple(found), tuple(needed), facts)


def _copy(material: Material, into: Path) -> dict[str, Path]:
    """Copy first, judge after: what is scanned is what is sent."""
    if missing := NEEDED - material.scripts.keys():
        raise InvalidInput(f"{', '.join(sorted(missing))} could not be made for this model.")
    if not (material.folder / MODEL_FILE).exists():
        raise NotFound("The model's file is gone.", hint="Train again to have it back.")
    for name, file in model_files(material.folder).items():
        shutil.copyfile(file, into / name)
    for name, content in {**material.evidence, **material.scripts}.items():
        if Path(name).name != name or (into / name).exists():
            raise InvalidInput(f"“{name}” cannot be a file of a release.")
        (into / name).write_bytes(content)
    return {file.name: file for file in into.iterdir()}


def _write_onnx(into: Path, card: ModelCard, holdout: pd.DataFrame | None) -> onnx_model.OnnxResult:
    import skops.io

    pipeline = skops.io.load(into / MODEL_FILE, trusted=list(TRUSTED_TYPES))
    result = onnx_model.convert(pipeline, card, holdout)
    if result.content is not None:
        (into / "model.onnx").write_bytes(result.content)
    told = {"included": not result.reason, "reason": result.reason, "allowed": onnx_model.EXACT}
    _json(into / "onnx.json", {**told, "largest_difference": _finite(result.difference)})
    return result


def _finite(value: float | None) -> float | None:
    return value if value is not None and value < float("inf") else None


def _write_texts(
    into: Path, release: Release, card: ModelCard, needed: list[Dependency], model_sha: str
) -> None:
    python = card.versions.get("python", "3.11")
    named = {"name": release.name, "version": release.version}
    texts = {
        "requirements.lock": lock(needed),
        "RELEASE_NOTES.md": f"# {release.title}\n\n{release.notes.strip()}\n",
        "Dockerfile": DOCKERFILE.format(**named, python=python),
    }
    for name, text in texts.items():
        (into / name).write_text(text, "utf-8")
    whole = bill(release.name, release.version, model_sha, needed, release.created_at)
    (into / SBOM).write_bytes(whole)
    rows = [vars(one) for one in needed]
    _json(into / "dependencies.json", rows)


def _write_manifest(
    place: Path,
    release: Release,
    material: Material,
    files: Mapping[str, Path],
    found: list[Finding],
    facts: Mapping[str, Any],
) -> None:
    told = {
        "name": release.name,
        "version": release.version,
        "model": str(release.model),
        "created_at": release.created_at.isoformat(),
        "released_by": release.actor_name,
        "approval": dict(material.approval),
        "scan": [one.as_json() for one in found],
        **facts,
        "files": {name: sha256_of(file) for name, file in files.items()},
    }
    _json(place, told)


def _pack(release: Release, files: Mapping[str, Path], into: Path) -> dict[str, Path]:
    into.mkdir()
    stem = f"{release.name}-{release.version}"
    inside = {f"{stem}/{name}": file for name, file in files.items()}
    wheel = wheel_name(release.name, release.version)
    makers: dict[Format, tuple[str, Callable[[Path], None]]] = {
        Format.ZIP: (f"{stem}.zip", lambda place: archives.write_zip(place, inside)),
        Format.TAR_GZ: (f"{stem}.tar.gz", lambda place: archives.write_tar(place, inside)),
        Format.WHEEL: (
            wheel, lambda place: build_wheel(place, release.name, release.version, files)
        ),
    }  # fmt: skip
    made = {}
    for name, write in (makers[Format(one)] for one in sorted(release.formats)):
        write(into / name)
        made[name] = into / name
    return made


def _write_index(place: Path, release: Release, files: Mapping[str, Path]) -> Path:
    """The file that makes the release visible: every other file with size and checksum."""
    folder = release_folder(release.name, release.version)
    listed = [
        {"path": f"{folder}/{path}", "size": file.stat().st_size, "sha256": sha256_of(file)}
        for path, file in sorted(files.items())
    ]
    told = {"name": release.name, "version": release.version, "release": release.id}
    _json(place, {**told, "model": str(release.model), "files": listed})
    return place


def _json(place: Path, value: Any) -> None:
    place.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False), "utf-8")
