"""Reports asked for, kept, logged, followed and read, on the embedded database and queue."""

from dataclasses import replace

import pytest

from engines import eda
from engines.core.access import Role
from engines.core.errors import BackendUnavailable, InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.progress import Silent
from engines.core.scheduling import JobState
from engines.eda import store
from engines.eda.models import ReportKind
from tests.harness.audit import acts


def ask(study, actor, options=None):
    return eda.request_report(study, actor, "experiment", "Churn", options or eda.Options())


def logged(study, actor, asked):
    """The report after its job."""
    eda.run_explore(study, actor, asked.row.id, Silent())
    return eda.standings(study, actor, "experiment", ReportKind.EXPLORE)[0]


def test_a_small_table_is_explored_at_once(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    asked = ask(study, analyst)
    assert asked.ready
    assert asked.job is None
    assert eda.report(study, analyst, asked.row.id).rows == 440
    assert study.experiments.states == ["explored"]
    assert acts(study.db) == ["eda.requested", "eda.explored"]


def test_a_report_made_at_once_is_logged_by_a_job(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    asked = ask(study, analyst)
    assert study.log.kept == []
    assert study.scheduler.status(asked.row.job_key).state == JobState.QUEUED
    assert logged(study, analyst, asked).row.link == "http://tracker/experiment/1"
    assert acts(study.db) == ["eda.requested", "eda.explored"]


def test_a_report_is_made_once_and_then_opened(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    first = ask(study, analyst)
    written = (store.place(study.folder, first.row) / store.REPORT).stat().st_mtime_ns
    second = ask(study, analyst)
    assert second.row.id == first.row.id
    assert (store.place(study.folder, first.row) / store.REPORT).stat().st_mtime_ns == written
    assert second.row.job_key == first.row.job_key


def test_a_report_whose_files_are_gone_is_made_again(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    asked = ask(study, analyst)
    (store.place(study.folder, asked.row) / store.REPORT).unlink()
    with pytest.raises(NotReady):
        eda.report(study, analyst, asked.row.id)
    assert ask(study, analyst).ready


def test_a_big_table_is_explored_by_a_job(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale), inline_cells=100)
    asked = ask(study, analyst)
    assert asked.is_running
    assert (asked.job.kind, asked.job.state) == ("explore", JobState.QUEUED)
    assert not study.experiments.states
    eda.run_explore(study, analyst, asked.row.id, Silent())
    now = eda.standings(study, analyst, "experiment", ReportKind.EXPLORE)[0]
    assert now.ready
    assert now.row.link == "http://tracker/experiment/1"


def test_asking_twice_queues_one_job(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale), inline_cells=100)
    assert ask(study, analyst).job.key == ask(study, analyst).job.key


def test_after_a_cancelled_job_asking_queues_a_new_one(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale), inline_cells=100)
    first = ask(study, analyst)
    study.scheduler.cancel(analyst, first.job.key, "too slow")
    stopped = eda.standings(study, analyst, "experiment", ReportKind.EXPLORE)[0]
    assert "too slow" in stopped.failure
    again = ask(study, analyst)
    assert again.row.id == first.row.id
    assert again.job.key != first.job.key


def test_figures_of_an_exploration_reach_the_tracker(telco, to_table, on, analyst):
    study = on(to_table(telco, anonymised=True))
    asked = logged(study, analyst, ask(study, analyst, eda.Options(target="Churn")))
    files = study.log.kept[0]
    assert set(files) == {
        "eda_report.html", "eda_report.json", "eda_figures.json", "eda_log.txt",
    }  # fmt: skip
    assert b'"histogram-C5"' in files["eda_figures.json"]
    assert b"MonthlyCharges" not in b"".join(files.values())
    assert study.log.tags[0]["mlaas.dataset_sha256"] == asked.row.sha256


def test_a_tracker_that_is_away_costs_only_the_link(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    study.log.away = True
    asked = logged(study, analyst, ask(study, analyst))
    assert asked.ready
    assert asked.row.link == ""
    assert "did not answer" in asked.row.log_error
    assert "did not answer" in ask(study, analyst).row.log_error
    study.log.away = False
    queued = eda.log_again(study, analyst, asked.row.id)
    assert queued.row.job_key != asked.row.job_key
    again = logged(study, analyst, queued)
    assert again.row.link
    assert again.row.log_error == ""


def test_a_full_disk_gives_one_sentence(wholesale, to_table, on, analyst, tmp_path):
    study = on(to_table(wholesale), folder=tmp_path / "taken")
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(BackendUnavailable, match="could not be written"):
        ask(study, analyst)


def test_a_killed_write_leaves_no_report(wholesale, to_table, on, analyst, monkeypatch):
    study = on(to_table(wholesale))

    def killed(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.write_text", killed)
        with pytest.raises(KeyboardInterrupt):
            ask(study, analyst)
    assert not eda.standings(study, analyst, "experiment", ReportKind.EXPLORE)[0].ready
    assert ask(study, analyst).ready


def test_before_there_is_data_one_sentence_says_so(study, analyst):
    with pytest.raises(NotReady, match="no data"):
        ask(study, analyst)


def test_an_unknown_target_is_refused_before_anything_is_recorded(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    with pytest.raises(InvalidInput):
        ask(study, analyst, eda.Options(target="nothing"))
    assert acts(study.db) == []


def test_only_the_owner_may_ask(wholesale, to_table, on, make_actor):
    study = on(to_table(wholesale))
    with pytest.raises(NotAllowed):
        ask(study, make_actor("analyst", name="other"))
    assert not eda.may_explore(study, make_actor("analyst", name="other"), "experiment")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ANALYST])
def test_no_other_role_may_ask(wholesale, to_table, on, make_actor, role):
    study = on(to_table(wholesale))
    with pytest.raises(NotAllowed, match="permission"):
        ask(study, make_actor(role))
    with pytest.raises(NotAllowed, match="permission"):
        eda.request_profile(study, make_actor(role), "experiment", "Churn")


def test_a_checker_reads_what_an_analyst_explored(wholesale, to_table, on, analyst, make_actor):
    study = on(to_table(wholesale))
    asked = ask(study, analyst)
    assert eda.report(study, make_actor("checker"), asked.row.id).rows == 440
    with pytest.raises(NotAllowed):
        eda.report(study, make_actor("deployer"), asked.row.id)


def test_an_unknown_report_is_not_found(study, analyst):
    with pytest.raises(NotFound):
        eda.report(study, analyst, "nothing")


def test_hiding_the_names_asks_for_a_new_report(wholesale, to_table, on, analyst):
    table = to_table(wholesale)
    study = on(table)
    asked = ask(study, analyst)
    hidden = replace(table, anonymised=True)
    assert eda.is_current(asked, table)
    assert not eda.is_current(asked, hidden)
    again = ask(on(hidden), analyst)
    assert again.row.id != asked.row.id
    logged(on(hidden), analyst, again)
    assert b"Fresh" not in study.log.kept[0]["eda_figures.json"]


def test_plotted_rows_come_by_position(wholesale, to_table, on, analyst):
    study = on(to_table(wholesale))
    asked = ask(study, analyst)
    rows = eda.plotted(study, analyst, asked.row.id, [2, 4])
    assert rows.to_series(0).to_list() == wholesale["Fresh"].tolist()
    assert rows.to_series(1).to_list() == wholesale["Grocery"].tolist()
