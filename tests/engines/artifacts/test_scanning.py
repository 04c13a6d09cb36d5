"""What must not leave is stopped and reported: real hostile files, made here."""

import io
import json
import os
import pickle
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from engines import artifacts
from engines.artifacts import ReleaseState, Severity, scanning
from engines.core.errors import InvalidInput
from engines.core.progress import Silent
from tests.engines.artifacts.test_publish import FIRST
from tests.harness.releases import EVIDENCE, FolderSources


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch /tmp/never",)


def found(name, file):
    return list(scanning.scan_file(name, file))


def stopped(name, file):
    return " ".join(one.text for one in found(name, file) if one.severity is Severity.BLOCK)


def zipped(file: Path, **members: bytes) -> Path:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return file


@pytest.mark.parametrize(
    "name", ["model.skops", "model.pkl", "notes.md", "data.json", "Dockerfile"]
)
def test_malicious_pickle_is_stopped_under_any_name(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(pickle.dumps(Evil()))
    assert "it is a pickle, which runs code when it is read." in stopped(name, file)
    advice = {one.tool: one.text for one in found(name, file) if one.severity is Severity.ADVICE}
    assert "system" in advice["modelscan"]
    assert "OVERTLY_MALICIOUS" in advice["fickling"]


def test_pickle_inside_a_model_is_stopped(tmp_path, models):
    file = shutil.copy(models / "r1/binary/model.skops", tmp_path / "model.skops")
    with ZipFile(file, "a") as archive:
        archive.writestr("weights.bin", pickle.dumps(Evil()))
    assert "“weights.bin” in it is a pickle" in stopped("model.skops", Path(file))


def test_array_of_objects_inside_a_model_is_stopped(tmp_path):
    content = io.BytesIO()
    np.save(content, np.array([Evil()], dtype=object), allow_pickle=True)
    file = zipped(tmp_path / "model.skops", a_dot_npy=content.getvalue(), schema_dot_json=b"{}")
    assert "array of Python objects" in stopped("model.skops", file)


def test_model_that_would_call_os_is_stopped(tmp_path):
    file = tmp_path / "model.skops"
    skops.io.dump(FunctionTransformer(os.system), file)
    assert "it would load posix.system, which is not trusted" in stopped("model.skops", file)


@pytest.mark.parametrize("inside", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "..\\..\\x"])
def test_zip_that_leads_out_of_its_folder_is_stopped(tmp_path, inside):
    file = tmp_path / "a.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr(inside, "x")
    assert "leads out of the folder" in stopped("a.zip", file)


def test_tar_with_ways_out_and_links_is_stopped(tmp_path):
    file = tmp_path / "a.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../up"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    told = stopped("a.tar.gz", file)
    assert "“../up” leads out" in told
    assert "“link” is a link" in told


def packed(how: str, inside: bytes) -> bytes:
    """A zip or tar.gz of one file called “part”, or a NumPy archive of one object, as bytes."""
    out = io.BytesIO()
    if how == "zip":
        with ZipFile(out, "w") as archive:
            archive.writestr("part", inside)
    elif how == "tar.gz":
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            entry = tarfile.TarInfo("part")
            entry.size = len(inside)
            archive.addfile(entry, io.BytesIO(inside))
    else:
        np.savez(out, part=np.array([Evil()], dtype=object))
    return out.getvalue()


@pytest.mark.parametrize(
    "layers",
    [
        ("zip", "zip"),
        ("zip", "npz"),
        ("tar.gz",),
        ("tar.gz", "zip"),
        ("zip", "tar.gz"),
        ("zip",) * 5,
    ],
    ids="-".join,
)
def test_pickle_is_found_however_deep_it_is_packed(tmp_path, layers):
    content = pickle.dumps(Evil())
    for how in reversed(layers):
        content = packed(how, content)
    file = tmp_path / f"a.{'gz' if layers[0] == 'tar.gz' else 'zip'}"
    file.write_bytes(content)
    told = stopped(file.name, file)
    assert "pickle" in told or "more than 3 deep" in told


def test_link_and_names_that_differ_in_case_inside_a_zip_are_stopped(tmp_path):
    file = zipped(tmp_path / "a.zip", Model=b"1", model=b"2")
    with ZipFile(file, "a") as archive:
        link = ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    told = stopped("a.zip", file)
    assert "“model” is in it twice" in told
    assert "“link” is a link" in told


def test_json_nested_beyond_measure_is_no_text(tmp_path):
    file = tmp_path / "model.json"
    file.write_text("[" * 200_000)
    assert "not the text" in stopped("model.json", file)


def test_archive_that_unpacks_to_far_more_is_stopped(tmp_path):
    file = zipped(tmp_path / "a.zip", zeros=b"\0" * 150_000_000)
    assert "it unpacks to 150,000,000 bytes" in stopped("a.zip", file)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("run.sh", b"echo", "“.sh” are not released"),
        ("tool", b"\x7fELF....", "it is a program"),
        ("model.skops", b"not a zip", "not what “.skops” says"),
        ("model.skops", b"PK\x03\x04broken", "not a readable archive"),
        ("card.json", b"{", "not the text that “.json” says"),
        ("notes.md", b"\xff\xfe", "not the text that “.md” says"),
        ("evil.py", b"import os", "“.py” are not released"),
    ],
)
def test_file_of_another_type_is_stopped(tmp_path, name, content, words):
    file = tmp_path / name
    file.write_bytes(content)
    assert words in stopped(name, file)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_model_of_our_own_passes_with_advice(models, task):
    file = models / "r1" / task / "model.skops"
    assert stopped("model.skops", file) == ""
    assert {one.tool for one in found("model.skops", file)} == {"modelscan", "fickling"}


def hostile(root: Path, models: Path, how: str) -> FolderSources:
    """A run whose model or evidence is hostile."""
    shutil.copytree(models / "r1", root / "r1")
    model = root / "r1/binary/model.skops"
    more = dict(EVIDENCE)
    if how == "pickle":
        model.write_bytes(pickle.dumps(Evil()))
    elif how == "os":
        skops.io.dump(FunctionTransformer(os.system), model)
    else:
        zipped(root / "x.zip", **{"..__up": b"x"})
        more["appendix.zip"] = (root / "x.zip").read_bytes()
    return FolderSources(root, more=more)


@pytest.mark.parametrize("how", ["pickle", "os", "archive"])
def test_publish_of_something_hostile_is_stopped_and_reported(
    folder_depot, analyst, models, tmp_path, how
):
    depot = replace(folder_depot, sources=hostile(tmp_path / "hostile", models, how))
    row = artifacts.request_release(depot, analyst, FIRST)
    with pytest.raises(InvalidInput, match="stopped by the scan"):
        artifacts.publish(depot, analyst, row.id, Silent())
    (view,) = artifacts.releases(depot, analyst)
    assert (view.release.state, view.present) == (ReleaseState.FAILED, ())
    assert "stopped by the scan" in view.release.error
    assert depot.store.list(artifacts.Repository.DEV, "churn/1.0.0") == []
    assert not Path("/tmp/never").exists()


def test_findings_travel_with_the_release(folder_depot, analyst):
    row = artifacts.request_release(folder_depot, analyst, FIRST)
    release = artifacts.publish(folder_depot, analyst, row.id, Silent())
    assert {one["severity"] for one in release.facts["findings"]} == {"advice"}
    assert json.dumps(release.facts)
