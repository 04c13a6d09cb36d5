"""The Training page for each role: suggestions, the request, the run under way, the runs before."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app import training_form
from engines import data_sources, projects, training
from engines.core.progress import Silent
from engines.training import Mode, Task, TrainingRequest, TrainingRun

ROWS = 240


def small_frame() -> pd.DataFrame:
    """A table with a key, a protected column, numbers, a category and a target that follows."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"key": [f"k{i:04}" for i in range(ROWS)]})
    frame["gender"] = random.choice(["female", "male"], ROWS)
    frame["age"] = random.integers(18, 80, ROWS)
    frame["spend"] = random.normal(50, 12, ROWS)
    frame["plan"] = random.choice(["basic", "plus", "max"], ROWS)
    leaning = (frame.spend - 50) / 12 + (frame.plan == "basic") + random.normal(0, 0.8, ROWS)
    frame["churn"] = np.where(leaning > 0.3, "yes", "no")
    frame["constant"] = 1
    return frame


@pytest.fixture
def experiment(app_services, analyst):
    """An experiment of the analyst's, without data."""
    answers = {"predicts": "Will this customer churn?", "protected_attributes": "gender"}
    return projects.create(app_services.db, analyst, "Churn", "", answers)


@pytest.fixture
def with_data(app_services, analyst, experiment, tmp_path):
    """The same experiment with a small table in place."""
    file = tmp_path / "customers.csv"
    small_frame().to_csv(file, index=False)
    data_sources.ingest_file(app_services.datasets, analyst, experiment.id, file, file.name)
    return experiment


def press(page: AppTest, label: str) -> AppTest:
    """Press the button with that label."""
    return next(button for button in page.button if button.label == label).click().run()


def labels(page: AppTest) -> set[str]:
    """The labels of all buttons."""
    return {button.label for button in page.button}


def widget(page: AppTest, kind: str, label: str):
    """The widget of that kind and label."""
    return next(each for each in page.get(kind) if each.label == label)


def sentences(page: AppTest) -> str:
    """Everything the page says in boxes, captions and Markdown."""
    kinds = ("markdown", "caption", "error", "info", "warning", "text", "subheader")
    return "\n".join(str(each.value) for kind in kinds for each in page.get(kind))


def runs_of(svc, actor, experiment) -> list[TrainingRun]:
    """The experiment's runs, newest first."""
    return training.runs(svc.db, actor, experiment.id, svc.experiments)


def save_run(svc, actor, experiment, state: str, error: str = "", **changes) -> TrainingRun:
    """A past run as the engine would have left it."""
    table = svc.datasets.current(actor, experiment.id)
    request = TrainingRequest(
        experiment_id=experiment.id, dataset_id=table.dataset_id, tasks=(Task.REGRESSION,),
        target="spend", mode=Mode.BEST, budget_seconds=120, metric="mae", folds=3, seed=7,
        left_out=("key",),
    )  # fmt: skip
    run = TrainingRun(
        experiment_id=experiment.id, dataset_id=table.dataset_id, dataset_sha256=table.sha256,
        state=state, request=request.as_json() | changes, actor_id=actor.id,
        actor_name=actor.name, error=error,
    )  # fmt: skip
    with svc.db.write() as session:
        session.add(run)
    return run


Open = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("key", "title"),
    [("data", "Data"), ("eda", "Explore"), ("training", "Train"), ("results", "Results"),
     ("documents", "Documents")],
)  # fmt: skip
def test_open_without_experiment_offers_the_list_under_the_pages_name(
    open_page: Open, key: str, title: str
):
    page = open_page("analyst", key)
    assert "No experiment chosen" in sentences(page)
    assert [header.value for header in page.header] == [title]


def test_open_without_data_points_to_the_data_page(open_page: Open, experiment):
    page = open_page("analyst", "training", experiment=experiment.id)
    assert "No data yet" in sentences(page)
    assert "Start training" not in labels(page)


def test_open_shows_suggestion_and_fills_the_form(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id)
    assert not page.exception
    assert "Predict “churn” as a yes/no question" in sentences(page)
    assert [widget(page, "checkbox", label).value for label in ("Supervised", "Unsupervised")] == [
        True,
        True,
    ]
    assert widget(page, "selectbox", "Task").value is Task.BINARY
    left_out = widget(page, "multiselect", "Columns left out").value
    assert set(left_out) == {"key", "gender", "constant"}


