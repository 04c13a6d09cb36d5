"""A process that publishes one release, to be killed: `python -m … <address> <root> <folder> <id>`.

Prints `ready` when it begins and `done` when it has finished; each store act takes a moment, so
that kills fall between them too.
"""

import sys
import time
from pathlib import Path
from typing import Any

from engines import artifacts
from engines.artifacts import FolderStore, onnx_model
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.progress import Silent
from tests.harness.releases import depot_on

KEYS = {"dev": "mlaas-dev", "uat": "mlaas-uat", "prod": "mlaas-prod"}
PAUSE = 0.02  # seconds before and after each act of the store


class SlowStore(FolderStore):
    """The folder, with room between the acts."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in {"put", "list", "set_properties", "stat"}:
            return found

        def slowly(*given: Any) -> Any:
            time.sleep(PAUSE)
            answer = found(*given)
            time.sleep(PAUSE)
            return answer

        return slowly


def main(address: str, root: str, folder: str, release_id: str) -> None:
    """Publish the release in the depot below `folder`."""
    place = Path(folder)
    depot = depot_on(
        Database(address), SlowStore(place / "artifacts", KEYS), Path(root), place / "work"
    )
    actor = Actor("user-analyst", "analyst", frozenset({Role.ANALYST}))
    import skops.io  # noqa: F401 - what takes long to import is no part of publishing

    assert onnx_model.EXACT
    print("ready", flush=True)
    artifacts.publish(depot, actor, release_id, Silent())
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
