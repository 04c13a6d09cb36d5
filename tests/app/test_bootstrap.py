"""The first run makes what is missing, says passwords once, and changes nothing afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.bootstrap import prepare
from engines import projects
from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database
from engines.core.errors import InvalidInput
from engines.core.settings import Settings
from engines.data_sources import SAMPLES
from engines.governance import policies

DEMO = {"DEMO": "1", "MLAAS_DEMO_PASSWORD": "a-long-demo-word-7"}


def _users(settings: Settings, admin: Actor) -> dict[str, frozenset[Role]]:
    return {row.name: row.roles for row in users.list_users(Database(settings.database.url), admin)}


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose folder and database are not there yet."""
    data = tmp_path / "fresh" / "data"
    monkeypatch.setenv("MLAAS_PATHS__DATA", str(data))
    monkeypatch.setenv("MLAAS_PATHS__LOGS", str(data / "logs"))
    monkeypatch.setenv("MLAAS_DATABASE__URL", f"sqlite:///{data}/mlaas.db")
    return Settings()


@pytest.fixture
def admin(make_actor: Callable[..., Actor]) -> Actor:
    return make_actor("admin")


def test_first_run_prints_the_administrators_password_once(
    fresh: Settings, admin: Actor, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(fresh, {})
    first = capsys.readouterr().out
    prepare(fresh, {})
    assert "admin" in first
    assert capsys.readouterr().out == ""
    assert _users(fresh, admin) == {"admin": frozenset({Role.ADMIN})}


def test_password_from_the_environment_is_not_printed(
    fresh: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(fresh, {"MLAAS_ADMIN_PASSWORD": "chosen-by-somebody-9"})
    assert capsys.readouterr().out == ""


def test_password_that_cannot_be_accepted_stops_the_start(fresh: Settings) -> None:
    with pytest.raises(InvalidInput):
        prepare(fresh, {"MLAAS_ADMIN_PASSWORD": "x"})


def test_demo_has_five_people_and_an_experiment_per_sample(
    fresh: Settings, admin: Actor, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(fresh, DEMO)
    prepare(fresh, DEMO)
    people = {"analyst", "checker", "validator", "deployer", "auditor"}
    assert set(_users(fresh, admin)) == {"admin", *people}
    assert DEMO["MLAAS_DEMO_PASSWORD"] not in capsys.readouterr().out
    found = projects.find(Database(fresh.database.url), admin, projects.ExperimentFilter())
    assert {row.name for row in found.rows} == {sample.title for sample in SAMPLES}
    assert {row.state for row in found.rows} == {"data"}


def test_fresh_folder_gets_database_and_folders(fresh: Settings) -> None:
    prepare(fresh, {})
    assert (fresh.paths.data / "mlaas.db").exists()
    assert fresh.paths.logs.is_dir()


def test_first_run_takes_the_policies_and_later_ones_leave_them(
    fresh: Settings, admin: Actor
) -> None:
    prepare(fresh, {})
    db = Database(fresh.database.url)
    taken = [each.name for each in policies.names(db, admin)]
    assert taken == ["default", "osfi-e-23", "sr-11-7", "sr-26-2", "ss1-23"]
    prepare(fresh, {})
    assert {each.version for each in policies.names(db, admin)} == {1}


def test_policy_file_with_a_slip_stops_the_start_with_its_line(
    fresh: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path("policies") / "default.yaml").read_text("utf-8")
    (tmp_path / "house.yaml").write_text(text.replace("role: deployer", "role: deploier", 1))
    monkeypatch.setenv("MLAAS_GOVERNANCE__POLICIES", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"house\.yaml, line \d+: “deploier” is no role"):
        prepare(Settings(), {})
