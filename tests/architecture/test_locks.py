"""The locks hold what the .in files ask for, nothing of one machine, and what is installed."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAIRS = ("requirements", "requirements-dev")


def _asked(name: str) -> list[Requirement]:
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return [Requirement(line) for line in lines if line.strip() and line[0] not in "#-"]


def _pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.\[\]-]+)==([^\s;]+)", (ROOT / f"{name}.txt").read_text(), re.M)
    return {canonicalize_name(package.split("[")[0]): version for package, version in found}


def _in_range(asked: Requirement, pins: dict[str, str]) -> bool:
    pinned = pins.get(canonicalize_name(asked.name), "")
    return bool(pinned) and asked.specifier.contains(pinned, prereleases=True)


@pytest.mark.parametrize("name", PAIRS)
def test_lock_answers_every_request(name: str) -> None:
    pins = _pins(name)
    missing = [str(asked) for asked in _asked(name) if not _in_range(asked, pins)]
    assert not missing, f"run `make lock`: {missing}"


@pytest.mark.parametrize("name", PAIRS)
def test_lock_names_each_request_as_its_source(name: str) -> None:
    """A package whose only source was removed from the .in file would still name it."""
    text = (ROOT / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=\S)", text)
    direct = {
        canonicalize_name(re.split(r"[=\[]", block)[0])
        for block in blocks
        if re.search(rf"-r {name}\.in\b", block)
    }
    assert direct == {canonicalize_name(asked.name) for asked in _asked(name)}


@pytest.mark.parametrize("name", PAIRS)
def test_lock_names_no_place_of_one_machine(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()
    assert not re.search(r"--(extra-)?index-url|--find-links|file://|https?://| @ ", text)


def test_both_locks_agree() -> None:
    product, dev = _pins("requirements"), _pins("requirements-dev")
    assert {name: dev[name] for name in dev.keys() & product.keys()} == {
        name: product[name] for name in dev.keys() & product.keys()
    }


@pytest.mark.parametrize("name", PAIRS)
def test_installed_is_what_the_lock_says(name: str) -> None:
    installed = {package: metadata.version(package) for package in _pins(name)}
    assert installed == _pins(name)
