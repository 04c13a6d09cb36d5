"""A process that publishes or promotes one release, to be killed:
`python -m … <act> <store> <address> <root> <folder> <id>`; the store is `folder` or an address.

Prints `ready` when it begins and `done` when it has finished; each store act takes a moment, so
that kills fall between them too.
"""

import sys
import time
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


def main(act: str, store: str, address: str, root: str, folder: str, release_id: str) -> None:
    """Do the act in the depot below `folder`."""
    place = Path(folder)
    depot = depot_on(
        Database(address),
        SlowStore(place / "artifacts", KEYS)
        if store == "folder"
        else ArtifactoryStore(store, KEYS, lambda: "good-token", 5.0, waits=(0.0,)),
        Path(root),
        place / "work",
    )
    import skops.io  # noqa: F401 - what takes long to import is no part of publishing

    assert onnx_model.EXACT
    print("ready", flush=True)
    if act == "promote":
        artifacts.promote(depot, ACTOR, release_id, Repository.UAT, Silent())
    else:
        artifacts.publish(depot, ACTOR, release_id, Silent())
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
