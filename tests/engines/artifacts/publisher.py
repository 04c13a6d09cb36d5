"""A process that publishes or promotes one release, to be killed.

It is forked from one that has imported what takes long, and begins a process group of its own.
Each store act takes a moment, so that kills fall between them too.
"""

import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from engines import artifacts
from engines.artifacts import FolderStore, Repository, onnx_model
from engines.artifacts.artifactory import ArtifactoryStore
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.progress import Silent
from tests.harness.releases import depot_on

KEYS = {"dev": "mlaas-dev", "uat": "mlaas-uat", "prod": "mlaas-prod"}
PAUSE = 0.02  # seconds before and after each act of the store
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    [__name__, "fickling.analysis", "lightgbm", "modelscan.modelscan", "onnxmltools", "onnxruntime",
     "skl2onnx", "skops.io"]
)  # fmt: skip
ACTOR = Actor("user-analyst", "analyst", frozenset({Role.ANALYST, Role.DEPLOYER}))


class SlowStore(FolderStore):
    """The folder, with room between the acts."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in {"put", "copy", "list", "set_properties", "stat"}:
            return found

        def slowly(*given: Any) -> Any:
            time.sleep(PAUSE)
            answer = found(*given)
            time.sleep(PAUSE)
            return answer

        return slowly


def start(
    act: str, store: str, address: str, root: Path, folder: Path, release_id: str
) -> tuple[BaseProcess, Connection]:
    """A publisher that has just begun, and where it says `done`; store: `folder` or an address."""
    here, there = FORKED.Pipe(duplex=False)
    given = (there, act, store, address, root, folder, release_id)
    process = FORKED.Process(target=_work, args=given, daemon=True)
    process.start()
    there.close()
    assert here.recv() == "ready"
    return process, here


def _work(
    said: Connection, act: str, store: str, address: str, root: Path, place: Path, release_id: str
) -> None:
    os.setsid()
    depot = depot_on(
        Database(address),
        SlowStore(place / "artifacts", KEYS)
        if store == "folder"
        else ArtifactoryStore(store, KEYS, lambda: "good-token", 5.0, waits=(0.0,)),
        root,
        place / "work",
    )
    assert onnx_model.EXACT
    said.send("ready")
    if act == "promote":
        artifacts.promote(depot, ACTOR, release_id, Repository.UAT, Silent())
    else:
        artifacts.publish(depot, ACTOR, release_id, Silent())
    said.send("done")
