"""Structured logs: one JSON object a line, in rotating files, a file for each process."""

import fcntl
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

from engines.core.correlation import correlation_id
from engines.core.settings import Logging
from engines.observability.redaction import Redactor, secrets_in

TRACE = 5
OURS = ("app", "engines", "pages", "spark_jobs")
CONTEXT = ("user", "project", "run")
MOST_PROCESSES = 1_000
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_bound: ContextVar[Mapping[str, str] | None] = ContextVar("log_context", default=None)


@contextmanager
def bound(**context: str) -> Iterator[None]:
    """Let every line logged inside carry `user`, `project` and `run`, as far as given."""
    token = _bound.set({**(_bound.get() or {}), **context})
    try:
        yield
    finally:
        _bound.reset(token)


def trace(logger: logging.Logger, message: str, *args: object, **fields: object) -> None:
    """Log below DEBUG; `fields` become fields of the line."""
    logger.log(TRACE, message, *args, extra=fields)


class JsonLine(logging.Formatter):
    """A record as one line of JSON; an exception and its stack are one field of it."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; what JSON does not know is written as text."""
        extra = {k: v for k, v in vars(record).items() if k not in STANDARD}
        line = _core(record) | {k: v for k, v in extra.items() if v is not None}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        safe = {key: self._redactor.value(key, value) for key, value in line.items()}
        return json.dumps(safe, default=self._as_text, ensure_ascii=False)

    def _as_text(self, value: object) -> str:
        return self._redactor.text(str(value))


class PlainLine(logging.Formatter):
    """A record as a person at the terminal reads it."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The text of the record with secrets hidden."""
        return self._redactor.text(super().format(record))


class OwnFile(RotatingFileHandler):
    """A rotating file that this process alone writes, held by a lock beside it."""

    def __init__(self, folder: Path, process_name: str, options: Logging) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._claim, path = _claimed(folder, process_name)
        super().__init__(
            path,
            maxBytes=options.file_bytes,
            backupCount=options.files_kept,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def close(self) -> None:
        """Close the file and let another process have its name."""
        super().close()
        self._claim.close()


def configure(
    options: Logging, logs_dir: Path, process_name: str, secrets: Iterable[str] = ()
) -> Path:
    """Send this process's logs to `<logs_dir>/<process_name>.jsonl`; the path used.

    A second process of the name writes `<process_name>-2.jsonl`, and so on. Our loggers keep the
    level of `options`, libraries WARNING or worse; warnings go to standard error too. `secrets`,
    and what the environment holds under telling names, are hidden wherever they appear. Called
    again, it replaces what it set up before.
    """
    logging.addLevelName(TRACE, "TRACE")
    redactor = Redactor({*secrets, *secrets_in(os.environ)})
    file = OwnFile(logs_dir, process_name, options)
    file.setFormatter(JsonLine(redactor))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(PlainLine(redactor))
    _install(file, terminal)
    _set_levels(logging.getLevelName(options.level))
    logging.captureWarnings(True)
    return Path(file.baseFilename)


def _core(record: logging.LogRecord) -> dict[str, Any]:
    context = _bound.get() or {}
    return {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": record.getMessage(),
        "correlation_id": correlation_id(),
        **{name: context.get(name, "") for name in CONTEXT},
        "process": record.process,
    }


def _claimed(folder: Path, name: str) -> tuple[TextIO, Path]:
    # Two processes rotating one file lose lines, so a name is held by a lock while in use.
    for number in range(1, MOST_PROCESSES):
        stem = name if number == 1 else f"{name}-{number}"
        claim = (folder / f".{stem}.lock").open("a")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
        else:
            return claim, folder / f"{stem}.jsonl"
    raise OSError(f"{MOST_PROCESSES} processes called {name} already write logs in {folder}.")


def _install(file: OwnFile, terminal: logging.Handler) -> None:
    root = logging.getLogger()
    for handler in [h for h in root.handlers if getattr(h, "mlaas", False)]:
        root.removeHandler(handler)
        handler.close()
    for handler in (file, terminal):
        handler.mlaas = True  # type: ignore[attr-defined]
        root.addHandler(handler)
    # A child that is forked and goes on in Python must not write, or rotate, its parent's file.
    os.register_at_fork(after_in_child=lambda: root.removeHandler(file))


def _set_levels(level: int) -> None:
    logging.getLogger().setLevel(max(level, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
