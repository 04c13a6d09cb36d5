"""Recording while the training goes on: in a process beside it, or in its own at the end.

Why a process and not a thread: the pool forks workers from the training's process, again whenever
one is replaced, and a fork copies every lock as it is at that moment. A thread that talks to the
tracking server (its import, connection pools, logging) would sooner or later leave a worker with a
lock nobody opens. A spawned process shares no memory with the training, so it holds none of its
locks; it also takes nothing from the interpreter that feeds the workers, and is nicer than they
are. The two share only a pipe, read and written by the training's main thread, and the database,
where the training writes its leaderboard anyway: so there is no queue to overflow or to lose.
"""

import logging
import multiprocessing as mp
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from engines.core.correlation import correlated
from engines.core.database import Database
from engines.core.errors import MlaasError
from engines.core.scheduling import JobState
from engines.core.tables import Table
from engines.training.models import TrainingRun
from engines.training.port import RunLog
from engines.training.record import Record, not_recorded

SPAWN = mp.get_context("spawn")
NICER = 5  # than the training's workers
PAUSE, LONGEST_PAUSE = 1.5, 60.0  # seconds between looks; doubled while the server is away
PATIENCE = 900.0  # seconds for what is left at the end: plots, files, the model
BROKEN = "An unexpected fault ended the training."
GONE = "its process ended."

log = logging.getLogger(__name__)


class Recorder(Protocol):
    """Records one run."""

    def finish(self, state: str, reason: str) -> str:
        """Record the rest and close the run; a sentence when that failed, else ""."""

    def close(self) -> None:
        """Leave nothing running."""


@dataclass(frozen=True)
class Story:
    """What is recorded and where; it can be sent to another process."""

    tracking: RunLog
    run_id: str
    table: Table
    name: str
    folder: Path

    def record(self, db: Database) -> Record:
        """The record of this run, nothing of it told yet."""
        with db.read() as session:
            run = session.get_one(TrainingRun, self.run_id)
        return Record(db, self.tracking, run, self.table, self.name, self.folder)


@contextmanager
def recording(db: Database, story: Story, beside: bool) -> Iterator[Recorder]:
    """Record a run while the block trains it; a block that fails closes the run as failed."""
    recorder: Recorder = Beside(db, story) if beside else AtTheEnd(story.record(db))
    try:
        yield recorder
    except MlaasError as error:
        recorder.finish(JobState.FAILED, str(error))
        raise
    except BaseException:
        recorder.finish(JobState.FAILED, BROKEN)
        raise
    finally:
        recorder.close()


class AtTheEnd:
    """Records in the training's own process, when the training is over."""

    def __init__(self, record: Record) -> None:
        self.finish = record.end

    def close(self) -> None:
        """Nothing runs."""


class Beside:
    """Records in a process of its own that looks into the database every other second."""

    def __init__(self, db: Database, story: Story) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        url = db.url.render_as_string(hide_password=False)
        given = (theirs, url, story, os.getpid())
        self._process = SPAWN.Process(target=_follow, args=given, daemon=True, name="recorder")
        self._process.start()
        # Closed before the pool's first fork, so that only the recorder's end keeps it open.
        theirs.close()

    def finish(self, state: str, reason: str) -> str:
        """Record the rest and close the run; a sentence when that failed, else ""."""
        try:
            self._pipe.send((str(state), reason))
            if self._pipe.poll(PATIENCE):
                return str(self._pipe.recv())
        except (EOFError, OSError):
            return not_recorded(GONE)
        return not_recorded("it did not end in time.")

    def close(self) -> None:
        """End the process, if it has not ended by itself."""
        self._process.join(1.0)
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _follow(pipe: Connection, url: str, story: Story, parent: int) -> None:
    """The recorder's life: catch up again and again until told the end, or left alone."""
    os.nice(NICER)
    record, pause = story.record(Database(url)), PAUSE
    # A pipe that breaks says that the training's process is gone.
    with correlated(record.run.correlation_id), suppress(EOFError, OSError):
        while os.getppid() == parent:
            pause = _look(record, pause)
            if _told(pipe, pause, parent):
                pipe.send(record.end(*pipe.recv()))
                return


def _look(record: Record, pause: float) -> float:
    """Catch up once; how long to wait for the next time."""
    try:
        record.catch_up()
    except MlaasError as error:
        log.info("Recording waits: %s", error)
    except Exception:
        log.exception("Recording failed and is tried again")
    else:
        return PAUSE
    return min(2 * pause, LONGEST_PAUSE)


def _told(pipe: Connection, pause: float, parent: int) -> bool:
    """Wait for the end of the training, but no longer than `pause` or than the parent lives."""
    until = time.monotonic() + pause
    while time.monotonic() < until and os.getppid() == parent:
        if pipe.poll(PAUSE):
            return True
    return False
