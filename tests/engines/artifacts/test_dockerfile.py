"""The release's Dockerfile held against rules (after hadolint's), since nothing builds it here."""

import json
import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from engines import artifacts
from engines.artifacts import Repository
from tests.engines.artifacts.test_publish import published

KNOWN = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT"}
PINNED = re.compile(r"[a-z][a-z0-9./-]*:\d+\.\d+\.\d+-slim-[a-z]+")


def instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, arguments) of each, comments left out and continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines()]  # type: ignore[misc]


def faults(text: str, bundle: set[str]) -> list[str]:
    """What is wrong with a Dockerfile whose build context holds the files of `bundle`."""
    steps = instructions(text)
    told = [f"{name} is not expected" for name, _ in steps if name not in KNOWN]
    of = {name: [given for each, given in steps if each == name] for name in KNOWN}
    if len(of["FROM"]) != 1 or steps[0][0] != "FROM" or not PINNED.fullmatch(of["FROM"][0]):
        told.append("the base image is not fixed to a version")  # DL3006, DL3007
    for given in of["COPY"]:
        *files, _target = given.split()
        told += [f"{one} is not in the bundle" for one in files if one != "." and one not in bundle]
    users = [given.split(":")[0] for given in of["USER"]]
    if not users or not users[-1].isdigit() or users[-1] == "0":
        told.append("it runs as root")  # DL3002
    if not all(given.startswith("/") for given in of["WORKDIR"]):
        told.append("WORKDIR is relative")  # DL3000
    told += [f"it needs {word}" for word in ("curl", "wget", "sudo") if word in " ".join(of["RUN"])]
    if len(of["ENTRYPOINT"]) != 1 or not of["ENTRYPOINT"][0].startswith("["):
        return [*told, "ENTRYPOINT is a shell's"]  # DL3025
    script = json.loads(of["ENTRYPOINT"][0])[-1]
    return told if script in bundle else [*told, f"{script} is not in the bundle"]


@pytest.fixture
def bundle(folder_depot, analyst, tmp_path: Path) -> dict[str, str]:
    """The texts of a published release's files by name; empty for what is no text."""
    release = published(folder_depot, analyst)
    file = "packages/churn-1.0.0.zip"
    place = artifacts.retrieve(
        folder_depot, analyst, release.id, file, tmp_path / "z.zip", Repository.DEV
    )
    with ZipFile(place) as zipped:
        return {
            name.removeprefix("churn-1.0.0/"): zipped.read(name).decode("utf-8", "ignore")
            for name in zipped.namelist()
        }


def test_dockerfile_of_a_release_keeps_the_rules(bundle):
    text = bundle["Dockerfile"]
    assert faults(text, set(bundle)) == []
    pinned = bundle["requirements.lock"].splitlines()
    assert all("==" in line for line in pinned if line and line[0] not in "# ")
    change = {
        "FROM python:3.11-slim": "the base image is not fixed to a version",
        "COPY gone.txt .": "gone.txt is not in the bundle",
        "USER root": "it runs as root",
        "ADD . .": "ADD is not expected",
    }
    for line, fault in change.items():
        word = line.split()[0]
        changed = re.sub(rf"^{word} .*$", line, text, flags=re.M)
        assert fault in faults(changed if changed != text else f"{text}{line}\n", set(bundle))
