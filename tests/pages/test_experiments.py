"""The pages about experiments, as each role sees them."""

import pytest
from streamlit.elements.lib import policies

from app.ui import STATES
from engines import projects
from engines.core.experiments import ExperimentState
from engines.projects import ExperimentFilter


def button(at, label):
    return next(b for b in at.button if b.label == label)


def words(at):
    return " ".join(x.value for x in [*at.markdown, *at.caption, *at.subheader, *at.error])


def test_list_without_experiments_says_what_to_do(open_page):
    at = open_page("analyst", "experiments")
    assert not at.exception
    assert "No experiments yet" in words(at)
    assert button(at, "New experiment")


@pytest.mark.parametrize("role", ["checker", "validator", "deployer", "auditor", "admin"])
def test_list_for_readers_offers_no_creation(open_page, role):
    at = open_page(role, "experiments")
    assert not at.exception
    assert [b.label for b in at.button] == []


def test_search_that_matches_nothing_says_so(open_page, app_services, analyst):
    projects.create(app_services.db, analyst, "Churn")
    at = open_page("analyst", "experiments")
    assert "1 experiment" in words(at)
    at.text_input(key="q").set_value("loans").run()
    assert "Nothing matches" in words(at)
    assert at.query_params["q"] == "loans"


def test_list_is_narrowed_by_a_states_value_and_by_no_words(open_page, app_services, analyst):
    made = projects.create(app_services.db, analyst, "Churn")
    other = next(state for state in ExperimentState if state != made.state)
    assert "1 experiment" in words(open_page("analyst", "experiments", state=made.state))
    assert "Nothing matches" in words(open_page("analyst", "experiments", state=other.value))
    assert "1 experiment" in words(open_page("analyst", "experiments", state=STATES[other][0]))


def test_list_on_a_page_of_its_own_warns_of_nothing(open_page, app_services, analyst, monkeypatch):
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    monkeypatch.setattr(policies.runtime, "exists", lambda: True)
    for number in range(ExperimentFilter().size + 1):
        projects.create(app_services.db, analyst, f"Experiment {number}")
    at = open_page("analyst", "experiments", page="2")
    assert len(at.get("page_link")) == 1
    assert not policies._shown_default_value_warning


def test_crumbs_name_each_step_once(open_page, app_services, analyst):
    made = projects.create(app_services.db, analyst, "Churn")
    for page, parts in (("experiment", ["›\u2002Churn"]), ("data", ["›", "›\u2002Data"])):
        crumbs = [c.value for c in open_page("analyst", page, experiment=made.id).caption]
        assert [c for c in crumbs if c.startswith("›")] == parts


def test_name_with_markdown_is_shown_literally(open_page, app_services, analyst):
    projects.create(app_services.db, analyst, "[click](http://example.org) **bold**")
    at = open_page("analyst", "experiments")
    labels = [link.proto.label for link in at.get("page_link")]
    assert r"**\[click\]\(http\://example.org\) \*\*bold\*\***" in labels


def test_save_with_empty_name_is_one_sentence_and_loses_nothing(open_page, app_services, analyst):
    made = projects.create(app_services.db, analyst, "Churn")
    at = open_page("analyst", "experiment", experiment=made.id)
    at.text_input(key=f"name:{made.id}").set_value("  ")
    at.text_area(key=f"about:{made.id}").set_value("kept")
    button(at, "Save").click().run()
    assert [e.value for e in at.error] == ["**The experiment has no name.** Give it a short name."]
    assert at.text_area(key=f"about:{made.id}").value == "kept"


def test_save_changes_the_experiment(open_page, app_services, analyst):
    made = projects.create(app_services.db, analyst, "Churn")
    at = open_page("analyst", "experiment", experiment=made.id)
    at.text_input(key=f"name:{made.id}").set_value("Churn 2")
    button(at, "Save").click().run()
    assert projects.get(app_services.db, analyst, made.id).name == "Churn 2"


def test_reader_cannot_save(open_page, app_services, analyst):
    made = projects.create(app_services.db, analyst, "Churn")
    at = open_page("checker", "experiment", experiment=made.id)
    assert button(at, "Save").disabled
    assert "you can read it" in words(at)


def test_deep_link_to_unknown_experiment_is_one_sentence(open_page):
    at = open_page("analyst", "experiment", experiment="gone")
    assert [e.value.startswith("**There is no such experiment.**") for e in at.error] == [True]
