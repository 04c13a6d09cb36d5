"""The Results page for each role: verdict, scores, plots, comparison, predictions, downloads."""

import shutil

import pandas as pd
import pytest

from engines import data_sources, projects
from engines.core.database import now
from engines.training import TaskResult, TrainingRequest, TrainingRun
from engines.training.request import Mode
from engines.training.tasks import Task
from tests.harness.run_folders import airline, ames, telco, wholesale

BINARY = Task.BINARY
UNSUPERVISED = (Task.CLUSTERING, Task.ANOMALY, Task.REDUCTION)


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared_data):
    """One run folder with every task, made once and copied."""
    root = tmp_path_factory.mktemp("made")
    telco(root / "one", shared_data)
    telco(root / "two", shared_data, C=0.001)
    ames(root / "one", shared_data)
    wholesale(root / "one", shared_data)
    return root


@pytest.fixture
def experiment(app_services, analyst):
    return projects.create(app_services.db, analyst, "Churn")


@pytest.fixture
def add_run(app_services, analyst, experiment, made):
    """A finished run with its rows and folder."""

    def add(dataset_id, tasks, folder="one"):
        request = TrainingRequest(experiment.id, dataset_id, tasks, "Churn", mode=Mode.BASE)
        run = TrainingRun(
            experiment_id=experiment.id, dataset_id=dataset_id, dataset_sha256="0" * 64,
            state="succeeded", request=request.as_json(), notes=[], actor_id=analyst.id,
            actor_name=analyst.name, finished_at=now(),
        )  # fmt: skip
        with app_services.db.write() as session:
            session.add(run)
            session.flush()
            for task in tasks:
                link = f"http://127.0.0.1:5000/#/runs/{task}"
                session.add(TaskResult(run_id=run.id, task=task, metric="", tracking_link=link))
        target = app_services.runs_dir / run.id
        for task in tasks:
            shutil.copytree(made / folder / task, target / task)
        return run

    return add


@pytest.fixture
def churn(app_services, analyst, experiment, shared_data, tmp_path):
    """The telco table in the experiment."""
    frame = pd.read_csv(shared_data / "telco_churn.csv").drop(columns="customerID").head(300)
    return stored(app_services, analyst, experiment, frame, tmp_path)


def stored(svc, analyst, experiment, frame, place):
    file = place / "table.csv"
    frame.to_csv(file, index=False)
    data_sources.ingest_file(svc.datasets, analyst, experiment.id, file, file.name)
    return svc.datasets.current(analyst, experiment.id)


@pytest.fixture
def show(open_page, experiment):
    """Open the page: `show("analyst", view="Plots")`."""

    def open_as(role="analyst", **query):
        at = open_page(role, "results", experiment=experiment.id, **query)
        assert not at.exception, at.exception[0].stack_trace
        return at

    return open_as


def words(at):
    shown = [*at.markdown, *at.caption, *at.subheader, *at.error, *at.info]
    return " ".join(element.value for element in shown)


def links(at):
    return {link.proto.label: link.proto.url for link in at.get("link_button")}


def test_page_without_runs_says_what_to_do(show):
    assert "No results yet" in words(show())


def test_verdict_comes_first_with_the_holdout_apart(show, add_run, churn):
    add_run(churn.dataset_id, (BINARY,))
    at = show()
    said = words(at)
    assert "**Logistic regression** is chosen: ROC AUC" in said
    assert "hold-out rows, which had no part in the choice" in said
    assert links(at)["Open the run in MLflow"].endswith("/#/runs/binary")


def test_scores_show_leaderboard_and_metrics(show, add_run, churn):
    add_run(churn.dataset_id, (BINARY,))
    at = show()
    boards = [table.value for table in at.dataframe]
    assert boards[0]["Candidate"].tolist() == ["Logistic regression", "Baseline"]
    assert "Hold-out (not used to choose)" in boards[1].columns
    assert len(at.get("plotly_chart")) == 1


