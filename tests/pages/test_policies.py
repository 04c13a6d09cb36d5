"""The Policies page: everybody reads, administrators edit."""

import re
from pathlib import Path

import pytest

from app.policy_words import vocabulary
from engines.core.database import now
from engines.governance import policies
from tests.harness.governed import governed

FOLDER = Path(__file__).parents[2] / "policies"


@pytest.fixture
def words(app_services):
    return vocabulary(app_services.templates)


@pytest.fixture
def installed(app_services, words):
    return {each.name: each for each in policies.install(app_services.db, FOLDER, words)}


def said(at):
    parts = [*at.markdown, *at.caption, *at.subheader, *at.success, *at.info, *at.error]
    return " ".join(part.value for part in parts)


def labels(at):
    return [button.label for button in at.button]


def field(at, name="default", version=1):
    return at.text_area(key=f"policy:{name}:{version}")


def test_page_without_policies_says_where_they_come_from(open_page):
    at = open_page("analyst", "policies")
    assert not at.exception
    assert "No policies yet" in said(at)


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer", "auditor"])
def test_reader_sees_the_policy_in_force_and_no_editor(open_page, installed, role):
    at = open_page(role, "policies")
    assert not at.exception
    assert "House policy is in force" in said(at)
    assert len(at.text_area) == 0
    assert labels(at) == []
    who = next(d.value for d in at.dataframe if "Training" in d.value.columns)
    assert list(who["Training"]) == [
        "a checker",
        "a checker, then a validator",
        "2 checkers, then a validator",
    ]


def test_template_says_that_it_is_not_in_force_and_what_it_renders(open_page, installed):
    at = open_page("auditor", "policies", policy="sr-26-2")
    assert not at.exception
    assert "is not in force:** submissions follow “House policy”" in said(at)
    assert any("no legal advice" in warning.value for warning in at.warning)
    requirements = next(t.value for t in at.table if "Expected" in t.value.columns)
    assert "III materiality" in list(requirements["No."])
    assert set(requirements["Number"]) == {"of the guidance, compared"}
    assert any("compared with two public outlines" in caption.value for caption in at.caption)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_policy_opens_with_its_highest_tier(open_page, installed, path):
    tiers = installed[path.stem].policy.tiers
    at = open_page("checker", "policies", policy=path.stem, tier=tiers[-1].key)
    assert not at.exception
    assert len(at.error) == 0
    assert said(at).count("**Approved by**") == 4


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_policy_is_told_in_words_not_in_the_names_of_its_file(
    open_page, installed, path
):
    tiers = installed[path.stem].policy.tiers
    at = open_page("checker", "policies", policy=path.stem, tier=tiers[-1].key)
    assert not at.exception
    tables = [table.value for table in (*at.table, *at.dataframe)]
    raw = re.compile(r"\b[a-z]+(_[a-z]+)+\b|\b[a-z]+\.[a-z_]+\b")
    told = [text for table in tables for text in table.astype(str).to_numpy().ravel()]
    assert [text for text in told if raw.search(text)] == []


def test_link_with_a_tiers_title_shows_every_tier(open_page, installed):
    title = installed["default"].policy.tiers[-1].title
    at = open_page("checker", "policies", tier=title)
    assert not at.exception
    assert "Choose a tier" in said(at)


def test_link_to_an_unknown_policy_is_one_sentence(open_page, installed):
    at = open_page("checker", "policies", policy="gone")
    assert not at.exception
    assert [error.value.startswith("**There is no policy") for error in at.error] == [True]
    assert "House policy is in force" in said(at)


def test_choice_is_kept_in_the_address_and_a_link_brings_it_back(open_page, installed):
    at = open_page("checker", "policies")
    at.selectbox(key="choose:default").select("sr-11-7").run()
    assert not at.exception
    assert "Every model is validated by somebody independent" in said(at)
    assert at.query_params["policy"] in ("sr-11-7", ["sr-11-7"])
    at.run()
    assert "Every model is validated by somebody independent" in said(at)
    assert at.selectbox(key="choose:sr-11-7").value == "sr-11-7"


def test_slip_in_the_editor_names_line_and_repair(open_page, installed):
    at = open_page("admin", "policies")
    text = field(at).value
    line = text[: text.index("holdout.r2")].count("\n") + 1
    field(at).set_value(text.replace("fact: holdout.r2", "fact: holdout.r3", 1)).run()
    assert not at.exception
    assert "One fault; this cannot be published" in said(at)
    assert f"**Line {line}:**" in said(at)
    assert any(
        "holdout.r3" in code.value and code.value.startswith(f"{line:>4}") for code in at.code
    )
    assert "Publish" not in labels(at)


def test_sound_change_shows_difference_preview_and_publish(open_page, installed):
    at = open_page("admin", "policies")
    assert "Publish" not in labels(at)
    field(at).set_value(field(at).value.replace("at_least: 0.65", "at_least: 0.7")).run()
    assert not at.exception
    assert "The text is sound" in said(at)
    assert "no submissions yet to try it on" in said(at)
    assert any("+" in code.value and "at_least: 0.7" in code.value for code in at.code)
    assert "Publish" in labels(at)


def test_earlier_version_is_shown_as_past_and_can_be_published_again(
    open_page, app_services, installed, words, make_actor
):
    edited = installed["default"].text.replace("at_least: 0.65", "at_least: 0.7")
    admin = make_actor("admin")
    policies.publish(app_services.db, admin, edited, "Stricter", words, based_on=1)
    at = open_page("admin", "policies")
    assert "Publish version 1 again" in labels(at)
    assert any("-" in code.value and "at_least: 0.65" in code.value for code in at.code)
    at.selectbox(key="version:default:2").select(1).run()
    assert "Version 1 of House policy is past" in said(at)
    linked = open_page("auditor", "policies", policy="default", version="1")
    assert "Version 1 of House policy is past" in said(linked)
    reader = open_page("auditor", "policies")
    assert "Publish version 1 again" not in labels(reader)


def test_coverage_lists_the_models_by_requirement(open_page, installed, app_services):
    house = governed(app_services.db, app_services.settings.paths.data, clock=now)
    house.train()
    at = open_page("auditor", "policies", policy="sr-26-2", view="Coverage")
    assert not at.exception
    assert "**1 model** by the newest submission" in said(at)
    summary = next(t.value for t in at.table if "Never submitted" in t.value.columns)
    assert list(summary["Never submitted"]) == ["1"] * len(summary)
    shown = [link.proto.label for link in at.get("page_link")]
    assert shown.count("**Churn · Binary classification**") == len(summary)
    some = open_page("auditor", "policies", policy="sr-26-2", view="Coverage", stands="met")
    assert "0 rows match" in said(some)


def test_coverage_without_requirements_or_models_says_so(open_page, installed):
    assert "has no requirements of a guidance" in said(
        open_page("analyst", "policies", view="Coverage")
    )
    assert "No models yet" in said(
        open_page("analyst", "policies", policy="ss1-23", view="Coverage")
    )
    tabs = [tab.label for tab in open_page("admin", "policies").tabs]
    assert "Coverage" not in tabs
