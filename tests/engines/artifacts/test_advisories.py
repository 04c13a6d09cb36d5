"""OSV records as they are published for PyPI, held against pinned versions."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from engines.artifacts import advisories
from engines.artifacts.advisories import Affected, Event, Range
from engines.core.database import now
from engines.core.errors import InvalidInput

# Shaped like the records of a database's own: a PYSEC one and the GHSA one of the same fault.
PYSEC: dict[str, Any] = {
    "id": "PYSEC-2023-74",
    "schema_version": "1.5.0",
    "modified": "2023-11-08T04:12:34.693862Z",
    "published": "2023-05-26T18:15:00Z",
    "aliases": ["CVE-2023-32681", "GHSA-j8r2-6x86-q33q"],
    "details": "Requests is a HTTP library. Since Requests 2.3.0, …",
    "affected": [
        {
            "package": {"name": "requests", "ecosystem": "PyPI", "purl": "pkg:pypi/requests"},
            "ranges": [
                {
                    "type": "GIT",
                    "repo": "https://github.com/psf/requests",
                    "events": [{"introduced": "0"}, {"fixed": "74ea7cf7a6a27a4eeb2ae24e162bcc"}],
                },
                {"type": "ECOSYSTEM", "events": [{"introduced": "2.3.0"}, {"fixed": "2.31.0"}]},
            ],
            "versions": ["2.3.0", "2.30.0"],
            "database_specific": {"source": "https://github.com/pypa/advisory-database"},
        }
    ],
    "references": [{"type": "FIX", "url": "https://github.com/psf/requests/commit/74ea7cf"}],
}
GHSA: dict[str, Any] = {
    "id": "GHSA-j8r2-6x86-q33q",
    "modified": "2024-02-20T05:32:01Z",
    "aliases": ["CVE-2023-32681", "PYSEC-2023-74"],
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N"}],
    "affected": [
        {
            "package": {"name": "Requests", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "2.3.0"}, {"fixed": "2.31.0"}]}
            ],
        }
    ],
}  # fmt: skip


def record(*events: dict[str, str], versions: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A record about requests with one range."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    affected = {"package": PYSEC["affected"][0]["package"], "ranges": ranges, "versions": versions}
    return {"id": "PYSEC-1", "modified": "2026-01-02T00:00:00Z", "affected": [affected], **more}


def found(folder: Path, version: str, *records: Any) -> list[str]:
    """What is found of requests in that version."""
    for number, each in enumerate(records):
        (folder / f"{number}.json").write_text(json.dumps(each))
    database = advisories.read(folder, ["requests"])
    return [str(each) for each in advisories.findings(database, {"requests": version})]


def test_two_records_of_one_vulnerability_count_once(tmp_path) -> None:
    (line,) = found(tmp_path, "2.30.0", PYSEC, GHSA)
    assert line == (
        "requests 2.30.0: GHSA-j8r2-6x86-q33q (PYSEC-2023-74, CVE-2023-32681), repaired in 2.31.0"
    )
    assert found(tmp_path, "2.31.0", PYSEC, GHSA) == []


@pytest.mark.parametrize(
    ("version", "hit"),
    [("2.2.9", False), ("2.3.0", True), ("2.31.0rc1", True), ("2.31.0", False),
     ("2.30.0+cpu", True), ("2.31.0.post1", False), ("10.0", False)],
)  # fmt: skip
def test_range_is_read_by_pep_440(tmp_path, version, hit) -> None:
    assert bool(found(tmp_path, version, GHSA)) is hit


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([{"introduced": "0"}], ["0.0.1.dev1", "99"], []),
        ([{"introduced": "0"}, {"last_affected": "1.4"}], ["1.4", "1.0"], ["1.4.1"]),
        ([{"fixed": "1.2"}, {"introduced": "1.0"}, {"fixed": "2.2"}, {"introduced": "2.0"}],
         ["1.1", "2.1"], ["0.9", "1.2", "1.9", "2.2"]),
        ([{"introduced": "0"}, {"limit": "*"}], ["5"], []),
        ([{"introduced": "1"}, {"limit": "2"}], ["1.5"], ["2"]),
        ([{"introduced": "1.0"}, {"fixed": "1.0"}], ["1.0"], ["0.9"]),
    ],
)  # fmt: skip
def test_events_decide_in_the_order_of_versions(tmp_path, events, inside, outside) -> None:
    told = record(*events)
    assert [v for v in (*inside, *outside) if found(tmp_path, v, told)] == inside


def test_versions_named_are_affected_and_others_are_not(tmp_path) -> None:
    told = record(versions=("1.0", "2.0.0", "2004d-old"))
    assert [v for v in ("1.0.0", "2.0", "1.5") if found(tmp_path, v, told)] == ["1.0.0", "2.0"]


def test_record_that_tells_no_version_affects_every_one(tmp_path) -> None:
    assert found(tmp_path, "1.0", record())


def test_withdrawn_and_foreign_records_do_not_count(tmp_path) -> None:
    elsewhere = record({"introduced": "0"}, id="GO-1")
    elsewhere["affected"][0]["package"] = {"name": "requests", "ecosystem": "npm"}
    gone = record({"introduced": "0"}, withdrawn="2026-01-03T00:00:00Z")
    assert found(tmp_path, "1.0", gone, elsewhere) == []
    assert advisories.read(tmp_path, []).count == 1


def test_zip_and_single_file_are_read_like_a_folder(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as box:
        box.writestr("PYSEC-2023-74.json", json.dumps(PYSEC))
        box.writestr("ghsa/GHSA-j8r2-6x86-q33q.json", json.dumps(GHSA))
        box.writestr("README.md", "not a record")
    packed = advisories.read(tmp_path / "all.zip", ["Requests"])
    assert (packed.name, packed.count) == ("all.zip", 2)
    assert packed.newest == datetime(2024, 2, 20, 5, 32, 1, tzinfo=UTC)
    assert len(advisories.findings(packed, {"requests": "2.30.0"})) == 1
    (tmp_path / "one.json").write_text(json.dumps(PYSEC))
    assert advisories.read(tmp_path / "one.json", []).count == 1


def bad(**changes: Any) -> str:
    return json.dumps({**PYSEC, **changes})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", r"PYSEC\.json: invalid json"),
        (bad(modified="soon"), r"PYSEC\.json, record PYSEC-2023-74: modified: "),
        (bad(id=""), r"PYSEC\.json: id: "),
        (bad(modified=(now() + timedelta(days=9)).isoformat()), r"PYSEC-2023-74: .* future"),
        (bad(affected=[{"package": {"name": "requests"}}]),
         r"record PYSEC-2023-74: affected\.0\.package\.ecosystem: field required"),
        (json.dumps(record({"introduced": "one"})),
         r"PYSEC\.json, record PYSEC-1: Invalid version: 'one'"),
        (bad(affected=[]), "holds no OSV record about a package of PyPI"),
    ],
)  # fmt: skip
def test_bad_record_is_named_in_one_sentence(tmp_path, content, sentence) -> None:
    (tmp_path / "PYSEC.json").write_text(content)
    with pytest.raises(InvalidInput, match=f"(?i){sentence}"):
        advisories.findings(advisories.read(tmp_path, ["requests"]), {"requests": "1.0"})


def test_what_is_no_database_is_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(InvalidInput, match="There is no"):
        advisories.read(tmp_path / "missing", [])
    with pytest.raises(InvalidInput, match="holds no OSV record"):
        advisories.read(tmp_path, [])
    (tmp_path / "big.json").write_text(json.dumps(PYSEC))
    monkeypatch.setattr(advisories, "LARGEST", 10)
    with pytest.raises(InvalidInput, match="more than any advisory"):
        advisories.read(tmp_path, [])


NUMBERS = st.lists(st.integers(0, 40), min_size=2, max_size=8, unique=True).map(sorted)


@given(NUMBERS, st.integers(0, 40), st.randoms())
def test_ranges_agree_with_intervals(ends: list[int], at: int, shuffled: Any) -> None:
    """Beginnings and ends in any order are the half-open intervals between them."""
    ends = ends[: len(ends) // 2 * 2]
    pairs = list(zip(ends[::2], ends[1::2], strict=True))
    events = [e for a, b in pairs for e in (Event(introduced=f"1.{a}"), Event(fixed=f"1.{b}"))]
    shuffled.shuffle(events)
    affected = Affected(ranges=(Range(type="ECOSYSTEM", events=tuple(events)),))
    assert advisories._hits(affected, Version(f"1.{at}")) == any(a <= at < b for a, b in pairs)
