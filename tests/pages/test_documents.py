"""The Documents page: missing sections first, drafting, writing, two people at once, downloads."""

import re
import shutil
from io import BytesIO
from pathlib import Path

import docx
import pandas as pd
import pytest

from app.documents_request import request_rows
from engines import data_sources, explanation, projects
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.governance import documents, policies
from engines.training import TrainingRequest
from engines.training.request import Mode
from engines.training.tasks import Task
from tests.harness.run_folders import telco
from tests.harness.runs import add_run

ROOT = Path(__file__).parents[2]
TASK = Task.BINARY


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared_data):
    """A run folder, made once and copied."""
    return telco(tmp_path_factory.mktemp("made"), shared_data)


@pytest.fixture
def experiment(app_services, analyst):
    return projects.create(app_services.db, analyst, "Churn <b>", "Who will leave?")


@pytest.fixture
def model(app_services, analyst, experiment, made, shared_data, tmp_path):
    """A finished run on the telco table."""
    svc, file = app_services, tmp_path / "telco.csv"
    frame = pd.read_csv(shared_data / "telco_churn.csv").drop(columns="customerID").head(1000)
    frame.to_csv(file, index=False)
    data_sources.ingest_file(svc.datasets, analyst, experiment.id, file, file.name)
    table = svc.datasets.current(analyst, experiment.id)
    request = TrainingRequest(
        experiment.id, table.dataset_id, (TASK,), "Churn", mode=Mode.BASE, left_out=("gender",)
    )
    run = add_run(svc, analyst, table, request, "roc_auc", notes=["gender was left out"])
    shutil.copytree(made, svc.runs_dir / run.id / TASK)
    return ModelRef(run.id, TASK.value)


@pytest.fixture
def show(open_page, experiment):
    """Open the page: `show("analyst", kind="model_card")`."""

    def open_as(role="analyst", **query):
        at = open_page(role, "documents", experiment=experiment.id, **query)
        return sound(at)

    return open_as


def sound(at):
    """The page, on which nothing went wrong behind the scenes."""
    assert not at.exception, at.exception[0].stack_trace
    assert not any("on our side" in error.value for error in at.error)
    return at


def words(at):
    shown = [*at.markdown, *at.caption, *at.warning, *at.error, *at.info, *at.success]
    return " ".join(element.value for element in shown)


def press(at, label):
    next(button for button in at.button if button.label == label).click()
    return sound(at.run())


def html(at):
    return " ".join(element.proto.body for element in at.get("html"))


def labels(at):
    return {b.label for b in at.button} | {b.proto.label for b in at.get("download_button")}


def test_page_without_models_says_what_to_do(show):
    assert "No model to write about" in " ".join(s.value for s in show().subheader)


def test_missing_sections_are_said_first(show, model):
    at = show(kind="data_sheet")
    assert "7 of 7 sections are missing" in at.warning[0].value
    assert "Draft from the run" in labels(at)
    assert "PDF" not in labels(at)


def test_draft_fills_the_document_from_the_run(show, model, app_services):
    at = press(show(kind="model_development", section="method"), "Draft from the run")
    text = {s.section: s.text for s in documents.current(app_services.db, model)}
    assert "| Logistic regression |" in text["method"]
    assert "| C | 1.000 |" in text["method"]
    assert "| Columns left out | gender |" in text["method"]
    assert "telco.csv: 1,000 rows, 20 columns" in text["data"]
    assert "data:image/png;base64," in html(at)
    assert "Drafted from the run" in words(at)
    assert {"Word (DOCX)", "PDF", "HTML"} <= labels(at)


def test_anonymised_data_leaves_under_public_names(show, model, app_services, analyst, experiment):
    svc = app_services
    table = svc.datasets.current(analyst, experiment.id)
    projects.edit_dictionary(svc.db, analyst, experiment.id, {"tenure": {"meaning": "secret"}})
    data_sources.set_anonymised(svc.datasets, analyst, table.dataset_id, True)
    for kind in ("model_development", "data_sheet", "model_card"):
        press(show(kind=kind), "Draft from the run")
    text = " ".join(s.text for s in documents.current(svc.db, model))
    assert "C20" in text
    for hidden in ("tenure", "MonthlyCharges", "gender", "secret"):
        assert hidden not in text
    assert "predicts C20" in text


