"""The Jobs page: the list, one job, its cancel, for each role."""

import os
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from engines import orchestration, projects
from engines.core.access import Actor
from engines.core.scheduling import JobRequest, JobState
from engines.orchestration import JobLog, LocalScheduler, WorkerLimits, queue
from engines.wiring import Services
from tests.engines.orchestration.conftest import SCRIPTS

OpenPage = Callable[..., AppTest]


@pytest.fixture
def scheduler(app_services: Services) -> LocalScheduler:
    return LocalScheduler(app_services.db, SCRIPTS)


@pytest.fixture
def experiment_id(app_services: Services, analyst: Actor) -> str:
    return projects.create(app_services.db, analyst, "Churn [2026]").id


def words(at: AppTest) -> str:
    parts = [at.markdown, at.caption, at.text, at.subheader, at.header, at.code]
    parts += [at.success, at.warning, at.error, at.info]
    return " ".join(each.value for part in parts for each in part)


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def links(at: AppTest) -> list[str]:
    return [link.proto.label for link in at.get("page_link")]


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer", "auditor"])
def test_list_without_jobs_says_so(open_page: OpenPage, role: str) -> None:
    at = open_page(role, "jobs")
    assert not at.exception
    assert "No jobs yet" in words(at)
    assert "No worker is running" in words(at)


def test_list_shows_jobs_and_that_no_worker_takes_them(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str
) -> None:
    scheduler.submit(analyst, JobRequest("train", "job-1", experiment_id, {}))
    at = open_page("checker", "jobs")
    assert not at.exception
    assert "No worker has been heard of lately: 1 waiting, 0 running" in words(at)
    assert "**Training**" in links(at)
    assert r"Churn \[2026\]" in links(at)


def test_list_is_narrowed_by_state_and_owner(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str
) -> None:
    scheduler.submit(analyst, JobRequest("train", "job-1", experiment_id, {}))
    scheduler.submit(analyst, JobRequest("probe", "job-2", experiment_id, {}))
    scheduler.cancel(analyst, "job-2", "not needed")
    assert "2 jobs" in words(open_page("auditor", "jobs"))
    at = open_page("auditor", "jobs", status="cancelled")
    assert "1 job" in words(at)
    assert r"Cancelled by analyst\: not needed" in words(at)
    assert "Nothing matches" in words(open_page("auditor", "jobs", own="true"))
    assert "1 job" in words(open_page("auditor", "jobs", kind="train"))


def test_choice_is_kept_in_the_address_by_its_value(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str
) -> None:
    scheduler.submit(analyst, JobRequest("train", "job-1", experiment_id, {}))
    at = open_page("analyst", "jobs")
    at.button_group(key="status").set_value(JobState.QUEUED).run()
    assert at.query_params["status"] == "queued"


def test_link_with_the_words_of_before_shows_every_job(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str
) -> None:
    scheduler.submit(analyst, JobRequest("train", "job-1", experiment_id, {}))
    at = open_page("auditor", "jobs", status="Cancelled", kind="Training")
    assert not at.exception
    assert "1 job" in words(at)


def test_list_is_paged(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str
) -> None:
    for number in range(orchestration.PAGE_SIZE + 1):
        scheduler.submit(analyst, JobRequest("probe", f"job-{number}", experiment_id, {}))
    assert links(open_page("analyst", "jobs")).count("**Probe**") == orchestration.PAGE_SIZE
    assert links(open_page("analyst", "jobs", list="2")).count("**Probe**") == 1


def test_job_shows_progress_and_the_end_of_its_log(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, app_services: Services,
    experiment_id: str,
) -> None:  # fmt: skip
    db = app_services.db
    scheduler.submit(analyst, JobRequest("probe", "job-1", experiment_id, {}))
    assert queue.claim(db, queue.register(db, os.getpid(), 1), WorkerLimits(slots=1))
    with db.write() as session:
        session.add(JobLog(job_key="job-1", number=0, line="fold 1 of 5"))
    at = open_page("analyst", "jobs", job="job-1")
    assert not at.exception
    assert "fold 1 of 5" in words(at)
    assert "attempt 1" in words(at)
    assert "Cancel job" in labels(at)
    assert "A worker is ready for 1 job at once: 0 waiting, 1 running." in words(
        open_page("analyst", "jobs")
    )


@pytest.mark.parametrize("role", ["checker", "auditor"])
def test_reader_cannot_cancel(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str, role: str
) -> None:
    scheduler.submit(analyst, JobRequest("probe", "job-1", experiment_id, {}))
    at = open_page(role, "jobs", job="job-1")
    assert not at.exception
    assert "Cancel job" not in labels(at)


def test_cancel_asks_for_a_reason_first(
    open_page: OpenPage, scheduler: LocalScheduler, analyst: Actor, experiment_id: str
) -> None:
    scheduler.submit(analyst, JobRequest("probe", "job-1", experiment_id, {}))
    at = open_page("analyst", "jobs", job="job-1")
    next(b for b in at.button if b.label == "Cancel job").click().run()
    assert not at.exception
    assert "Reason" in [field.label for field in at.text_input]
    [b for b in at.button if b.label == "Cancel job"][-1].click().run()
    assert scheduler.status("job-1").is_live


def test_deep_link_to_an_unknown_job_is_one_sentence(open_page: OpenPage) -> None:
    at = open_page("analyst", "jobs", job="gone")
    assert [e.value for e in at.error] == [
        "**There is no job “gone”.** Look for it in the list of jobs."
    ]
