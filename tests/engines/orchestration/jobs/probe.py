"""A job for tests: does what its payload asks for."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engines.core.access import Actor, Role
from engines.core.correlation import correlation_id
from engines.core.database import Database
from engines.core.errors import BackendUnavailable, InvalidInput
from engines.core.progress import Progress
from engines.orchestration import run_job

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def steps(payload: dict[str, Any], progress: Progress) -> None:
    """Report two steps, log the surroundings, end well."""
    progress.report(0.5, "Half way")
    progress.log(f"correlation {correlation_id()}")
    progress.log(f"threads {[os.environ.get(name) for name in THREADS]}")
    progress.log(f"nice {os.nice(0)} leader {os.getpgrp() == os.getpid()}")
    progress.log(f"tmp {os.environ['TMPDIR']}")


def family(payload: dict[str, Any], progress: Progress) -> None:
    """Start a child in the group and one in a session of its own, then hang."""
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    children = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
    pids = [os.getpid(), *(child.pid for child in children)]
    if payload.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    part = Path(payload["pids"] + ".part")
    part.write_text(" ".join(map(str, pids)))
    part.rename(payload["pids"])
    progress.report(0.25, "Hanging")
    time.sleep(600)


def fail(payload: dict[str, Any], progress: Progress) -> None:
    """Fail in the way asked for."""
    faults = {
        "refused": InvalidInput("The target has one class.", hint="Choose another."),
        "away": BackendUnavailable("The store is away."),
        "fault": RuntimeError("secret detail"),
    }
    if payload["how"] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if payload["how"] == "exit":
        os._exit(0)
    raise faults[payload["how"]]


ACTS = {"steps": steps, "family": family, "fail": fail}


def work(actor: Actor, payload: dict[str, Any], progress: Progress) -> None:
    """Do the act named in the payload."""
    progress.log(f"actor {actor.id} {sorted(map(str, actor.roles))}")
    ACTS[payload["act"]](payload, progress)


def analyst(user_id: str) -> Actor:
    """The person as the users table would give them now."""
    return Actor(id=user_id, name="now", roles=frozenset({Role.ANALYST}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--job", required=True)
    database = Database(os.environ["MLAAS_DATABASE__URL"])
    sys.exit(run_job(database, parser.parse_args().job, work, analyst))
