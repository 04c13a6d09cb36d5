"""The numbers that the shipped files give to a supervisor's expectations."""

import pytest

from engines.governance.policies import Numbered, Policy, parse
from tests.engines.governance.policies.conftest import FOLDER, SHIPPED

# Headings of the public texts; see docs/reference/policies.md for what was compared with what.
E_23 = {1: 3, 2: 3, 3: 6}  # outcome: principles under it
SS1_23 = {1: 3, 2: 6, 3: 6, 4: 5, 5: 3}
SECTIONS = {"sr-11-7": {"IV", "V", "VI"}, "sr-26-2": {"III", "IV", "V", "VI", "VII"}}


def shipped(name: str) -> Policy:
    return parse((FOLDER / f"{name}.yaml").read_text("utf-8"))


def spelt_out(number: str) -> list[str]:
    """“2.1-2.2” as both of its numbers."""
    first, _, last = number.partition("-")
    principle, begin = first.split(".")
    end = last.split(".")[1] if last else begin
    return [f"{principle}.{n}" for n in range(int(begin), int(end) + 1)]


@pytest.mark.parametrize(("name", "known"), [("osfi-e-23", E_23), ("ss1-23", SS1_23)])
def test_every_principle_is_rendered_once(name, known):
    numbers = [n for each in shipped(name).requirements for n in spelt_out(each.id)]
    assert numbers == [f"{p}.{n}" for p, last in known.items() for n in range(1, last + 1)]


@pytest.mark.parametrize("name", SECTIONS)
def test_roman_numbers_are_sections_of_the_guidance(name):
    assert {each.id.split()[0] for each in shipped(name).requirements} == SECTIONS[name]


def test_ss1_23_keeps_documentation_apart_from_adjustments():
    themes = {each.id: each.theme for each in shipped("ss1-23").requirements}
    assert themes["3.4"] == "Adjustments and expert judgement"
    assert themes["3.5"] == "Development documentation"
    assert themes["3.6"] == "Supporting systems"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_compared_number_says_with_what(path):
    policy = parse(path.read_text("utf-8"))
    compared = [r for r in policy.requirements if r.number is Numbered.COMPARED]
    told = policy.guidance.compared if policy.guidance else None
    assert bool(compared) == bool(told)


def test_a_number_counts_as_ours_unless_said(text):
    more = '\nrequirements:\n  - {id: "1", theme: T, says: S, answered_by: {by_hand: B}}\n'
    (only,) = parse(text + more).requirements
    assert only.number is Numbered.OURS
