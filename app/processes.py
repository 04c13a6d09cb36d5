"""A fleet of processes that start, stay up and stop together, whatever they started included."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TextIO
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from honcho.colour import get_colours
from honcho.printer import Message, Printer

from app.product import Part

BECOME_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
TICK_SECONDS = 0.2
STOP_SECONDS = 10
KILL_ROUNDS = 5
LONGEST_WAIT_SECONDS = 30.0
DEATHS_ALLOWED = 5
DEATHS_WINDOW_SECONDS = 120
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONUNBUFFERED": "1"}


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none escapes a stop."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)


class Member:
    """One process of the fleet, with the times it died."""

    def __init__(self, part: Part, colour: str) -> None:
        self.part = part
        self.colour = colour
        self.process: subprocess.Popen[str] | None = None
        self.deaths: list[float] = []
        self.start_at = 0.0

    @property
    def is_due(self) -> bool:
        """True when it is down and its waiting time is over."""
        return self.process is None and time.monotonic() >= self.start_at

    def note_death(self, first_wait: float) -> float:
        """Remember a death and give the seconds to wait before the next start."""
        moment = time.monotonic()
        self.deaths = [t for t in self.deaths if moment - t < DEATHS_WINDOW_SECONDS] + [moment]
        wait = min(first_wait * 2 ** (len(self.deaths) - 1), LONGEST_WAIT_SECONDS)
        self.process, self.start_at = None, moment + wait
        return wait


class Fleet:
    """Starts its parts, restarts the one that dies, stops all of them together."""

    def __init__(
        self,
        parts: Sequence[Part],
        greeting: str,
        output: TextIO = sys.stdout,
        first_wait: float = 1.0,
    ) -> None:
        colours = get_colours()
        self._members = [Member(part, next(colours)) for part in parts]
        self._greeting = greeting
        self._first_wait = first_wait  # seconds before the first restart; doubled each time
        self._printer = Printer(output, width=max(len(part.name) for part in parts))
        self._writing = threading.Lock()
        self._stops = 0
        self._failed = False

    def run(self) -> int:
        """Keep the parts running until `stop` or repeated deaths. Gives the exit code."""
        threading.Thread(target=self._greet, daemon=True).start()
        try:
            while not self._stops:
                self._tick()
                time.sleep(TICK_SECONDS)
        finally:
            self._end_all()
        return 1 if self._failed else 0

    def stop(self) -> None:
        """Ask for the end; a second call does not wait for anybody."""
        self._stops += 1

    def _tick(self) -> None:
        for member in self._members:
            if member.process and member.process.poll() is not None:
                self._bury(member, member.process.returncode)
            if member.is_due and not self._stops:
                self._start(member)
        self._reap_orphans()

    def _start(self, member: Member) -> None:
        member.process = subprocess.Popen(
            [*_tied_to_parent(), *member.part.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | QUIET,
            start_new_session=True,
        )
        threading.Thread(target=self._relay, args=(member,), daemon=True).start()

    def _bury(self, member: Member, code: int) -> None:
        wait = member.note_death(self._first_wait)
        name = member.part.name
        if len(member.deaths) < DEATHS_ALLOWED:
            self._say(f"{name} ended with code {code}; it starts again in {wait:.1f} s.")
            return
        self._say(f"{name} ended {len(member.deaths)} times in a row: everything is stopped.")
        self._failed = True
        self.stop()

    def _relay(self, member: Member) -> None:
        process = member.process
        for line in process.stdout or () if process else ():
            self._write(member.part.name, line, member.colour)

    def _greet(self) -> None:
        addresses = [m.part.health for m in self._members if m.part.health]
        while not all(_answers(address) for address in addresses):
            if self._stops:
                return
            time.sleep(TICK_SECONDS)
        self._say(self._greeting)

    def _end_all(self) -> None:
        for process in self._running():
            _signal_group(process, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while any(self._running()) and time.monotonic() < until and self._stops < 2:
            time.sleep(TICK_SECONDS)
        self._kill_rest()

    def _kill_rest(self) -> None:
        for _ in range(KILL_ROUNDS):  # a killed parent's children become ours for the next round
            rest = psutil.Process().children(recursive=True)
            for process in rest:
                _kill(process)
            psutil.wait_procs(rest, timeout=1)

    def _running(self) -> Iterator[subprocess.Popen[str]]:
        for member in self._members:
            if member.process and member.process.poll() is None:
                yield member.process

    def _reap_orphans(self) -> None:
        """Collect adopted processes that ended; our own are collected where they are watched."""
        ours = {m.process.pid for m in self._members if m.process}
        for child in psutil.Process().children():
            if child.pid not in ours and _is_zombie(child):
                os.waitpid(child.pid, os.WNOHANG)

    def _say(self, sentence: str) -> None:
        self._write("mlaas", sentence + "\n", None)

    def _write(self, name: str, line: str, colour: str | None) -> None:
        with self._writing:
            self._printer.write(Message("line", line, datetime.now(), name, colour))


def _tied_to_parent() -> list[str]:
    """A prefix that ends the process when this one is killed outright (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _signal_group(process: subprocess.Popen[str], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
