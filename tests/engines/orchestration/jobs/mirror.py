"""A program for tests of the fork server: tells on its standard output what it finds."""

import json
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np


def shown(name: str) -> str:
    """The variable as the kernel shows it to others."""
    pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
    return next(pair for pair in pairs if pair.startswith(name.encode())).decode()


def told() -> dict[str, object]:
    """What this process knows of itself."""
    return {
        "pid": os.getpid(),
        "name": Path("/proc/self/comm").read_text().strip(),
        "session": os.getsid(0),
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "lease": shown("MLAAS_JOB_LEASE"),
        "temporary": tempfile.gettempdir(),
        "draws": [random.random(), float(np.random.random())],
        "module": sys.modules["__main__"].__spec__.name,
        "has_polars": "polars" in sys.modules,
    }


if __name__ == "__main__":
    if "--polars" in sys.argv:
        import polars as pl

        numbers = pl.DataFrame({"group": [i % 7 for i in range(100_000)], "x": range(100_000)})
        print(numbers.lazy().group_by("group").agg(pl.col("x").sum()).collect()["x"].sum())
        sys.exit(3)
    print(json.dumps(told()), flush=True)
    if "--hang" in sys.argv:
        signal.pause()
