"""A bad policy file names the line and the repair."""

import pytest

from engines.core.errors import InvalidInput
from engines.governance.policies import faults, load, parse

# (what is replaced in the shipped default policy, by what, message, repair)
SLIPS = [
    ("{role: checker, count: 1, level: 1}", "{role: cheker, count: 1, level: 1}",
     "“cheker” is no role.", "Did you mean “checker”?"),
    ("{role: checker, count: 1, level: 1}", "{role: admin, count: 1, level: 1}",
     "“admin” does not vote.", "Choose one of: checker, deployer, validator."),
    ("{role: checker, count: 1, level: 1}", "{rol: checker, count: 1, level: 1}",
     "“rol” is not known here.", "Did you mean “role”?"),
    ("{role: checker, count: 1, level: 1}", "{role: checker, count: two, level: 1}",
     "“count” is no whole number.", "Write a number without quotes."),
    ("{role: checker, count: 1, level: 1}", "{role: checker, count: 0, level: 1}",
     "“count”: Input should be greater than or equal to 1.", ""),
    ("fact: holdout.roc_auc,", "fact: holdout.roc_acu,",
     "There is no fact “holdout.roc_acu”.", "Did you mean “holdout.roc_auc”?"),
    ("at_least: 0.65}", "atleast: 0.65}",
     "“atleast” is not known here.", "Did you mean “at_least”?"),
    ("at_least: 0.65}", "at_least: 0.65, at_most: 1}",
     "a check has exactly one of", "Compare it with the policy reference."),
    ("label: Model files are clean, equals: clean", "label: Clean, at_least: 1",
     "“scan.model_files” is text, not a number.", "Use “equals”."),
    ("label: Better than the baseline, equals: true", 'label: Better, equals: "yes"',
     "“yes” can never equal “beats.baseline”.", "Write true"),
    ("kind: data_sheet", "kind: data_shet",
     "There is no document “data_shet”.", "Did you mean “data_sheet”?"),
    ("sections: [motivation,", "sections: [motivaton,",
     "has no section “motivaton”.", "Did you mean “motivation”?"),
    ("from_tier: high}", "from_tier: hihg}",
     "There is no tier “hihg”.", "Did you mean “high”?"),
    ("{role: validator, count: 1, level: 2, from_tier: medium}",
     "{role: validator, count: 1, level: 3, from_tier: medium}",
     "Level 3 waits for level 2, which “medium” lacks.", "Use level 2."),
    ("starts_at: 9", "starts_at: 3",
     "not above the tier before it.", "let this one start above 4."),
    ("starts_at: 1", "starts_at: 2",
     "The lowest tier leaves out the lowest scores.", "Let it start at 1."),
    ("escalate_to: validator", "escalate_to: validater",
     "“validater” is no role.", "Did you mean “validator”?"),
    ("escalate_to: validator", "escalate_to: admin",
     "“admin” does not vote.", "Choose one of: checker, deployer, validator."),
    ("then: return", "then: return\n    escalate_to: validator",
     "late submissions are to return.", "Write “then: escalate”, or drop it."),
    ("then: return", "then: retrun",
     "“retrun” is no then.", "Did you mean “return”?"),
    ("  uat:\n", "  uta:\n",
     "“uta” is no uta.", "Did you mean “uat”?"),
    ("expires_days: 180", "expires_days: {low: 180, medium: 90}",
     "The tier “high” has no days.", "Add “high: …”."),
    ("amount_at_stake:\n", "amount_at_steak:\n",
     "no question “amount_at_steak” with choices.", "Did you mean “amount_at_stake”?"),
    ("      decision support: 2\n", "      decission support: 2\n",
     "“decission support” is no answer to “purpose”.", "Did you mean “decision support”?"),
    ("      decision support: 2\n", "",
     "The answer “decision support” to “purpose” has no score.", "Add"),
    ("task: binary}", "task: binray}",
     "“task” is never “binray”.", "Did you mean “binary”?"),
    ("protected_attributes_used: true", "protected_atributes_used: true",
     "is no characteristic and no question.", "Did you mean “protected_attributes_used”?"),
    ('vendor_model: ["yes", unknown]', "vendor_model: [yes, unknown]",
     "YAML reads yes as a switch.", 'Write "yes" in quotes.'),
    ("policy: default\n", "policy: default\npolicy: other\n",
     "“policy” is here twice.", "Keep one of them."),
    ("policy: default\n", "", "“policy” is missing.", "Add “policy:” here."),
    ("title: House policy", "title: &a House policy", "Anchors", "Write it out."),
    ("tiers:\n", "tiers\n", "This is no YAML", "Look at the indentation"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "message", "fix"), SLIPS, ids=[s[2] for s in SLIPS])
