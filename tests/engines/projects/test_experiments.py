"""Experiments: creation, change, ownership, archive, listing, steps."""

import pytest

from engines import projects
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.experiments import ExperimentState
from engines.projects import ExperimentFilter, StepState
from tests.harness.audit import acts


def test_create_records_owner_objective_and_audit(db, analyst):
    made = projects.create(db, analyst, "  Churn   2026 ", "why", {"predicts": " leaves? "})
    found = projects.get(db, analyst, made.id)
    assert (found.name, found.owner_id, found.state) == ("Churn 2026", analyst.id, "draft")
    assert found.objective == {"predicts": "leaves?"}
    assert acts(db) == ["experiment.created"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_create_with_unusable_name_is_refused(db, analyst, name):
    with pytest.raises(InvalidInput):
        projects.create(db, analyst, name)
    assert acts(db) == []


def test_create_with_unknown_question_is_refused(db, analyst):
    with pytest.raises(InvalidInput, match="no question"):
        projects.create(db, analyst, "a", objective={"colour": "red"})


def test_create_with_answer_outside_choices_is_refused(db, analyst):
    with pytest.raises(InvalidInput, match="gigantic"):
        projects.create(db, analyst, "a", objective={"cost_wrong_yes": "gigantic"})


def test_update_by_another_analyst_is_refused(db, analyst, make_actor):
    made = projects.create(db, analyst, "mine")
    other = make_actor("analyst", name="other")
    with pytest.raises(NotAllowed, match="who owns"):
        projects.update(db, other, made.id, "theirs", "", {})
    assert projects.get(db, other, made.id).name == "mine"


def test_update_without_change_writes_no_audit_row(db, analyst):
    made = projects.create(db, analyst, "same", "text", {})
    projects.update(db, analyst, made.id, "same", "text", {})
    assert acts(db) == ["experiment.created"]


def test_checker_cannot_create(db, make_actor):
    with pytest.raises(NotAllowed):
        projects.create(db, make_actor("checker"), "a")


def test_get_of_unknown_id_is_not_found(db, analyst):
    with pytest.raises(NotFound):
        projects.get(db, analyst, "nope")


def test_archive_hides_blocks_and_restores(db, analyst):
    made = projects.create(db, analyst, "old")
    projects.archive(db, analyst, made.id, "superseded")
    assert projects.find(db, analyst, ExperimentFilter()).total == 0
    assert projects.find(db, analyst, ExperimentFilter(archived=True)).total == 1
    with pytest.raises(NotReady):
        projects.update(db, analyst, made.id, "new", "", {})
    projects.restore(db, analyst, made.id)
    assert projects.find(db, analyst, ExperimentFilter()).total == 1
    assert acts(db)[1:] == ["experiment.archived", "experiment.restored"]


def test_archive_without_reason_is_refused(db, analyst):
    made = projects.create(db, analyst, "old")
    with pytest.raises(InvalidInput, match="reason"):
        projects.archive(db, analyst, made.id, "  ")


def test_advance_moves_forward_only(db, analyst):
    made = projects.create(db, analyst, "a")
    projects.advance(db, analyst, made.id, ExperimentState.TRAINED)
    projects.advance(db, analyst, made.id, ExperimentState.DATA)
    assert projects.get(db, analyst, made.id).state == "trained"
    assert acts(db).count("experiment.moved") == 1


def test_find_takes_wildcards_literally_and_ignores_case(db, analyst):
    for name in ("100% sure", "1000 sure", "Over_all", "overall"):
        projects.create(db, analyst, name)
    assert names(db, analyst, "100%") == {"100% sure"}
    assert names(db, analyst, "OVER_") == {"Over_all"}


def names(db, actor, text):
    return {e.name for e in projects.find(db, actor, ExperimentFilter(text=text)).rows}


def test_find_pages_without_gap_or_repeat(db, analyst):
    for number in range(7):
        projects.create(db, analyst, f"e{number}")
    pages = [projects.find(db, analyst, ExperimentFilter(page=page, size=3)) for page in (1, 2, 3)]
    seen = [e.name for page in pages for e in page.rows]
    assert len(seen) == len(set(seen)) == pages[0].total == 7
    assert [len(page.rows) for page in pages] == [3, 3, 1]


def test_steps_of_a_draft_block_what_needs_data(db, analyst):
    made = projects.create(db, analyst, "a")
    states = {step.key: step.state for step in projects.steps(made)}
    assert states == {
        "experiment": StepState.DONE,
        "data": StepState.OPEN,
        "eda": StepState.BLOCKED,
        "training": StepState.BLOCKED,
        "results": StepState.BLOCKED,
        "approvals": StepState.BLOCKED,
    }
    assert all(s.why for s in projects.steps(made) if s.state is StepState.BLOCKED)


@pytest.mark.parametrize(
    ("approval", "state"),
    [("", StepState.OPEN), ("submitted", StepState.WAITING), ("approved", StepState.DONE)],
)
def test_last_step_of_a_trained_experiment_follows_its_approvals(db, analyst, approval, state):
    made = projects.create(db, analyst, "a")
    projects.advance(db, analyst, made.id, ExperimentState.TRAINED)
    last = projects.steps(projects.get(db, analyst, made.id), approval)[-1]
    assert (last.key, last.state) == ("approvals", state)
