"""What an edited policy would have said of the past, and one evidence set read four ways."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from engines.core.errors import InvalidInput
from engines.core.facts import not_applicable
from engines.core.gate import Stage
from engines.governance import policies
from engines.governance.policies import EvidenceSet, Standing, Vote, coverage, parse, tier
from tests.engines.governance.policies.conftest import FOLDER, SHIPPED

SMALL = {"purpose": "exploration", "amount_at_stake": "none", "customers_affected": "none",
         "vendor_model": "no"}  # fmt: skip
KNOWN = {"task": "binary", "algorithm_family": "linear", "protected_attributes": 0,
         "protected_attributes_used": False}  # fmt: skip
GOOD = {"holdout.roc_auc": 0.68, "gap.roc_auc": 0.01, "beats.baseline": True,
        "scan.model_files": "clean", "rows.train": 900}  # fmt: skip
WRITTEN = frozenset(
    [f"model_development/{s}" for s in ("purpose", "data", "method", "performance", "limitations")]
    + [f"model_card/{s}" for s in ("details", "intended_use", "caveats")]
)


@dataclass(frozen=True)
class Past:
    """A submission of the past."""

    id: str = "s1"
    title: str = "Churn, binary"
    stage: Stage = Stage.TRAINING
    answers: dict[str, str] = field(default_factory=lambda: dict(SMALL))
    raised_to: str | None = None
    characteristics: dict[str, Any] = field(default_factory=lambda: dict(KNOWN))
    facts: dict[str, Any] = field(default_factory=lambda: dict(GOOD))
    documents: frozenset[str] = WRITTEN
    votes: tuple[Vote, ...] = (Vote("checker", 1),)
    policy_name: str = "default"
    policy_version: int = 1


@pytest.fixture
def look(db, vocabulary, make_actor):
    policies.install(db, FOLDER, vocabulary)

    def at(text, *past):
        return policies.preview(db, make_actor("admin"), text, past, vocabulary)

    return at


def test_preview_of_the_same_text_changes_nothing(look, text):
    (row,) = look(text, Past())
    assert row.before == row.after
    assert row.after.passed
    assert not row.changed
    assert row.reasons == ()


def test_stricter_check_names_who_would_have_failed_and_why(look, text):
    edited = text.replace("at_least: 0.65", "at_least: 0.7")
    rows = look(edited, Past(id="same", facts={**GOOD, "holdout.roc_auc": 0.9}), Past(id="fails"))
    assert [(row.id, row.changed) for row in rows] == [("fails", True), ("same", False)]
    assert rows[0].before.passed
    assert not rows[0].after.passed
    assert rows[0].reasons == ("ROC AUC on the hold-out: 0.68, not as asked (at least 0.7).",)


def test_looser_check_names_who_would_have_passed(look, text):
    edited = text.replace("at_least: 0.65", "at_least: 0.5")
    (row,) = look(edited, Past(facts={**GOOD, "holdout.roc_auc": 0.6}))
    assert (row.before.passed, row.after.passed) == (False, True)
    assert row.reasons[0].startswith("No longer a fault: ROC AUC")


def test_more_votes_and_documents_are_named(look, text):
    edited = text.replace("{role: checker, count: 1, level: 1}", "{role: checker, count: 2}", 1)
    edited = edited.replace("sections: [details, intended_use, caveats]}",
                            "sections: [details, ethics]}", 1)  # fmt: skip
    (row,) = look(edited, Past())
    assert "Not written: model_card/ethics." in row.reasons
    assert "Level 1: 1 of 2 approvals by a checker." in row.reasons


def test_moved_tier_counts_as_a_change(look, text):
    edited = text.replace("starts_at: 4", "starts_at: 3").replace(
        "exploration: 1", "exploration: 3"
    )
    (row,) = look(edited, Past())
    assert (row.before.tier, row.after.tier) == ("low", "medium")
    assert row.changed
    assert "Tier low becomes medium." in row.reasons


def test_tier_raised_by_hand_stays_raised(look, text):
    (row,) = look(text, Past(raised_to="high"))
    assert row.after.tier == "high"
    assert not row.after.passed


def test_submission_under_a_lost_version_has_no_before(look, text):
    (row,) = look(text, Past(policy_version=9))
    assert row.before is None
    assert row.changed


def test_preview_of_a_bad_text_names_the_line(look, text):
    with pytest.raises(InvalidInput, match=r"Line \d+: There is no fact"):
        look(text.replace("holdout.roc_auc", "holdout.roc_acu"), Past())


def states(policy, evidence):
    return {each.requirement.id: each for each in coverage(policy, evidence)}


@pytest.mark.parametrize("path", [p for p in SHIPPED if p.stem != "default"], ids=lambda p: p.stem)
def test_one_evidence_set_answers_each_guidance(path, vocabulary):
    policy = parse(path.read_text("utf-8"), vocabulary)
    lowest = tier(policy, SMALL)
    every = frozenset(f"{k}/{s}" for k, all_of in vocabulary.documents.items() for s in all_of)
    facts = {**GOOD, "documents.missing": 0, "dependencies.vulnerabilities": 0,
             "drift.psi_max": 0.1, "drift.psi_max_period": not_applicable("no time column"),
             "stability.roc_auc_spread": 0.05}  # fmt: skip
    votes = tuple(Vote(role, 1) for role in ("checker", "validator", "deployer"))
    full = states(policy, EvidenceSet(lowest, {**SMALL, **KNOWN}, facts, every, votes))
    assert {s.state for s in full.values()} <= {Standing.MET, Standing.BY_HAND, Standing.NOT_ASKED}
    assert Standing.MET in {s.state for s in full.values()}
    empty = states(policy, EvidenceSet(lowest, {**SMALL, **KNOWN}))
    assert Standing.OPEN in {s.state for s in empty.values()}
    worse = [i for i in full if full[i].state is Standing.OPEN and empty[i].state is Standing.MET]
    assert worse == []


def test_guidance_with_work_by_hand_is_never_simply_met(vocabulary):
    policy = parse((FOLDER / "sr-11-7.yaml").read_text("utf-8"), vocabulary)
    found = states(policy, EvidenceSet(tier(policy, SMALL), {**SMALL, **KNOWN}))
    assert found["VI inventory"].state is Standing.MET
    assert found["VI policies"].state is Standing.BY_HAND
    assert found["V independence"].state is Standing.OPEN
    assert found["V independence"].evidence[0] == "A validator has not approved yet."


def test_evidence_that_no_stage_asks_for_is_a_fault(vocabulary):
    text = (FOLDER / "sr-11-7.yaml").read_text("utf-8")
    broken = text.replace("checks: [documents.missing]", "checks: [explanation.additivity_gp]")
    (fault,) = policies.faults(broken, vocabulary)
    assert "No stage asks for “explanation.additivity_gp”" in fault.message
    assert fault.fix == "Did you mean “explanation.additivity_gap”?"


def test_metrics_are_those_of_training_and_called_as_on_results():
    from engines import results
    from engines.governance.policies.vocabulary import FAMILIES, METRICS, TASKS
    from engines.training import tasks

    measured = {metric.id for each in tasks.METRICS.values() for metric in each}
    assert set(METRICS) == measured
    assert {name: results.metric(name).title for name in METRICS} == METRICS
    assert set(TASKS) == {task.value for task in tasks.Task}
    assert len(FAMILIES) == len(set(FAMILIES))
