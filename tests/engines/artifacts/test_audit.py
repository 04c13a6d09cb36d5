"""The outcome of an audit, what it rests on, and `make audit` with advisories brought in."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engines.artifacts import audit
from engines.artifacts.dependencies import pins_of
from engines.core.database import now
from engines.core.errors import InvalidInput
from tests.engines.artifacts.test_advisories import PYSEC
from tools import audit as tool

ROOT = Path(__file__).parents[3]
REPORT: dict[str, Any] = {
    "dependencies": [
        {"name": "requests", "version": "2.30.0", "vulns": [
            {"id": "PYSEC-2023-74", "fix_versions": ["2.31.0"], "aliases": ["CVE-2023-32681"],
             "description": "…"},
            {"id": "CVE-2023-32681", "fix_versions": ["2.31.0"], "aliases": []}]},
        {"name": "numpy", "version": "2.0", "vulns": []},
        {"name": "local", "skip_reason": "Dependency not found on PyPI"},
    ],
    "fixes": [],
}  # fmt: skip


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(REPORT))
    return file


def test_report_counts_aliases_once_and_names_what_it_did_not_ask(report) -> None:
    os.utime(report, (1_700_000_000, 1_700_000_000))
    looked = audit.look_up(report, {"Requests": "2.30.0", "numpy": "2.1", "local": "1"})
    assert [str(each) for each in looked.found] == [
        "requests 2.30.0: PYSEC-2023-74 (CVE-2023-32681), repaired in 2.31.0"
    ]
    assert looked.unasked == ("local", "numpy")  # numpy was asked about in another version
    assert looked.newest == datetime.fromtimestamp(1_700_000_000, UTC)


def test_bad_report_names_file_and_place(tmp_path) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"dependencies": [{"version": "1"}]}))
    with pytest.raises(InvalidInput, match=r"report\.json: dependencies\.0\.name: field required"):
        audit.look_up(tmp_path / "report.json", {})


def test_record_keeps_development_apart_and_can_be_read_again(tmp_path) -> None:
    (tmp_path / "PYSEC.json").write_text(json.dumps(PYSEC))
    lock = tmp_path / "requirements.txt"
    lock.write_text("requests==2.30.0\n")
    looked = audit.look_up(tmp_path / "PYSEC.json", {"requests": "2.30.0"})
    file = tmp_path / "data" / "audit.json"
    made = audit.record(file, lock, {"requests": "2.30.0"}, looked, now())
    assert (len(made.vulnerable), made.development) == (1, ())
    assert audit.last(file) == made
    assert made.database == "1 OSV records in PYSEC.json"
    other = audit.record(file, lock, {"requests": "2.32.0"}, looked, now())
    assert (other.vulnerable, len(other.development)) == ((), 1)
    assert audit.last(tmp_path / "none.json") is None
    file.write_text('{"lock_sha256": "a", "vulnerable": []}')
    assert audit.last(file) is None  # without a date nobody knows how old it is


def test_unknown_says_why(tmp_path) -> None:
    at = now()
    made = audit.Audit(lock_sha256="a", database="d", newest=at - timedelta(days=30),
                       checked_at=at, vulnerable=())  # fmt: skip
    assert audit.unknown(made, "a", 30, at) == ""
    assert "Nobody has looked" in audit.unknown(None, "a", 30, at)
    assert "another lock file" in audit.unknown(made, "b", 30, at)
    assert "another lock file" in audit.unknown(made, None, 30, at)
    assert "After 29 days" in audit.unknown(made, "a", 29, at)
    partly = made.model_copy(update={"unasked": ("numpy",)})
    assert "no answer for 1 packages" in audit.unknown(partly, "a", 30, at)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two locks, where `make audit` would run."""
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("requests==2.30.0\n    # via -r requirements.in\n")
    Path("requirements-dev.txt").write_text("ruff==0.1.0\n")
    return tmp_path


def brought(folder: Path, **changes: Any) -> str:
    file = folder / "osv" / "PYSEC-2023-74.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({**PYSEC, **changes}))
    return str(file.parent)


def test_brought_in_advisories_find_what_they_name(place, capsys) -> None:
    assert tool.main(brought(place, modified=now().isoformat())) == 1
    assert "requests 2.30.0: " in capsys.readouterr().out
    made = audit.last(place / "data" / "audit.json")
    assert made is not None
    assert len(made.vulnerable) == 1


def test_brought_in_advisories_clear_a_lock_unless_they_are_old(place, capsys) -> None:
    Path("requirements.txt").write_text("requests==2.31.0\n")
    assert tool.main(brought(place, modified=now().isoformat())) == 0
    assert "No vulnerability is known in any of the 2 locked packages" in capsys.readouterr().out
    assert tool.main(brought(place)) == 2
    assert "more than 30 days ago count as unknown" in capsys.readouterr().out


def test_bad_advisories_leave_the_last_outcome_as_it_was(place, capsys) -> None:
    tool.main(brought(place))
    before = (place / "data" / "audit.json").read_bytes()
    assert tool.main(brought(place, modified="soon")) == 2
    said = capsys.readouterr().out
    assert "NOT CHECKED. PYSEC-2023-74.json, record PYSEC-2023-74: modified: " in said
    assert (place / "data" / "audit.json").read_bytes() == before


def test_a_report_that_is_not_of_the_lock_clears_nothing(place, report, capsys) -> None:
    Path("requirements.txt").write_text("numpy==2.0\n")
    assert tool.main(str(report)) == 2
    assert "No answer for 1 packages: ruff" in capsys.readouterr().out
    assert not (place / "data" / "audit.json").exists()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_no_line_of_a_lock_is_passed_over(name) -> None:
    text = (ROOT / name).read_text()
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(pins_of(text)) == len(lines)
