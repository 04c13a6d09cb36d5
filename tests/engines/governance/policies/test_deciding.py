"""Tiers, requirements and checks: what a policy says of a model."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.core.errors import InvalidInput
from engines.core.facts import not_applicable
from engines.core.gate import Stage
from engines.governance.policies import (
    Check,
    Tier,
    Vote,
    judge,
    parse,
    required,
    tier,
    votes_missing,
)
from engines.projects.objective import AMOUNTS, CUSTOMERS, PURPOSES
from tests.engines.governance.policies.conftest import SHIPPED

SMALL = {"purpose": "exploration", "amount_at_stake": "none", "customers_affected": "none"}
BIG = {
    "purpose": "regulatory capital",
    "amount_at_stake": "above 1 billion",
    "customers_affected": "above 1 million",
}
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "purpose": st.sampled_from(PURPOSES),
        "amount_at_stake": st.sampled_from(AMOUNTS),
        "customers_affected": st.sampled_from(CUSTOMERS),
        "vendor_model": st.sampled_from(["unknown", "no", "yes"]),
    },
)
KNOWN = {"task": "binary", "algorithm_family": "linear", "vendor_model": "no",
         "protected_attributes": 0, "protected_attributes_used": False}  # fmt: skip
RANKS = {path.name: parse(path.read_text("utf-8")) for path in SHIPPED}


def test_materiality_is_exposure_times_purpose(policy):
    answers = {**SMALL, "purpose": "risk management", "amount_at_stake": "1 to 50 million"}
    found = tier(policy, answers)
    assert (found.exposure, found.purpose, found.materiality) == (2, 3, 6)
    assert found.key == "medium"
    assert "Exposure 2 (amount at stake: 1 to 50 million)" in found.sentences[0]


def test_no_answer_counts_as_the_highest(policy):
    assert tier(policy, {}).key == "high"
    assert "not answered" in tier(policy, {}).sentences[0]


def test_a_rule_lifts_the_tier_and_says_why(policy):
    found = tier(policy, {**SMALL, "purpose": "automated decision"})
    assert found.key == "medium"
    assert any("No person stands between" in sentence for sentence in found.sentences)


def test_tier_can_be_raised_and_never_lowered(policy):
    assert tier(policy, SMALL).key == "low"
    assert tier(policy, SMALL, "high").key == "high"
    assert tier(policy, SMALL, "low").key == "low"
    with pytest.raises(InvalidInput, match="never lowered"):
        tier(policy, BIG, "medium")
    with pytest.raises(InvalidInput, match="no tier “higher”"):
        tier(policy, BIG, "higher")


@given(answers=ANSWERS, name=st.sampled_from(sorted(RANKS)), raised=st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_raising_never_lowers_tier_or_requirements(answers, name, raised):
    policy = RANKS[name]
    computed = tier(policy, answers)
    wanted = policy.tiers[min(max(raised, computed.position), len(policy.tiers) - 1)].key
    lifted = tier(policy, answers, wanted)
    assert lifted.position >= computed.position
    for stage in Stage:
        low = required(policy, stage, computed, {**answers, **KNOWN})
        high = required(policy, stage, lifted, {**answers, **KNOWN})
        assert set(low.checks) <= set(high.checks)
        counts = {(a.level, a.role): a.count for a in high.approvals}
        assert all(counts[a.level, a.role] >= a.count for a in low.approvals)
        for kind, sections in low.document_map.items():
            asked = high.document_map[kind]
            assert not asked or (sections and set(sections) <= set(asked))
        assert high.expires_days <= low.expires_days


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_policy_loads_and_every_tier_is_reached(path, vocabulary):
    policy = parse(path.read_text("utf-8"), vocabulary, path.name)
    assert policy.name == path.stem
    asked = ("purpose", "amount_at_stake", "customers_affected")
    reached = {
        tier(policy, dict(zip(asked, values, strict=True))).key
        for values in product(PURPOSES, AMOUNTS, CUSTOMERS)
    }
    assert reached == {rule.key for rule in policy.tiers}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_policy_lets_nobody_pass_unapproved(path):
    policy = RANKS[path.name]
    for stage, rule in product(Stage, policy.tiers):
        needed = required(policy, stage, tier(policy, BIG if rule.key else {}), KNOWN)
        assert needed.approvals
        assert votes_missing(needed.approvals, [])
        assert list(needed.levels) == list(range(1, len(needed.levels) + 1))


def test_requirements_follow_tier_stage_and_characteristics(policy):
    low = required(policy, Stage.TRAINING, tier(policy, SMALL), KNOWN)
    high = required(policy, Stage.TRAINING, tier(policy, BIG), KNOWN)
    assert [(a.role, a.count, a.level) for a in low.approvals] == [("checker", 1, 1)]
    assert [(a.role, a.count, a.level) for a in high.approvals] == [
        ("checker", 2, 1),
        ("validator", 1, 2),
    ]
    assert low.document_map["model_card"] == ["details", "intended_use", "caveats"]
    assert high.document_map["model_card"] == []
    assert {c.fact for c in low.checks} >= {"holdout.roc_auc", "gap.roc_auc", "beats.baseline"}
    assert "holdout.r2" not in {c.fact for c in low.checks}


def test_route_adds_approvals_and_says_why(policy):
    known = {**KNOWN, "protected_attributes_used": True}
    needed = required(policy, Stage.TRAINING, tier(policy, SMALL), known)
    assert [a.role for a in needed.levels[2]] == ["validator"]
    assert any("A protected column is among the features" in r for r in needed.reasons)


def test_characteristic_that_is_not_known_counts_as_fitting(policy):
    needed = required(policy, Stage.TRAINING, tier(policy, SMALL), {"task": "binary"})
    assert [a.role for a in needed.levels[2]] == ["validator"]


@pytest.mark.parametrize(
    ("bound", "value", "passed"),
    [
        ({"at_least": 0.7}, 0.7, True),
        ({"at_least": 0.7}, 0.69, False),
        ({"at_least": 0.7}, None, False),
        ({"at_least": 0.7}, float("nan"), False),
        ({"at_least": 0.7}, True, False),
        ({"at_least": 0.7}, "0.9", False),
        ({"at_most": 0}, 0, True),
        ({"at_most": 0}, 1, False),
        ({"equals": "clean"}, "clean", True),
        ({"equals": "clean"}, "imports os", False),
        ({"equals": True}, True, True),
        ({"equals": True}, 1, False),
        ({"present": True}, "anything", True),
        ({"present": True}, None, False),
    ],
)
def test_check_holds_the_fact_against_its_bound(bound, value, passed):
    check = Check(fact="holdout.roc_auc", label="ROC AUC", **bound)
    (result,) = judge([check], {"holdout.roc_auc": value})
    assert result.passed is passed
    assert result.blocks is not passed
    assert result.sentence.startswith("ROC AUC: ")


def test_missing_fact_fails_with_a_sentence():
    check = Check(fact="holdout.roc_auc", label="ROC AUC", at_least=0.7)
    assert judge([check], {})[0].sentence == "ROC AUC: not measured (ROC AUC on the hold-out)."


def test_failed_warning_does_not_block():
    check = Check(fact="rows.train", label="Rows", at_least=10, severity="warn")
    (result,) = judge([check], {"rows.train": 5})
    assert (result.passed, result.blocks) == (False, False)
    assert result.sentence == "Rows: 5, not as asked (at least 10)."


def test_check_of_what_a_model_cannot_have_says_so_and_stands_in_nobodys_way():
    check = Check(fact="drift.psi_max_period", label="Stable over time", at_most=0.25)
    (result,) = judge([check], {check.fact: not_applicable("no time column")})
    assert (result.applies, result.blocks) == (False, False)
    assert result.sentence == "Stable over time: not applicable, no time column."
    (missing,) = judge([check], {})
    assert (missing.applies, missing.blocks) == (True, True)


@pytest.mark.parametrize("bound", [{"at_most": 1}, {"present": True}, {"equals": "clean"}])
def test_only_facts_that_a_model_may_lack_can_be_not_applicable(bound):
    check = Check(fact="scan.model_files", label="Clean", **bound)
    (result,) = judge([check], {check.fact: not_applicable("a file of that name")})
    assert result.applies
    assert result.passed is ("present" in bound)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_policies_ask_for_stability_over_time_before_prod(path):
    policy = parse(path.read_text("utf-8"))
    highest = Tier(policy.tiers[-1].key, "", len(policy.tiers) - 1, 0, 0, 0, ())
    asked = required(policy, Stage.PROD, highest, KNOWN).checks
    (check,) = [each for each in asked if each.fact == "drift.psi_max_period"]
    assert [result.passed for result in judge([check], {check.fact: 0.3})] == [False]


FACT = st.one_of(st.none(), st.booleans(), st.floats(), st.sampled_from(["clean", "bad", ""]))


@given(
    facts=st.dictionaries(st.sampled_from(["rows.train", "gap.r2", "scan.model_files"]), FACT),
    bounds=st.lists(st.floats(-10, 10), max_size=4),
    added=st.floats(-10, 10),
)
@settings(max_examples=150, deadline=None)
def test_added_check_never_makes_a_failing_submission_pass(facts, bounds, added):
    checks = [Check(fact="gap.r2", label="Gap", at_most=bound) for bound in bounds]
    more = [*checks, Check(fact="rows.train", label="Rows", at_least=added)]
    failing = any(result.blocks for result in judge(checks, facts))
    assert any(result.blocks for result in judge(more, facts)) >= failing


def test_votes_count_by_role_and_level(policy):
    needed = required(policy, Stage.TRAINING, tier(policy, BIG), KNOWN)
    votes = [Vote("checker", 1), Vote("validator", 1)]
    assert votes_missing(needed.approvals, votes) == [
        "Level 1: 1 of 2 approvals by a checker.",
        "Level 2: 0 of 1 approvals by a validator.",
    ]
    enough = [Vote("checker", 1), Vote("checker", 1), Vote("validator", 2)]
    assert votes_missing(needed.approvals, enough) == []