def test_run_and_task_are_taken_from_the_address(show, add_run, churn):
    first = add_run(churn.dataset_id, (BINARY, Task.REGRESSION))
    add_run(churn.dataset_id, (BINARY,), folder="two")
    at = show(run=first.id, task="regression")
    assert at.selectbox[0].value == first.id
    assert at.selectbox[1].value == "regression"
    assert "**Ridge** is chosen" in words(at)


def test_choosing_a_task_puts_it_into_the_address(show, add_run, churn):
    add_run(churn.dataset_id, (BINARY, Task.REGRESSION))
    at = show()
    at.selectbox[1].set_value("regression").run()
    assert "regression" in at.query_params["task"]
    assert "**Ridge** is chosen" in words(at)


@pytest.mark.parametrize("plot", ["roc", "calibration", "confusion", "lift", "importance"])
def test_plot_named_in_the_address_is_the_only_one_drawn(show, add_run, churn, plot):
    add_run(churn.dataset_id, (BINARY,))
    at = show(view="Plots", plot=plot)
    assert len(at.get("plotly_chart")) == 1


def test_compare_shows_runs_side_by_side_and_only_differences(show, add_run, churn):
    runs = [add_run(churn.dataset_id, (BINARY,), folder) for folder in ("one", "two")]
    at = show(view="Compare", compare=",".join(run.id for run in runs))
    whole = at.dataframe[0].value
    assert len(whole.columns) == 3
    at.toggle(key="differences").set_value(True).run()
    shorter = at.dataframe[0].value
    assert "algorithm" in set(whole["Fact"]) - set(shorter["Fact"])
    assert "setting C" in set(shorter["Fact"])


def test_compare_with_a_single_run_says_so(show, add_run, churn):
    add_run(churn.dataset_id, (BINARY,))
    assert "needs a second run" in words(show(view="Compare"))


def test_predict_shows_the_sample_and_answers_one_record(show, add_run, churn):
    add_run(churn.dataset_id, (BINARY,))
    at = show(view="Predict")
    assert list(at.dataframe[0].value.columns[:3]) == ["Prediction", "P(No)", "P(Yes)"]
    assert len(at.dataframe[0].value) == 100
    at.number_input(key="field:tenure").set_value(1)
    at.selectbox(key="field:Contract").set_value("Month-to-month")
    next(b for b in at.button if b.label == "Predict").click().run()
    assert not at.exception
    assert {metric.label for metric in at.metric} == {"Prediction"}
    assert at.metric[0].value in {"Yes", "No"}


def test_predict_for_a_role_without_data_offers_only_the_form(show, add_run, churn):
    add_run(churn.dataset_id, (BINARY,))
    at = show("deployer", view="Predict")
    assert not at.dataframe
    assert "your role may not see" in words(at)
    assert [b.label for b in at.button] == ["Predict"]


def test_download_links_lead_to_the_routes(show, add_run, churn):
    run = add_run(churn.dataset_id, (BINARY,))
    found = links(show(view="Download"))
    assert found["Model with predict.py"] == f"/downloads/model/{run.id}/binary.zip"
    assert found["Everything of this run"] == f"/downloads/run/{run.id}.zip"


@pytest.mark.parametrize("role", ["checker", "auditor"])
def test_download_without_the_right_offers_no_link(show, add_run, churn, role):
    add_run(churn.dataset_id, (BINARY,))
    at = show(role, view="Download")
    assert set(links(at)) == {"Open the run in MLflow"}
    assert "Downloading models needs" in words(at)


def test_registry_of_an_absent_server_is_one_sentence(show, add_run, churn, monkeypatch):
    add_run(churn.dataset_id, (BINARY,))
    at = show(view="Download")
    at.toggle(key="versions").set_value(True).run()
    assert not at.exception
    assert "tracking server" in words(at)


