"""A process that claims until nothing is left, for the race of two of them."""

import os
import sys
import time
from pathlib import Path

from engines.core.database import Database
from engines.orchestration import WorkerLimits, queue

if __name__ == "__main__":
    url, gate, ready = sys.argv[1:]
    db, limits = Database(url), WorkerLimits(slots=1)
    me = queue.register(db, os.getpid(), slots=1)
    Path(ready).touch()
    while not Path(gate).exists():
        time.sleep(0.005)
    while job := queue.claim(db, me, limits):
        print(job.key, job.attempt)
        time.sleep(0.01)  # so that on a busy machine the other one gets its turn as well