def test_table_beyond_the_limit_is_said_to_be_drawn_from(
    open_page: Open, with_data, app_services, monkeypatch
):
    limits = app_services.settings.limits.model_copy(update={"training_cells": 1_000})
    settings = app_services.settings.model_copy(update={"limits": limits})
    monkeypatch.setattr(training_form, "services", lambda: replace(app_services, settings=settings))
    page = open_page("analyst", "training", experiment=with_data.id)
    said = "The table has 1,680 cells, and training on this machine takes 1,000"
    assert any(caption.value.startswith(said) for caption in page.caption)


def test_start_queues_the_suggested_request(open_page: Open, with_data, app_services, analyst):
    page = press(open_page("analyst", "training", experiment=with_data.id), "Start training")
    assert not page.exception
    (run,) = runs_of(app_services, analyst, with_data)
    request = TrainingRequest.from_json(run.request)
    assert (run.state, request.target, request.mode) == ("queued", "churn", Mode.BASE)
    assert request.tasks == (Task.BINARY, Task.CLUSTERING, Task.REDUCTION)
    assert "Cancel run" in labels(page)
    assert "Waiting for a free worker" in sentences(page) or run.state == "queued"


def test_start_again_in_another_tab_says_one_is_running(
    open_page: Open, with_data, app_services, analyst
):
    first = open_page("analyst", "training", experiment=with_data.id)
    second = open_page("analyst", "training", experiment=with_data.id)
    press(first, "Start training")
    page = press(second, "Start training")
    assert "already" in sentences(page)
    assert len(runs_of(app_services, analyst, with_data)) == 1


def test_target_in_the_address_renews_the_suggestion(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id, target="spend")
    assert "Predict “spend” as an amount" in sentences(page)
    assert widget(page, "selectbox", "Task").value is Task.REGRESSION


def test_choose_target_puts_it_into_the_address(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "selectbox", "Target: the column to predict").select("spend").run()
    assert page.query_params["target"] in ("spend", ["spend"])
    assert widget(page, "selectbox", "Task").value is Task.REGRESSION


def test_unsupervised_alone_asks_for_no_target(open_page: Open, with_data, app_services, analyst):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "checkbox", "Supervised").uncheck().run()
    press(page, "Start training")
    request = runs_of(app_services, analyst, with_data)[0].request
    assert (request["tasks"], request["target"]) == (["clustering", "dimensionality_reduction"], "")


def test_nothing_ticked_is_refused_and_nothing_lost(
    open_page: Open, with_data, app_services, analyst
):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "slider", "Folds").set_value(7).run()
    page = widget(page, "checkbox", "Supervised").uncheck().run()
    page = widget(page, "checkbox", "Unsupervised").uncheck().run()
    page = press(page, "Start training")
    assert "No task is chosen" in sentences(page)
    assert widget(page, "slider", "Folds").value == 7
    assert runs_of(app_services, analyst, with_data) == []


def test_constant_target_is_refused_in_one_sentence(
    open_page: Open, with_data, app_services, analyst
):
    page = open_page("analyst", "training", experiment=with_data.id, target="constant")
    assert "cannot be predicted" in sentences(page)
    page = widget(page, "checkbox", "Supervised").check().run()
    page = press(page, "Start training")
    assert "one value only" in sentences(page)
    assert not page.exception
    assert runs_of(app_services, analyst, with_data) == []


def test_best_asks_for_a_time_budget(open_page: Open, with_data, app_services, analyst):
    page = open_page("analyst", "training", experiment=with_data.id)
    effort = widget(page, "button_group", "How much effort")
    page = effort.set_value(Mode.BEST).run()
    page = widget(page, "number_input", "Time budget for each task, minutes").set_value(2.5).run()
    press(page, "Start training")
    request = runs_of(app_services, analyst, with_data)[0].request
    assert (request["mode"], request["budget_seconds"]) == ("best", 150.0)


def test_show_the_code_builds_the_same_request(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id)
    shown = next(code.value for code in page.code if "TrainingRequest" in code.value)
    built = shown.split("request = ")[1].split("run = ")[0]
    request = eval(built, {"training": training})
    assert (request.target, request.tasks[0]) == ("churn", Task.BINARY)


def test_reasons_are_shown_one_at_a_time(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id, why="Left out")
    assert "`key`: It names each row" in sentences(page)
    page = open_page("analyst", "training", experiment=with_data.id, why="Algorithms")
    assert "Logistic regression" in page.table[0].value.index


def test_history_shows_why_a_run_failed(open_page: Open, with_data, app_services, analyst):
    save_run(app_services, analyst, with_data, "failed", error="The disk is full. Free some space.")
    page = open_page("analyst", "training", experiment=with_data.id)
    assert "The disk is full. Free some space." in sentences(page)
    assert "Best: Regression of “spend”" in sentences(page)


