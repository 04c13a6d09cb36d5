"""Routes that hand out files: a model ready to run, everything of a run, a release, the evidence.

They stand behind the gate, which knows the person; the engine checks the person's right and
writes the audit row. A file is made on disk, streamed from there, and gone when it was sent.
"""

import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.uploads import STATUS, ActorOf, gate_actor
from engines import artifacts, eda, projects, results, training
from engines.core.access import Actor, Capability, require
from engines.core.correlation import correlated
from engines.core.database import new_id
from engines.core.errors import MlaasError, NotFound
from engines.eda import ReportKind
from engines.governance import register
from engines.wiring import Services

SLICE = 1024 * 1024  # bytes sent at once
LONGEST_NAME = 60  # letters of an experiment's name in a file's
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Pack = Callable[[Services, Actor, Request], Path]


def routes(services: Services, actor_of: ActorOf = gate_actor) -> list[Route]:
    """The download routes on these services."""
    return [
        Route(path, partial(_send, services, actor_of, pack), methods=["GET"])
        for path, pack in (
            ("/downloads/model/{run_id:str}/{task:str}.zip", _model),
            ("/downloads/run/{run_id:str}.zip", _run),
            ("/downloads/evidence.jsonl", _evidence),
            ("/downloads/release/{release_id:str}/{repository:str}/{file:path}", _release),
        )
    ]


def model_url(run_id: str, task: str) -> str:
    """Where one model's package is fetched."""
    return f"/downloads/model/{run_id}/{task}.zip"


def run_url(run_id: str) -> str:
    """Where the package of everything is fetched."""
    return f"/downloads/run/{run_id}.zip"


def evidence_url() -> str:
    """Where the signed evidence is fetched."""
    return "/downloads/evidence.jsonl"


def release_url(release_id: str, repository: str, file: str) -> str:
    """Where one file of a release is fetched from that repository."""
    return f"/downloads/release/{release_id}/{repository}/{file}"


async def _send(services: Services, actor_of: ActorOf, pack: Pack, request: Request) -> Response:
    actor = actor_of(request)
    if actor is None:
        return PlainTextResponse("You are signed out.", 401)
    try:
        place = await run_in_threadpool(_packed, services, actor, pack, request)
        name = await run_in_threadpool(_file_name, services, actor, request)
    except MlaasError as failure:
        return PlainTextResponse(str(failure), STATUS.get(type(failure), 500))
    return _stream(place, name)


def _packed(services: Services, actor: Actor, pack: Pack, request: Request) -> Path:
    with correlated():
        return pack(services, actor, request)


def _model(services: Services, actor: Actor, request: Request) -> Path:
    given = request.path_params
    where = services.db, services.runs, services.gate
    return results.model_package(*where, actor, given["run_id"], given["task"])


def _run(services: Services, actor: Actor, request: Request) -> Path:
    run_id = request.path_params["run_id"]
    require(actor, Capability.MODEL_DOWNLOAD)  # before reports are drawn for nothing
    reports = explorations(services, actor, run_id)
    where = services.db, services.runs, services.gate
    return results.run_package(*where, actor, run_id, reports)


def _release(services: Services, actor: Actor, request: Request) -> Path:
    require(actor, Capability.MODEL_DOWNLOAD)
    depot, given = services.depot, request.path_params
    if given["repository"] not in list(artifacts.Repository):
        raise NotFound("There is no such repository.", hint="Choose one from the release's page.")
    where = artifacts.Repository(given["repository"])
    depot.work_dir.mkdir(parents=True, exist_ok=True)
    place = depot.work_dir / f"download-{new_id()}"
    return artifacts.retrieve(depot, actor, given["release_id"], given["file"], place, where)


def _evidence(services: Services, actor: Actor, request: Request) -> Path:
    require(actor, Capability.AUDIT_READ)
    handle, name = tempfile.mkstemp(prefix=".evidence-", dir=services.settings.paths.data)
    try:
        with os.fdopen(handle, "wb") as out:
            register.write_evidence(services.db, actor, services.secrets, out)
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)


def explorations(services: Services, actor: Actor, run_id: str) -> dict[str, bytes]:
    """The newest reports on the run's data set, by path in the zip; none without the right."""
    if not actor.may(Capability.EDA_READ):
        return {}
    run = training.run(services.db, actor, run_id, services.experiments)
    files: dict[str, bytes] = {}
    for kind in ReportKind:
        found = eda.standings(services.study, actor, run.experiment_id, kind, run.dataset_id)
        newest = next((each for each in found if each.ready), None)
        if newest and kind is ReportKind.PROFILE:
            files["eda/profile.html"] = eda.profile(services.study, actor, newest.row.id)
        elif newest:
            exported = eda.exported(services.study, actor, newest.row.id)
            files |= {f"eda/{name}": content for name, content in exported.items()}
    return files


def _file_name(services: Services, actor: Actor, request: Request) -> str:
    """A name that tells in a folder of downloads what it is: experiment, task, run."""
    given = request.path_params
    if request.url.path == evidence_url():
        return "evidence.jsonl"
    if "file" in given:
        return str(given["file"]).rsplit("/", 1)[-1]
    run = training.run(services.db, actor, given["run_id"], services.experiments)
    experiment = projects.get(services.db, actor, run.experiment_id)
    what = str(given.get("task", "everything")).replace("_", "-")
    return "-".join(filter(None, [_slug(experiment.name), what, run.id[:8]])) + ".zip"


def _slug(name: str) -> str:
    """The name's ASCII letters and digits, for a header and any file system."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_NAME].strip("-")


def _stream(place: Path, name: str) -> Response:
    """Send the file and forget it: its name is removed before the first byte leaves."""
    file = place.open("rb")
    size = place.stat().st_size
    place.unlink()
    headers = {
        **HEADERS,
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    kind = "application/zip" if name.endswith(".zip") else "application/octet-stream"
    return StreamingResponse(_slices(file), media_type=kind, headers=headers)


def _slices(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while part := file.read(SLICE):
            yield part