def test_draft_takes_in_the_policys_checks_and_the_explanation(
    show, model, app_services, analyst, experiment
):
    svc = app_services
    words = policies.Vocabulary(
        questions={q.key: q.choices for q in projects.QUESTIONS},
        documents={k: [s.key for s in documents.sections(k)] for k in documents.KINDS},
    )
    policies.install(svc.db, ROOT / "policies", words)
    asked = {"protected_attributes": "gender"}
    projects.update(svc.db, analyst, experiment.id, experiment.name, "", asked)
    explanation.run_explain(svc.explaining, analyst, model, Silent())
    at = press(show(kind="model_development", section="explanation"), "Draft from the run")
    text = {s.section: s.text for s in documents.current(svc.db, model)}
    assert "automated tests passed." in text["tests"]
    assert "| passed |" in text["tests"]
    assert "Mean absolute SHAP value" in text["explanation"]
    assert "| gender | selection rate difference |" in text["explanation"]
    assert "| tenure | 0." in text["explanation"].split("### Data like those trained on")[1]
    assert "Not applicable: no time column." in text["explanation"]
    assert {'alt="Feature importance"', 'alt="SHAP importance"'} <= set(
        re.findall('alt="[^"]*"', html(at))
    )


def test_saving_a_section_answers_its_question(show, model, app_services):
    at = show(kind="model_card", section="ethics")
    assert "To be answered by a person" in words(at)
    at.text_area[0].set_value("Nobody is <script>harmed</script>.").run()
    assert "&lt;script&gt;" in html(at)
    press(at, "Save section")
    assert "8 of 9 sections are missing" in at.warning[0].value
    stored = documents.current(app_services.db, model)
    assert [(s.section, s.version, s.author_name) for s in stored] == [("ethics", 1, "analyst")]


def test_text_typed_while_another_saves_is_kept_and_nothing_overwritten(
    show, model, app_services, analyst
):
    at = show(kind="model_card", section="ethics")
    at.text_area[0].set_value("Mine.").run()
    documents.edit(app_services.documents, analyst, model, "model_card", "ethics", "Theirs.", 0)
    press(at, "Save section")
    assert "saved version 1" in words(at)
    assert at.text_area[0].value == "Mine."
    assert [s.text for s in documents.current(app_services.db, model)] == ["Theirs."]
    press(at, "I have taken over what is new")
    press(at, "Save section")
    newest = documents.current(app_services.db, model)
    assert [(s.text, s.version) for s in newest] == [("Mine.", 2)]


def test_typed_text_survives_a_look_at_another_section(show, model):
    at = show(kind="model_card", section="ethics")
    at.text_area[0].set_value("Half a thought").run()
    box = next(b for b in at.selectbox if b.label == "Section")
    box.select("caveats").run()
    next(b for b in at.selectbox if b.label == "Section").select("ethics").run()
    assert at.text_area[0].value == "Half a thought"


def test_history_shows_each_version_with_what_changed(show, model, app_services, analyst):
    for base, text in enumerate(("One\ntwo", "One\nthree")):
        desk = app_services.documents
        documents.edit(desk, analyst, model, "model_card", "ethics", text, base)
    at = show(kind="model_card", section="ethics")
    shown = [block.value for block in at.code]
    assert any("-two\n+three" in block for block in shown)
    assert [e.label.split(",")[0] for e in at.expander if "Version" in e.label] == [
        "Version 2", "Version 1",
    ]  # fmt: skip


def test_roles_see_what_is_theirs_to_write(show, model):
    validators = labels(show("validator", kind="validation_report"))
    assert {"Draft from the run", "Save section"} <= validators
    for role in ("checker", "deployer", "auditor"):
        assert "Save section" not in labels(show(role, kind="model_card"))
    assert "Save section" not in labels(show("validator", kind="model_card"))
    assert "Save section" not in labels(show("analyst", kind="validation_report"))


def test_downloaded_document_names_model_and_holds_the_figures(app_services, show, model, analyst):
    from app import documents_view, results_view
    from engines import results, training

    press(show(kind="model_development"), "Draft from the run")
    run = training.run(app_services.db, analyst, model.run_id, app_services.experiments)
    table = results_view.table_of(analyst, run)
    files = results.open_task(app_services.runs, analyst, run.id, TASK)
    opened = results_view.Opened(analyst, run, [run], files, table)
    file = docx.Document(
        BytesIO(
            documents.render(
                app_services.documents,
                analyst,
                model,
                "model_development",
                "docx",
                documents.Heading("Churn", run.id, ""),
                lambda key: documents_view.drawn(opened, key),
            )
        )
    )
    assert len(file.inline_shapes) >= 5
    assert any("Missing: Purpose and use" in p.text for p in file.paragraphs)


def test_settings_of_a_training_are_told_by_their_titles():
    asked = TrainingRequest(
        "e", "d", (TASK, Task.CLUSTERING), "Churn", algorithms=("lr",), left_out=("gender",),
        metric="roc_auc",
    )  # fmt: skip
    rows = {row["name"]: row["value"] for row in request_rows(asked.as_json(), {"gender": "C2"})}
    assert rows == {
        "Tasks": "Binary classification, Clustering", "Target": "Churn",
        "Mode": "Base: a good model quickly", "Metric that chooses": "ROC AUC",
        "Algorithms": "Logistic regression", "Columns left out": "C2", "Rows held out": "20%",
        "Folds": "5", "Split": "at random", "Seed": "42",
    }  # fmt: skip
