"""The audit chain: whole when left alone, and the first broken row named when not."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.settings import Settings
from engines.observability import verify_chain
from engines.observability.chain import walk
from engines.observability.verify import main

AUDITOR = Actor("user-aud", "aud", frozenset({Role.AUDITOR}))


def tamper(db: Database, statement: str) -> None:
    """Change the audit table as somebody could who first takes its triggers away."""
    drop = {
        True: "DROP TRIGGER audit_event_no_{0}",
        False: "DROP TRIGGER audit_event_no_{0} ON audit_event",
    }
    with db.engine.begin() as connection:
        for operation in ("update", "delete"):
            connection.exec_driver_sql(drop[db.is_sqlite].format(operation))
        connection.exec_driver_sql(statement)


def test_untouched_chain_is_whole(trail: Database) -> None:
    report = verify_chain(trail, AUDITOR)
    assert (report.is_whole, report.rows) == (True, 6)
    assert len(report.head) == 64


def test_triggers_refuse_change_in_the_first_place(trail: Database) -> None:
    for statement in ("UPDATE audit_event SET act = 'x'", "DELETE FROM audit_event"):
        with (
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
            trail.engine.begin() as connection,
        ):
            connection.exec_driver_sql(statement)
    assert walk(trail).rows == 6


@pytest.mark.parametrize(
    ("statement", "number", "reason"),
    [
        ("UPDATE audit_event SET act = 'nothing' WHERE number = 4", 4, "changed"),
        ("UPDATE audit_event SET actor_name = 'eve' WHERE number = 1", 1, "changed"),
        ("UPDATE audit_event SET detail = '{\"rows\": 1}' WHERE number = 2", 2, "changed"),
        ("UPDATE audit_event SET at = '2020-01-01 00:00:00' WHERE number = 3", 3, "changed"),
        ("DELETE FROM audit_event WHERE number = 3", 4, "removed"),
        ("DELETE FROM audit_event WHERE number = 1", 2, "removed"),
        ("UPDATE audit_event SET number = 90 WHERE number = 2", 3, "moved"),
    ],
)
def test_first_broken_row_is_named(
    trail: Database, statement: str, number: int, reason: str
) -> None:
    tamper(trail, statement)
    report = walk(trail)
    assert report.broken is not None
    assert report.broken.number == number
    assert reason in report.broken.reason
    assert report.rows < 6


def test_rows_cut_off_the_end_are_missed_only_without_a_known_head(trail: Database) -> None:
    head = walk(trail).head
    tamper(trail, "DELETE FROM audit_event WHERE number = 6")
    assert walk(trail).is_whole
    report = walk(trail, head)
    assert report.broken is not None
    assert report.broken.number == 6
    assert "is gone" in report.broken.reason


def test_command_tells_by_sentence_and_exit_code(
    trail: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    url = trail.url.render_as_string(hide_password=False)
    assert main(["--database", url]) == 0
    assert "whole: 6 rows" in capsys.readouterr().out
    assert main(["--database", url, "--head", "f" * 64]) == 1
    assert "is gone" in capsys.readouterr().out
    tamper(trail, "UPDATE audit_event SET subject = 'x' WHERE number = 5")
    assert main(["--database", url]) == 1
    assert "breaks at row 5" in capsys.readouterr().out


def test_command_runs_on_the_configured_database(db: Database, settings: Settings) -> None:
    command = [sys.executable, "-m", "engines.observability.verify"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"The audit chain is whole: 0 rows, head {'0' * 64}.\n"


def test_command_on_a_database_that_is_away_ends_with_two(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--database", "sqlite:////nowhere/at/all.db"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_command_before_the_first_start_says_so_and_makes_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mlaas.db"
    assert main(["--database", f"sqlite:///{file}"]) == 2
    assert "no audit trail yet" in capsys.readouterr().err
    assert not file.exists()
    file.touch()
    assert main(["--database", f"sqlite:///{file}"]) == 2
    assert "never started on this database" in capsys.readouterr().err
