"""The contract of an artifact store: one suite for every backend."""

import hashlib
from pathlib import Path

import pytest

from engines.artifacts.port import Repository
from engines.core.errors import InvalidInput, NotFound

DEV, UAT, PROD = Repository


def written(folder: Path, content: bytes = b"bytes of a model", name: str = "file.bin"):
    file = folder / name
    file.write_bytes(content)
    return file, hashlib.sha256(content).hexdigest()


def test_put_file_comes_back_with_its_checksum(store, place, tmp_path):
    file, sha = written(tmp_path)
    stored = store.put(DEV, f"{place}/model.skops", file, sha)
    assert (stored.size, stored.sha256) == (16, sha)
    got = store.get(DEV, f"{place}/model.skops", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"bytes of a model"
    assert got.sha256 == sha


def test_put_empty_file_is_kept(store, place, tmp_path):
    file, sha = written(tmp_path, b"")
    assert store.put(DEV, f"{place}/empty.txt", file, sha).size == 0


def test_put_same_bytes_twice_is_one_file(store, place, tmp_path):
    file, sha = written(tmp_path)
    for _ in range(2):
        store.put(DEV, f"{place}/a.txt", file, sha)
    assert [one.path for one in store.list(DEV, place)] == [f"{place}/a.txt"]


def test_put_other_bytes_on_the_same_path_is_refused(store, place, tmp_path):
    store.put(DEV, f"{place}/a.txt", *written(tmp_path))
    with pytest.raises(InvalidInput, match="already, with other content"):
        store.put(DEV, f"{place}/a.txt", *written(tmp_path, b"changed"))
    store.get(DEV, f"{place}/a.txt", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"bytes of a model"


def test_put_bytes_that_do_not_match_leaves_nothing(store, place, tmp_path):
    file, _ = written(tmp_path)
    with pytest.raises(InvalidInput, match="checksum"):
        store.put(DEV, f"{place}/a.txt", file, "0" * 64)
    assert store.list(DEV, place) == []
    with pytest.raises(NotFound):
        store.stat(DEV, f"{place}/a.txt")


def test_put_known_bytes_elsewhere_is_a_file_of_its_own(store, place, tmp_path):
    file, sha = written(tmp_path)
    store.put(DEV, f"{place}/a.txt", file, sha)
    store.put(DEV, f"{place}/b.txt", file, sha)
    store.delete(DEV, f"{place}/a.txt")
    assert store.stat(DEV, f"{place}/b.txt").sha256 == sha


@pytest.mark.parametrize("path", ["../up.txt", "a//b", "/etc/passwd", "a/../b", "a b", "a;p=1", ""])
def test_put_path_that_leads_elsewhere_is_refused(store, place, tmp_path, path):
    with pytest.raises(InvalidInput, match="cannot be a path"):
        store.put(DEV, path, *written(tmp_path))


def test_get_and_stat_of_what_is_not_there_are_not_found(store, place, tmp_path):
    for act in (
        lambda: store.stat(DEV, f"{place}/x"),
        lambda: store.set_properties(DEV, f"{place}/x", {"a": "b"}),
    ):
        with pytest.raises(NotFound, match="not in the repository"):
            act()
    with pytest.raises(NotFound):
        store.get(DEV, f"{place}/x", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_stat_of_a_folder_is_not_found(store, place, tmp_path):
    store.put(DEV, f"{place}/a.txt", *written(tmp_path))
    with pytest.raises(NotFound):
        store.stat(DEV, place)


def test_list_is_by_path_and_knows_folders_below(store, place, tmp_path):
    file, sha = written(tmp_path)
    for name in ("b.txt", "files/a.txt", "a.txt"):
        store.put(DEV, f"{place}/{name}", file, sha)
    found = store.list(DEV, place)
    assert [one.path for one in found] == [
        f"{place}/{n}" for n in ("a.txt", "b.txt", "files/a.txt")
    ]
    assert {(one.size, one.sha256) for one in found} == {(16, sha)}
    assert store.list(UAT, place) == []


def test_properties_are_added_and_replaced(store, place, tmp_path):
    store.put(DEV, f"{place}/a.txt", *written(tmp_path))
    store.set_properties(DEV, f"{place}/a.txt", {"mlaas.version": "1.0.0", "mlaas.task": "binary"})
    store.set_properties(DEV, f"{place}/a.txt", {"mlaas.version": "1.0.1"})
    wanted = {"mlaas.version": "1.0.1", "mlaas.task": "binary"}
    assert dict(store.stat(DEV, f"{place}/a.txt").properties) == wanted
    assert dict(store.list(DEV, place)[0].properties) == wanted


@pytest.mark.parametrize(
    ("key", "value"),
    [("a b", "x"), ("a;b", "x"), ("a=b", "x"), ("a", "x,y"), ("a", "x;y"), ("a", "")],
)
def test_property_that_would_need_escaping_is_refused(store, place, tmp_path, key, value):
    store.put(DEV, f"{place}/a.txt", *written(tmp_path))
    with pytest.raises(InvalidInput, match="cannot be stored"):
        store.set_properties(DEV, f"{place}/a.txt", {key: value})
    assert dict(store.stat(DEV, f"{place}/a.txt").properties) == {}


def test_copy_takes_bytes_and_properties_along(store, place, tmp_path):
    file, sha = written(tmp_path)
    store.put(DEV, f"{place}/a.txt", file, sha)
    store.set_properties(DEV, f"{place}/a.txt", {"mlaas.version": "1.0.0"})
    for _ in range(2):  # once more is no failure
        assert store.copy(DEV, f"{place}/a.txt", UAT).sha256 == sha
    assert dict(store.stat(UAT, f"{place}/a.txt").properties) == {"mlaas.version": "1.0.0"}
    store.get(UAT, f"{place}/a.txt", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    assert store.stat(DEV, f"{place}/a.txt").sha256 == sha


def test_copy_onto_other_bytes_is_refused(store, place, tmp_path):
    store.put(DEV, f"{place}/a.txt", *written(tmp_path))
    store.put(PROD, f"{place}/a.txt", *written(tmp_path, b"other"))
    with pytest.raises(InvalidInput, match="already, with other content"):
        store.copy(DEV, f"{place}/a.txt", PROD)
    with pytest.raises(NotFound):
        store.copy(DEV, f"{place}/missing.txt", PROD)


def test_delete_removes_and_may_be_repeated(store, place, tmp_path):
    store.put(DEV, f"{place}/a.txt", *written(tmp_path))
    store.delete(DEV, f"{place}/a.txt")
    store.delete(DEV, f"{place}/a.txt")
    assert store.list(DEV, place) == []
