"""The Explain and Fairness tabs of the Results page, for each role."""

from pathlib import Path

import pytest

from engines import data_sources, explanation, projects
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.core.progress import Silent
from engines.governance import approvals, policies
from engines.training import Task, TrainingRequest
from tests.harness.governed import vocabulary
from tests.harness.run_folders import wholesale
from tests.harness.runs import add_run


@pytest.fixture
def experiment(app_services, analyst):
    made = projects.create(app_services.db, analyst, "Churn")
    asked = {"protected_attributes": "gender, SeniorCitizen"}
    projects.update(app_services.db, analyst, made.id, "Churn", "", asked)
    return made


@pytest.fixture
def model(app_services, analyst, experiment, churn_run):
    """A finished binary run on the experiment's own table."""
    return churn_run.store(app_services, analyst, experiment.id)


@pytest.fixture
def explained(app_services, analyst, model, churn_run):
    churn_run.explain(app_services, analyst, model)
    return model


@pytest.fixture
def show(open_page, experiment, model):
    def open_as(role="analyst", **query):
        at = open_page(role, "results", experiment=experiment.id, **query)
        assert not at.exception, at.exception[0].stack_trace
        return at

    return open_as


def words(at):
    shown = [*at.markdown, *at.caption, *at.subheader, *at.error, *at.info, *at.warning]
    return " ".join(element.value for element in shown).replace("\\", "")


def charts(at):
    return len(at.get("plotly_chart"))


def test_unexplained_model_offers_the_job_and_queues_it(show, app_services, analyst, model):
    at = show(view="Explain")
    assert "Not explained yet" in words(at)
    next(b for b in at.button if b.label == "Explain this model").click().run()
    job = explanation.follow(app_services.explaining, analyst, model)
    assert (job.kind, job.state) == ("explain", "queued")
    assert not any(b.label == "Explain this model" for b in at.button)


def test_unexplained_model_offers_no_job_to_a_checker(show):
    at = show("checker", view="Explain")
    assert "An analyst or a validator can explain this model." in words(at)
    assert not any(b.label == "Explain this model" for b in at.button)


def test_explain_tab_says_what_moves_the_answer_and_how_well_it_adds_up(show, explained):
    at = show(view="Explain")
    said = words(at)
    assert "The columns that move the answer most:" in said
    assert "linear Shapley values" in said
    assert "add up in log-odds" in said
    assert charts(at) == 2


def test_one_column_is_drawn(show, explained):
    at = show(view="Explain")
    at.segmented_control(key="explain:view").set_value("One column").run()
    assert not at.exception
    assert charts(at) == 2


def test_line_has_no_pairs_that_act_together(show, explained):
    at = show(view="Explain")
    at.segmented_control(key="explain:view").set_value("Pairs of columns").run()
    assert not at.exception
    assert "no two act together" in words(at)
    assert charts(at) == 1


def test_drift_is_told_in_a_sentence_a_figure_and_a_table(show, explained, app_services, analyst):
    at = show(view="Explain")
    facts = explanation.facts(app_services.explaining, analyst, explained)
    said = f"largest population stability index {facts['drift.psi_max']:.3f}"
    assert said in words(at)
    at.segmented_control(key="explain:view").set_value("Drift").run()
    assert not at.exception
    assert charts(at) == 2
    shown = at.dataframe[0].value
    assert shown["Stability index"].iloc[0] == round(facts["drift.psi_max"], 4)
    assert "score of Yes" in set(shown["Column"])
    assert "watch that after deployment" in words(at)


def test_one_row_shows_reasons_in_words_and_a_waterfall(show, explained):
    at = show(view="Explain")
    at.segmented_control(key="explain:view").set_value("One row").run()
    assert not at.exception
    assert "raises the log-odds of “Yes” by" in words(at)
    assert charts(at) == 2
    at.radio(key="explain:adverse").set_value("lowers").run()
    assert "lowers the log-odds of “Yes” by" in words(at)


def test_rows_are_kept_from_who_may_not_see_data(show, explained):
    at = show("auditor", view="Explain")
    assert "Values of single rows are data" in words(at)
    views = at.segmented_control(key="explain:view").options
    assert views == ["Pairs of columns", "Drift"]


def test_fairness_tab_names_the_largest_differences_first(show, explained):
    at = show(view="Fairness")
    said = words(at)
    assert "**Selection rate** differs by" in said
    assert "between “" in said
    assert charts(at) == 2
    at.selectbox(key="fair:what").set_value("calibration").run()
    assert not at.exception
    assert charts(at) == 2


def test_changed_explanation_is_refused_on_the_page(show, explained, app_services):
    folder = app_services.explaining.folder / explained.run_id / "binary"
    (folder / "explanation.json").write_text("{}")
    at = open_text(show)
    assert "is not as it was sealed" in at


def open_text(show):
    return words(show(view="Explain"))


@pytest.mark.parametrize("task", ["clustering", "anomaly"])
def test_model_without_a_target_is_explained_and_can_be_submitted(
    open_page, app_services, analyst, experiment, shared_data, tmp_path, monkeypatch, task
):
    monkeypatch.setattr("engines.explanation.explain.SAMPLED_ROWS", 4)
    svc, model = app_services, ModelRef("groups-run", task)
    file = tmp_path / "customers.csv"
    file.write_text((shared_data / "wholesale_customers.csv").read_text("utf-8-sig"))
    data_sources.ingest_file(svc.datasets, analyst, experiment.id, file, file.name)
    table = svc.datasets.current(analyst, experiment.id)
    request = TrainingRequest(experiment.id, table.dataset_id, (Task(task),))
    add_run(svc, analyst, table, request, "silhouette", id=model.run_id)
    wholesale(svc.runs_dir / model.run_id, shared_data)
    explanation.run_explain(svc.explaining, analyst, model, Silent())
    at = open_page("analyst", "results", experiment=experiment.id, view="Explain", task=task)
    assert not at.exception, at.exception[0].stack_trace
    assert "Drift is not measured" in words(at)
    at.segmented_control(key="explain:view").set_value("One row").run()
    assert not at.exception
    assert charts(at) == 2
    policies.install(svc.db, Path("policies"), vocabulary(svc.templates))
    held = approvals.readiness(svc.board, analyst, model, Stage.TRAINING)
    assert held.facts["explanation.rows"] == 4
    assert "explanation" in {item.kind for item in held.items}
    assert approvals.begin(svc.board, analyst, model, Stage.TRAINING).task == task