@pytest.mark.parametrize("task", UNSUPERVISED)
def test_unsupervised_tasks_have_a_verdict_and_plots(
    show, add_run, app_services, analyst, experiment, shared_data, tmp_path, task
):
    frame = pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig")
    table = stored(app_services, analyst, experiment, frame, tmp_path)
    add_run(table.dataset_id, (task,))
    at = show(view="Plots")
    assert len(at.get("plotly_chart")) == 1
    assert "440 rows" in words(at)


def test_groups_profile_clusters_for_those_who_may_see_data(
    show, add_run, app_services, analyst, experiment, shared_data, tmp_path
):
    frame = pd.read_csv(shared_data / "wholesale_customers.csv", encoding="utf-8-sig")
    table = stored(app_services, analyst, experiment, frame, tmp_path)
    add_run(table.dataset_id, (Task.CLUSTERING,))
    means = show(view="Groups").dataframe[0].value
    assert list(means.columns) == ["column", "cluster 0", "cluster 1", "cluster 2", "all rows"]
    assert "your role may not see" in words(show("auditor", view="Groups"))


def test_run_without_a_model_says_so(show, add_run, churn):
    add_run(churn.dataset_id, ())
    assert "left no model" in words(show())


@pytest.fixture(scope="module")
def forecasters(tmp_path_factory, shared_data):
    """A forecaster that needs nothing of the future, one that does, and an anonymised one."""
    root = tmp_path_factory.mktemp("forecasters")
    airline(root / "plain", shared_data)
    airline(root / "known", shared_data, known=True)
    airline(root / "hidden", shared_data, anonymised=True)
    return root


@pytest.fixture
def add_forecaster(add_run, app_services, forecasters):
    def add(dataset_id, folder="plain"):
        run = add_run(dataset_id, ())
        series = "time_series"
        shutil.copytree(forecasters / folder / series, app_services.runs_dir / run.id / series)
        with app_services.db.write() as session:
            session.add(TaskResult(run_id=run.id, task=series, metric="rmse"))
            found = session.get_one(TrainingRun, run.id)
            found.request = {**found.request, "tasks": [series]}
        return run

    return add


def test_forecast_shows_the_horizon_the_interval_and_the_naive_forecasts(
    show, add_forecaster, churn
):
    add_forecaster(churn.dataset_id)
    at = show(view="Forecast")
    said = words(at)
    assert "Scored 12 steps ahead: the 24 hold-out rows were forecast in 2 turns" in said
    assert "The 90% interval comes from the errors of the folds" in said
    compared = at.dataframe[0].value
    assert compared["forecast"].tolist() == ["Model", "Last value", "Last season"]
    assert compared["MASE"].iloc[0] < compared["MASE"].iloc[2]
    assert len(at.get("plotly_chart")) == 1
    assert "Predict" not in [tab.label for tab in at.tabs]


def test_steps_ahead_are_forecast_on_demand(show, add_forecaster, churn):
    add_forecaster(churn.dataset_id)
    at = show(view="Forecast")
    at.number_input(key="forecast:steps").set_value(3)
    next(b for b in at.button if b.label == "Forecast").click().run()
    assert not at.exception
    found = at.dataframe[1].value
    assert found["Month"].astype(str).tolist() == ["1961-01-01", "1961-02-01", "1961-03-01"]


def test_forecast_that_needs_the_future_asks_for_it(show, add_forecaster, churn):
    add_forecaster(churn.dataset_id, "known")
    at = show(view="Forecast")
    next(b for b in at.button if b.label == "Forecast").click().run()
    assert "The future values of “flights” are needed" in words(at)


def test_forecast_of_an_anonymised_model_keeps_to_its_aliases_without_the_data(
    show, add_forecaster, churn
):
    add_forecaster(churn.dataset_id, "hidden")
    at = show("auditor", view="Forecast")
    next(b for b in at.button if b.label == "Forecast").click().run()
    assert not at.exception
    assert "C1" in at.dataframe[1].value.columns
