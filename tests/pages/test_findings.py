"""The Findings page: who may open one, what it lists, how one moves on."""

from datetime import timedelta

import pytest

from app.inventory_view import counted
from engines import projects
from engines.core.database import now
from engines.core.model_ref import ModelRef
from engines.core.models import AppUser
from engines.data_sources import Dataset
from engines.governance import register
from engines.training import TaskResult, TrainingRun


def words(at):
    parts = [at.header, at.markdown, at.caption, at.subheader, at.error, at.warning, at.success]
    return " ".join(each.value for part in parts for each in part)


@pytest.fixture
def model(app_services, analyst, make_actor):
    """A trained model of the analyst's; everybody who acts can sign in."""
    db = app_services.db
    made = projects.create(db, analyst, "Churn")
    data = Dataset(
        experiment_id=made.id, name="telco.csv", sha256="ab" * 32, raw_sha256="cd" * 32, rows=10,
        columns=[], options={}, notes=[], change="upload", bytes=1, created_by=analyst.id,
        created_by_name=analyst.name,
    )  # fmt: skip
    run = TrainingRun(
        id="run1", experiment_id=made.id, dataset_id=data.id, dataset_sha256=data.sha256,
        state="succeeded", request={}, actor_id=analyst.id, actor_name=analyst.name,
    )  # fmt: skip
    task = TaskResult(
        run_id="run1", task="binary", state="succeeded", metric="roc_auc", target="Churn",
        winner_name="LightGBM", holdout={"roc_auc": 0.84}, finished_at=now(),
    )  # fmt: skip
    with db.write() as session:
        for role in ("analyst", "validator", "auditor", "checker"):
            session.add(AppUser(id=f"user-{role}", name=role, roles=[role]))
        session.add(data)
        session.add(run)
        session.flush()
        session.add(task)
    return ModelRef("run1", "binary")


@pytest.fixture
def opened(app_services, model, make_actor, analyst):
    return register.open_finding(
        app_services.db, make_actor("validator"), app_services.models, model,
        "Age is missing", "In *some* rows", "high", analyst.id, now().date() - timedelta(days=1),
    )  # fmt: skip


def test_list_shows_findings_and_marks_the_overdue(open_page, opened):
    at = open_page("analyst", "findings")
    assert not at.exception
    assert "1 finding" in words(at)
    assert "overdue" in words(at)
    assert [button.label for button in at.button if button.label == "New finding"] == []


def test_filters_come_from_the_address(open_page, opened, app_services, make_actor):
    assert "1 finding" in words(open_page("auditor", "findings", overdue="true"))
    assert "Nothing matches" in words(open_page("auditor", "findings", words="drift"))


def test_a_renamed_model_is_named_anew_in_the_list_and_on_the_finding(
    open_page, opened, app_services, analyst
):
    experiment = app_services.models.of(analyst, opened.model).experiment_id
    projects.update(app_services.db, analyst, experiment, "Leavers", "", {})
    assert "Leavers · Binary classification" in words(open_page("auditor", "findings"))
    assert "1 finding" in words(open_page("auditor", "findings", words="leavers"))
    at = open_page("auditor", "findings", finding=opened.id)
    labels = [link.proto.label for link in at.get("page_link")]
    assert "Leavers · Binary classification" in labels


def test_findings_of_one_model_say_so_also_when_there_are_none(open_page, opened):
    at = open_page("auditor", "findings", model=str(opened.model))
    assert "1 finding" in words(at)
    assert r"About **Churn · Binary classification \(run1\)** only" in words(at)
    assert "Findings about any model" in [link.proto.label for link in at.get("page_link")]
    none = open_page("auditor", "findings", model="run9/binary")
    assert "No findings about this model" in words(none)


def test_a_finding_shows_text_history_and_the_owners_next_step(open_page, opened):
    at = open_page("analyst", "findings", finding=opened.id)
    assert not at.exception
    assert "In \\*some\\* rows" in words(at)
    assert "Opened" in words(at)
    assert [b.label for b in at.button if b.key and b.key.startswith("move:")] == ["Work on it"]


def test_a_stranger_is_offered_no_step(open_page, opened):
    at = open_page("deployer", "findings", finding=opened.id)
    assert not at.exception
    assert [b.label for b in at.button if b.key and b.key.startswith("move:")] == []


def test_an_unknown_finding_is_said_so(open_page, model):
    assert "There is no such finding" in words(open_page("analyst", "findings", finding="none"))


def test_new_finding_asks_about_the_model_of_the_address(open_page, model):
    at = open_page("validator", "findings", model=str(model))
    next(button for button in at.button if button.label == "New finding").click().run()
    assert not at.exception
    assert [box.value for box in at.selectbox] == [str(model), "medium", None]


def test_inventory_lists_models_with_status(open_page, model):
    at = open_page("admin", "inventory")
    assert not at.exception
    assert "1 in development" in words(at)
    assert "1 model" in words(at)
    assert "Churn · Binary classification" in "".join(
        link.proto.label for link in at.get("page_link")
    )
    assert "LightGBM, ROC AUC 0.840" in words(at)


def test_inventory_shows_one_model_with_its_risk(open_page, app_services, model, make_actor):
    at = open_page("validator", "inventory", model=str(model))
    assert not at.exception
    assert "Nobody has assessed" in words(at)
    assert {"Set the next review", "Assess the risk"} <= {button.label for button in at.button}
    questions = (*register.FACTORS, *register.CONTROLS)
    register.assess(
        app_services.db, make_actor("validator"), app_services.models, model,
        {question.key: question.levels[-1] for question in questions},
        {question.key: "seen" for question in questions},
    )  # fmt: skip
    at.run()
    assert "Inherent: 12 of 12 points, critical." in words(at)


def test_inventory_without_models_says_how_they_come(open_page):
    assert "No models yet" in words(open_page("analyst", "inventory"))


def test_inventory_as_of_an_earlier_day_is_empty(open_page, model):
    assert "Nothing matches" in words(open_page("analyst", "inventory", at="2020-01-01"))


def test_governance_says_what_is_late(open_page, opened):
    at = open_page("auditor", "governance")
    assert not at.exception
    assert "Findings overdue: 1" in words(at)
    assert "Regulatory report" in words(at)


def test_governance_without_anything_is_calm(open_page, app_services):
    at = open_page("checker", "governance")
    assert not at.exception
    assert "Nothing is late" in words(at)
    assert "Regulatory report" not in words(at)


def test_statuses_in_a_sentence_keep_their_capitals():
    found = register.InventoryPage([], 3, {"in_uat": 1, "in_production": 2}, [])
    assert counted(found) == "3 models: 1 in UAT, 2 in production"
