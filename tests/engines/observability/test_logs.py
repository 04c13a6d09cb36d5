"""Structured logs: what a line holds, who writes which file, what is never written."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engines.core.correlation import correlated
from engines.core.settings import Logging
from engines.observability import TRACE, bound, configure, trace

log = logging.getLogger("engines.test")
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the logging of the test run as it was."""
    root, ours = logging.getLogger(), [logging.getLogger(n) for n in ("app", "engines", "pages")]
    handlers, levels = list(root.handlers), [logger.level for logger in (root, *ours)]
    yield
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    for logger, level in zip((root, *ours), levels, strict=True):
        logger.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Logs set up at TRACE with one known secret; what they have written so far."""
    path = configure(Logging(level="TRACE"), tmp_path, "test", secrets=["h0nest-w0rd"])
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


def test_line_carries_context_and_extra_fields(lines: Lines) -> None:
    with correlated("click-1"), bound(user="u1", project="p1"), bound(run="r1"):
        log.info("Stored %d rows", 3, extra={"rows": 3})
    log.warning("Outside")
    inside, outside = lines()
    assert inside.pop("at").endswith("+00:00")
    assert inside.pop("process") > 0
    assert inside == {
        "level": "INFO",
        "logger": "engines.test",
        "message": "Stored 3 rows",
        "correlation_id": "click-1",
        "user": "u1",
        "project": "p1",
        "run": "r1",
        "rows": 3,
    }
    assert (outside["correlation_id"], outside["user"], outside["run"]) == ("", "", "")


def test_exception_is_one_field_of_one_line(lines: Lines) -> None:
    try:
        raise ValueError("broken\nin two lines")
    except ValueError:
        log.exception("It failed")
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert line["exception"].startswith("Traceback")
    assert "ValueError: broken\nin two lines" in line["exception"]


def test_line_break_in_a_message_forges_no_line(lines: Lines) -> None:
    log.info('name\n{"level": "ERROR"}')
    assert [line["level"] for line in lines()] == ["INFO"]


def test_all_five_levels_are_written_at_trace(lines: Lines) -> None:
    trace(log, "finest", step=1)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(level, "line")
    assert [line["level"] for line in lines()] == ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"]
    assert lines()[0]["step"] == 1


def test_level_silences_what_is_finer_and_chatty_libraries(tmp_path: Path) -> None:
    path = configure(Logging(level="INFO"), tmp_path, "test")
    log.debug("no")
    log.info("yes")
    logging.getLogger("some.library").info("no")
    logging.getLogger("some.library").warning("yes")
    messages = [json.loads(line)["message"] for line in path.read_text().splitlines()]
    assert messages == ["yes", "yes"]
    assert TRACE < logging.DEBUG


@pytest.mark.parametrize(
    ("message", "extra"),
    [
        ("login with password=Sup3rS3cret!", {}),
        ("login with passwd: 'Sup3rS3cret!'", {}),
        ('body {"api_key": "Sup3rS3cret!"}', {}),
        ("Authorization: Bearer Sup3rS3cret!", {}),
        ("open postgresql://mlaas:Sup3rS3cret!@db/mlaas", {}),
        ("known h0nest-w0rd in the middle", {}),
        ("nested", {"payload": {"inner": [{"db_password": "Sup3rS3cret!"}]}}),
        ("field", {"session_token": "Sup3rS3cret!"}),
        ("object", {"thing": Path("h0nest-w0rd")}),
    ],
)
def test_secret_is_never_written(
    lines: Lines, tmp_path: Path, message: str, extra: dict[str, Any]
) -> None:
    log.info(message, extra=extra)
    log.info("%s", message, extra=extra)
    text = (tmp_path / "test.jsonl").read_text()
    assert "Sup3rS3cret" not in text
    assert "h0nest-w0rd" not in text
    assert "[redacted]" in text
    assert len(lines()) == 2


def test_secret_in_an_exception_is_never_written(lines: Lines) -> None:
    try:
        raise ValueError("cannot open postgresql://mlaas:Sup3rS3cret!@db with h0nest-w0rd")
    except ValueError:
        log.exception("It failed")
    (line,) = lines()
    assert "Sup3rS3cret" not in line["exception"]
    assert "h0nest-w0rd" not in line["exception"]


def test_files_rotate_and_old_ones_go(tmp_path: Path) -> None:
    configure(Logging(file_bytes=2_000, files_kept=2), tmp_path, "test")
    for number in range(100):
        log.info("A line of some length, number %d", number)
    files = sorted(path.name for path in tmp_path.glob("test*"))
    assert files == ["test.jsonl", "test.jsonl.1", "test.jsonl.2"]
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.glob("test*"))
    newest = (tmp_path / "test.jsonl").read_text().splitlines()[-1]
    assert json.loads(newest)["message"].endswith("number 99")


def test_second_process_of_a_name_writes_a_file_of_its_own(tmp_path: Path) -> None:
    first = configure(Logging(), tmp_path, "app")
    code = (
        "import sys; from pathlib import Path; from engines.core.settings import Logging;"
        "from engines.observability import configure;"
        "print(configure(Logging(), Path(sys.argv[1]), 'app').name)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    second = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert (first.name, second) == ("app.jsonl", "app-2.jsonl")


def test_configure_again_replaces_and_does_not_double(tmp_path: Path) -> None:
    configure(Logging(), tmp_path / "a", "test")
    path = configure(Logging(), tmp_path / "b", "test")
    log.info("once")
    assert len(path.read_text().splitlines()) == 1
    assert (tmp_path / "a" / "test.jsonl").read_text() == ""


def test_secret_from_the_environment_is_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLAAS_ADMIN_PASSWORD", "correct-horse")
    path = configure(Logging(), tmp_path, "test")
    log.info("first person made with correct-horse")
    assert "correct-horse" not in path.read_text()
    assert "[redacted]" in path.read_text()