def test_train_again_fills_the_form_from_the_run(open_page: Open, with_data, app_services, analyst):
    run = save_run(app_services, analyst, with_data, "cancelled")
    page = open_page("analyst", "training", **{"experiment": with_data.id, "from": run.id})
    assert not page.exception
    assert "Filled with the settings of the run" in sentences(page)
    assert widget(page, "selectbox", "Task").value is Task.REGRESSION
    assert widget(page, "selectbox", "Metric that chooses the winner").value == "mae"
    assert widget(page, "slider", "Folds").value == 3
    assert widget(page, "multiselect", "Columns left out").value == ["key"]
    assert widget(page, "number_input", "Time budget for each task, minutes").value == 2.0


def test_train_again_without_target_asks_for_none(
    open_page: Open, with_data, app_services, analyst
):
    changes = {"tasks": ("clustering",), "target": "", "metric": ""}
    run = save_run(app_services, analyst, with_data, "cancelled", **changes)
    page = open_page("analyst", "training", **{"experiment": with_data.id, "from": run.id})
    assert not widget(page, "checkbox", "Supervised").value
    assert widget(page, "multiselect", "Without a target").value == [Task.CLUSTERING]


def test_use_these_suggestions_drops_what_was_typed(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id)
    suggested = widget(page, "slider", "Folds").value
    page = widget(page, "slider", "Folds").set_value(9).run()
    page = press(page, "Back to the suggestions")
    assert widget(page, "slider", "Folds").value == suggested


def test_live_run_shows_candidates_as_they_finish(
    open_page: Open, with_data, app_services, analyst
):
    press(open_page("analyst", "training", experiment=with_data.id), "Start training")
    run = runs_of(app_services, analyst, with_data)[0]
    done = training.Candidate(
        run_id=run.id, task="binary", algorithm="lr", name="Logistic regression",
        metric="roc_auc", state="succeeded", score=0.81, folds_done=5,
    )  # fmt: skip
    with app_services.db.write() as session:
        session.add(done)
    page = open_page("analyst", "training", experiment=with_data.id)
    board = next(f.value for f in page.dataframe if "Score" in f.value.columns)
    assert list(board.Algorithm) == ["Logistic regression"]
    assert "Waiting for a free worker" in str(page.get("progress")[0].proto)
    assert "Runs" not in [head.value for head in page.subheader]  # it is shown once


def test_cancel_keeps_the_reason_with_the_run(open_page: Open, with_data, app_services, analyst):
    press(open_page("analyst", "training", experiment=with_data.id), "Start training")
    run = runs_of(app_services, analyst, with_data)[0]
    svc = app_services
    training.cancel(svc.db, analyst, run.id, "wrong target", svc.experiments, svc.scheduler)
    page = open_page("analyst", "training", experiment=with_data.id)
    assert "wrong target" in sentences(page)
    assert "Cancel run" not in labels(page)


@pytest.mark.parametrize("role", ["checker", "validator"])
def test_readers_see_suggestions_but_cannot_start(open_page: Open, with_data, role):
    page = open_page(role, "training", experiment=with_data.id)
    assert "Predict “churn”" in sentences(page)
    assert "You can look, not train" in sentences(page)
    assert "Start training" not in labels(page)


@pytest.mark.parametrize("role", ["auditor", "deployer"])
def test_those_without_data_access_see_runs_only(
    open_page: Open, with_data, app_services, analyst, role
):
    save_run(app_services, analyst, with_data, "failed", error="It broke.")
    page = open_page(role, "training", experiment=with_data.id)
    assert "It broke." in sentences(page)
    assert "Predict" not in sentences(page)
    assert not labels(page) & {"Start training", "Train again"}


def test_administrator_is_refused(open_page: Open, with_data):
    page = open_page("admin", "training", experiment=with_data.id)
    assert "results.read" in sentences(page)
    assert not labels(page) & {"Start training", "Cancel run"}


def test_stranger_of_the_same_role_cannot_start(open_page: Open, app_services, make_actor):
    other = make_actor("analyst", name="other")
    foreign = projects.create(app_services.db, other, "Foreign", "", {})
    page = open_page("analyst", "training", experiment=foreign.id)
    assert "Start training" not in labels(page)


def test_draft_survives_a_visit_to_another_page(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "slider", "Folds").set_value(4).run()
    page = page.switch_page("../pages/experiments.py").run()
    page.query_params["experiment"] = with_data.id
    page = page.switch_page("../pages/training.py").run()
    assert widget(page, "slider", "Folds").value == 4