def test_slip_is_named_with_its_line_and_repair(text, vocabulary, good, bad, message, fix):
    assert good in text
    broken = text.replace(good, bad, 1)
    found = faults(broken, vocabulary)
    assert found
    assert message in found[0].message
    assert fix in found[0].fix
    line = broken[: broken.index(bad)].count("\n") + 1 if bad else found[0].line
    wide = 60 if message.startswith(("Level", "The answer", "“policy” is m")) else 1
    assert abs(found[0].line - line) <= wide


def test_fault_points_at_the_very_word(text, vocabulary):
    broken = text.replace("fact: holdout.r2", "fact: holdout.r3", 1)
    fault = faults(broken, vocabulary)[0]
    line = broken.splitlines()[fault.line - 1]
    assert line[fault.column - 1 :].startswith("holdout.r3")


def test_tier_that_no_answers_reach_is_refused(text, vocabulary):
    start, end = text.index("  at_least:"), text.index("tiers:\n")
    broken = (text[:start] + text[end:]).replace("starts_at: 9", "starts_at: 17")
    found = faults(broken, vocabulary)
    assert [fault.message for fault in found] == ["No answers lead to the tier “high”."]
    assert "starts_at: 17" in broken.splitlines()[found[0].line - 1]


def test_every_fault_is_named_not_only_the_first(text, vocabulary):
    broken = text.replace("fact: holdout.r2", "fact: holdout.r3", 1)
    broken = broken.replace("kind: data_sheet", "kind: dta_sheet", 1)
    assert len(faults(broken, vocabulary)) == 2


def test_stage_without_approvals_is_refused(text, vocabulary):
    start, end = text.index("  uat:"), text.index("  prod:")
    broken = text[:start] + text[start:end].replace(
        "    approvals:\n      - {role: checker, count: 1, level: 1}\n"
        "      - {role: deployer, count: 1, level: 2}\n", ""
    ) + text[end:]  # fmt: skip
    found = faults(broken, vocabulary)
    assert [fault.message for fault in found] == ["Nobody approves the tier “low” at this stage."]
    assert broken.splitlines()[found[0].line - 1] == "  uat:"


def test_missing_stage_is_refused(text, vocabulary):
    found = faults(text[: text.index("  prod:")], vocabulary)
    assert "these stages are missing: prod" in found[0].message


@pytest.mark.parametrize("text", ["", "a", "- a", "{", "!!python/object:os.system {}", "a: " * 999])
def test_text_that_is_no_policy_is_one_fault(text, vocabulary):
    assert len(faults(text, vocabulary)) >= 1


def test_text_beyond_measure_is_refused(vocabulary):
    assert "longer than" in faults("#" * 200_001, vocabulary)[0].message
    assert "Nested more than 20" in faults("[" * 200_000, vocabulary)[0].message


def test_parse_names_source_line_and_repair(text, vocabulary):
    broken = text.replace("fact: holdout.r2", "fact: holdout.r3", 1)
    line = broken[: broken.index("holdout.r3")].count("\n") + 1
    with pytest.raises(InvalidInput) as refusal:
        parse(broken, vocabulary, "house.yaml")
    assert refusal.value.message == (f"house.yaml, line {line}: There is no fact “holdout.r3”.")
    assert refusal.value.hint.startswith("Did you mean “holdout.")


def test_load_refuses_two_files_of_one_name(tmp_path, text, vocabulary):
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    assert list(load(tmp_path, vocabulary)) == ["default"]
    (tmp_path / "b.yaml").write_text(text, "utf-8")
    with pytest.raises(InvalidInput, match=r"b\.yaml, line 1"):
        load(tmp_path, vocabulary)
