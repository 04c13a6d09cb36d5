"""The data dictionary: filled from the data, kept over new data, edited by the owner."""

import pytest

from engines import projects
from engines.core.errors import InvalidInput, NotAllowed
from engines.core.tables import Column, ColumnType


def columns(*names):
    return [
        Column(name, f"C{i}", ColumnType.IDENTIFIER if name == "id" else ColumnType.NUMERIC, 0, 9)
        for i, name in enumerate(names, 1)
    ]


@pytest.fixture
def experiment(db, analyst):
    return projects.create(db, analyst, "a")


def test_fill_keeps_order_and_guards_identifiers(db, analyst, experiment):
    entries = projects.fill_dictionary(db, analyst, experiment.id, columns("id", "age"))
    assert [(e.column_name, e.sensitivity) for e in entries] == [
        ("id", "personal"),
        ("age", "internal"),
    ]


def test_refill_keeps_meaning_and_drops_gone_columns(db, analyst, experiment):
    projects.fill_dictionary(db, analyst, experiment.id, columns("age", "old"))
    projects.edit_dictionary(db, analyst, experiment.id, {"age": {"meaning": "years"}})
    entries = projects.fill_dictionary(db, analyst, experiment.id, columns("new", "age"))
    assert [(e.column_name, e.meaning) for e in entries] == [("new", ""), ("age", "years")]


@pytest.mark.parametrize(
    "changes",
    [
        {"age": {"sensitivity": "secret-ish"}},
        {"age": {"type": "text"}},
        {"height": {"meaning": "m"}},
        {"age": {"unit": "u" * 501}},
    ],
)
def test_edit_with_bad_change_is_refused_whole(db, analyst, experiment, changes):
    projects.fill_dictionary(db, analyst, experiment.id, columns("age"))
    with pytest.raises(InvalidInput):
        projects.edit_dictionary(db, analyst, experiment.id, changes)
    assert projects.dictionary(db, analyst, experiment.id)[0].meaning == ""


def test_edit_by_another_person_is_refused(db, analyst, experiment, make_actor):
    projects.fill_dictionary(db, analyst, experiment.id, columns("age"))
    other = make_actor("analyst", name="other")
    with pytest.raises(NotAllowed):
        projects.edit_dictionary(db, other, experiment.id, {"age": {"meaning": "x"}})