@pytest.fixture
def with_dates(app_services, analyst, experiment, tmp_path):
    """The same customers, four a day, with the day they were asked."""
    file = tmp_path / "dated.csv"
    days = pd.date_range("2024-01-01", periods=ROWS // 4).repeat(4)
    small_frame().assign(asked=days).to_csv(file, index=False)
    data_sources.ingest_file(app_services.datasets, analyst, experiment.id, file, file.name)
    return experiment


@pytest.fixture
def with_series(app_services, analyst, experiment, shared_data):
    """Airline passengers by month."""
    file = shared_data / "airline_passengers.csv"
    data_sources.ingest_file(app_services.datasets, analyst, experiment.id, file, file.name)
    return experiment


def asked(app_services, analyst, experiment) -> TrainingRequest:
    return TrainingRequest.from_json(runs_of(app_services, analyst, experiment)[0].request)


def split_of(page: AppTest):
    return next(each for each in page.get("button_group") if each.label == "Split")


def test_time_column_suggests_a_split_by_time_that_is_kept_with_the_run(
    open_page: Open, with_dates, app_services, analyst
):
    page = open_page("analyst", "training", experiment=with_dates.id)
    assert not page.exception
    assert "The newest rows by “asked” are held out" in sentences(page)
    assert split_of(page).value == training.Split.TIME
    press(page, "Start training")
    request = asked(app_services, analyst, with_dates)
    assert (request.split, request.time_column) == (training.Split.TIME, "asked")


def test_split_at_random_can_be_chosen_instead(open_page: Open, with_dates, app_services, analyst):
    page = open_page("analyst", "training", experiment=with_dates.id)
    page = split_of(page).set_value(training.Split.RANDOM).run()
    press(page, "Start training")
    request = asked(app_services, analyst, with_dates)
    assert (request.split, request.time_column) == (training.Split.RANDOM, "")


def test_table_without_dates_offers_no_split(open_page: Open, with_data):
    page = open_page("analyst", "training", experiment=with_data.id)
    assert not [each for each in page.get("button_group") if each.label == "Split"]


def test_series_asks_for_its_horizon(open_page: Open, with_series, app_services, analyst):
    page = open_page("analyst", "training", experiment=with_series.id)
    assert widget(page, "selectbox", "Task").value is Task.TIME_SERIES
    page = widget(page, "number_input", "Steps ahead to forecast and score").set_value(6).run()
    press(page, "Start training")
    request = asked(app_services, analyst, with_series)
    assert (request.horizon, request.time_column, request.split) == (6, "Month", "time")


def test_starting_values_are_passed_edited_or_dropped(
    open_page: Open, with_data, app_services, analyst
):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "multiselect", "Also try starting values of").set_value(["lr"]).run()
    assert widget(page, "text_input", "C").value == "1.0"
    page = widget(page, "text_input", "C").set_value("0.25").run()
    press(page, "Start training")
    assert asked(app_services, analyst, with_data).starting_values == {"lr": {"C": 0.25}}


def test_starting_value_that_does_not_fit_is_one_sentence(
    open_page: Open, with_data, app_services, analyst
):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "multiselect", "Also try starting values of").set_value(["lr"]).run()
    page = widget(page, "text_input", "C").set_value("much").run()
    page = press(page, "Start training")
    assert "“C” of “lr” must be a number" in sentences(page)
    assert not runs_of(app_services, analyst, with_data)


@pytest.mark.slow
def test_started_run_ends_with_a_winner_in_the_history(
    open_page: Open, with_data, app_services, analyst
):
    page = open_page("analyst", "training", experiment=with_data.id)
    page = widget(page, "checkbox", "Unsupervised").uncheck().run()
    page = widget(page, "slider", "Folds").set_value(2).run()
    page = widget(page, "multiselect", "Candidates").set_value(["lr"]).run()
    press(page, "Start training")
    svc, run = app_services, runs_of(app_services, analyst, with_data)[0]
    surroundings = training.Surroundings(
        db=svc.db, progress=Silent(), datasets=svc.datasets, experiments=svc.experiments,
        tracking=svc.tracker, runs_dir=svc.runs_dir, name=with_data.name,
    )  # fmt: skip
    training.execute(analyst, run.id, surroundings, time.monotonic())
    page = open_page("analyst", "training", experiment=with_data.id)
    assert not page.exception
    assert "Binary classification: Logistic regression, ROC AUC 0." in sentences(page)
    assert "Cancel run" not in labels(page)
