"""The secrets port: the environment first, else keys made once into a folder of nobody else's."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines.core.errors import NotFound, NotReady
from engines.core.secrets import DATA_KEY, EnvironmentSecrets, data_key

ASK = (
    "import sys; from pathlib import Path; from engines.core.secrets import *;"
    "print(EnvironmentSecrets(Path(sys.argv[1])).get(DATA_KEY))"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secrets"


@pytest.fixture
def secrets(folder: Path) -> EnvironmentSecrets:
    return EnvironmentSecrets(folder, environ={})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secret_is_the_variable_of_its_name_or_the_one_named_for_it(folder: Path) -> None:
    environ = {"OIDC_CLIENT_SECRET": "by its name", "OURS": "by another"}
    assert EnvironmentSecrets(folder, environ=environ).get("oidc_client_secret") == "by its name"
    named = EnvironmentSecrets(folder, {"oidc_client_secret": "OURS"}, environ)
    assert named.get("oidc_client_secret") == "by another"
    assert not folder.exists()


@pytest.mark.parametrize("environ", [{}, {"HIVE_PASSWORD": "  "}])
def test_secret_nobody_set_is_one_sentence_naming_the_variable(
    folder: Path, environ: dict[str, str]
) -> None:
    with pytest.raises(NotFound, match=r"“hive_password” is missing.*HIVE_PASSWORD"):
        EnvironmentSecrets(folder, environ=environ).get("hive_password")


def test_own_key_is_made_once_where_nobody_else_can_read(
    secrets: EnvironmentSecrets, folder: Path
) -> None:
    key = secrets.get(DATA_KEY)
    assert secrets.get(DATA_KEY) == key
    assert (mode(folder), mode(folder / DATA_KEY)) == (0o700, 0o600)
    assert [path.name for path in folder.iterdir()] == [DATA_KEY]


def test_own_key_from_the_environment_is_not_written_down(folder: Path) -> None:
    given = data_key()
    environ = {DATA_KEY.upper(): given}
    assert EnvironmentSecrets(folder, environ=environ).get(DATA_KEY) == given
    assert not folder.exists()


def test_many_threads_at_the_first_start_make_one_key(folder: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(EnvironmentSecrets(folder).get, DATA_KEY) for _ in range(64)]
        assert len({each.result() for each in asked}) == 1
    assert [path.name for path in folder.iterdir()] == [DATA_KEY]


def test_processes_at_the_first_start_make_one_key(folder: Path) -> None:
    command = [sys.executable, "-c", ASK, str(folder)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert len(set(said)) == 1
    assert said[0].strip() == EnvironmentSecrets(folder).get(DATA_KEY)


@pytest.mark.parametrize("loose", [0o644, 0o640, 0o666])
def test_key_that_others_may_read_is_refused(
    secrets: EnvironmentSecrets, folder: Path, loose: int
) -> None:
    secrets.get(DATA_KEY)
    (folder / DATA_KEY).chmod(loose)
    with pytest.raises(NotReady, match=rf"may be read by others \(mode {loose:o}\)"):
        secrets.get(DATA_KEY)
    (folder / DATA_KEY).chmod(0o600)
    assert secrets.get(DATA_KEY)


def test_folder_open_to_others_is_closed(secrets: EnvironmentSecrets, folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    secrets.get(DATA_KEY)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("what", ["folder", "link", "empty", "no text"])
def test_key_that_cannot_be_read_is_one_sentence_and_stays(
    secrets: EnvironmentSecrets, folder: Path, tmp_path: Path, what: str
) -> None:
    folder.mkdir(parents=True)
    place = folder / DATA_KEY
    if what == "folder":
        place.mkdir(mode=0o700)
    elif what == "link":
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.write_bytes(b"" if what == "empty" else b"\xff\xfe\xff")
        place.chmod(0o600)
    with pytest.raises(NotReady, match=r"The key .*mlaas_data_key (cannot be read|is empty)"):
        secrets.get(DATA_KEY)
    assert place.is_dir() or place.is_symlink() or place.stat().st_size in (0, 3)
    assert not (tmp_path / "elsewhere").exists()


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(NotReady, match="cannot be read"):
        EnvironmentSecrets(tmp_path / "data" / "secrets", environ={}).get(DATA_KEY)
