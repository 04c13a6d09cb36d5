"""A worker in this process, running real job processes."""

import os
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from engines.core.access import Actor
from engines.core.correlation import correlated
from engines.core.errors import NotAllowed
from engines.core.scheduling import JobState
from engines.orchestration import ForkServer, job_log
from tests.engines.orchestration.conftest import Bench, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(params=["started", "forked"])
def forks(request: pytest.FixtureRequest) -> ForkServer | None:
    """Every test runs with jobs as fresh interpreters, and as forks of one that has imported."""
    is_forked = request.param == "forked"
    return request.getfixturevalue("fork_server") if is_forked else None


def gone(pids: list[int]) -> bool:
    """True when none of the processes lives; a zombie of a stranger's counts as dead."""
    states = [psutil.Process(pid).status() for pid in pids if psutil.pid_exists(pid)]
    return all(state == psutil.STATUS_ZOMBIE for state in states)


def sleepers() -> list[int]:
    """Processes started for jobs on this machine that carry a lease and sleep."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or [])
        with suppress(psutil.Error):
            if (
                "time.sleep(600)" in words
                and process.environ().get("MLAAS_DATABASE__URL")
                == (os.environ["MLAAS_DATABASE__URL"])
            ):
                found.append(process.pid)
    return found


def test_run_job_restores_surroundings_and_succeeds(bench: Bench) -> None:
    with correlated("click-1"):
        bench.submit("good", act="steps")
    status = bench.settled("good")
    assert (status.state, status.fraction, status.error) == (JobState.SUCCEEDED, 1.0, "")
    assert status.attempt == 1
    lines = job_log(bench.db, bench.actor, "good")
    assert "actor user-analyst ['analyst']" in lines
    assert "correlation click-1" in lines
    assert "threads ['1', '1', '1']" in lines
    assert f"nice {os.nice(0) + 10} leader True" in lines
    assert [each.key for each in bench.ended] == ["good"]
    assert bench.launcher.left_behind() == set()


def test_cancel_ends_children_that_ignore_the_first_signal(bench: Bench) -> None:
    pids = bench.family("stubborn", stubborn=True)
    bench.until(lambda: bench.scheduler.status("stubborn").step == "Hanging")
    bench.scheduler.cancel(bench.actor, "stubborn", "wrong target")
    status = bench.settled("stubborn")
    assert status.state is JobState.CANCELLED
    assert status.error == "Cancelled by analyst: wrong target"
    assert len(pids) == 3
    assert gone(pids)


def test_timeout_ends_the_group_and_fails_with_the_limit(bench: Bench) -> None:
    pids = bench.folder / "slow.pids"
    bench.submit("slow", act="family", pids=str(pids), timeout=4.0)
    status = bench.settled("slow")
    assert status.state is JobState.FAILED
    assert status.error == "The job ran longer than its limit of 4 s."
    # A busy machine may not have come as far as telling the children's numbers.
    assert sleepers() == []
    assert gone([int(pid) for pid in pids.read_text().split()] if pids.exists() else [])


def test_refused_job_fails_at_once_despite_retries(bench: Bench) -> None:
    status = bench.settled(bench.submit("no", retries=3, act="fail", how="refused"))
    assert (status.state, status.attempt) == (JobState.FAILED, 1)
    assert status.error == "The target has one class. Choose another."


def test_unavailable_backend_is_retried(bench: Bench) -> None:
    status = bench.settled(bench.submit("away", retries=1, act="fail", how="away"))
    assert (status.state, status.attempt) == (JobState.FAILED, 2)
    assert status.error == "The store is away."
    assert [each.state for each in bench.ended] == [JobState.QUEUED, JobState.FAILED]
    assert "Attempt 2 of 2" in bench.scheduler.log("away")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("fault", "An unexpected fault ended this job. Give the platform team its id click-2."),
        ("exit", "An unexpected fault ended this job. Give the platform team its id click-2."),
        ("killed", "most often because the machine ran out of memory"),
    ],
)
def test_dead_process_fails_the_job_without_its_details(bench: Bench, how: str, words: str) -> None:
    with correlated("click-2"):
        bench.submit(how, act="fail", how=how)
    status = bench.settled(how)
    assert status.state is JobState.FAILED
    assert words in status.error
    assert "secret detail" not in " ".join([status.error, *bench.scheduler.log(how)])


def test_stopping_worker_fails_its_job_with_the_reason(bench: Bench) -> None:
    pids = bench.family("stopped")
    bench.worker.end()
    status = bench.scheduler.status("stopped")
    assert status.state is JobState.FAILED
    assert status.error == "The worker was stopped in the middle of this job."
    assert gone(pids)


def test_stopping_worker_queues_a_job_with_retries_again(bench: Bench) -> None:
    bench.family("again", retries=1)
    bench.worker.end()
    status = bench.scheduler.status("again")
    assert status.state is JobState.QUEUED
    assert status.step == "Waiting for attempt 2 of 2"


def test_job_that_lost_its_lease_is_ended_and_not_concluded(bench: Bench) -> None:
    pids = bench.family("taken")
    with bench.db.write() as session:
        session.connection().exec_driver_sql("UPDATE job SET lease = 'another'")
    bench.until(lambda: gone(pids))
    assert bench.scheduler.status("taken").state is JobState.RUNNING


def test_cancelled_by_a_stranger_is_refused(bench: Bench, make_actor: Callable[..., Actor]) -> None:
    bench.submit("mine", act="steps")
    other = make_actor("analyst", name="other")
    with pytest.raises(NotAllowed, match="started by analyst"):
        bench.scheduler.cancel(other, "mine", "because")
    bench.scheduler.cancel(make_actor("admin"), "mine", "maintenance")
    wait_for(lambda: not bench.scheduler.status("mine").is_live)
    assert bench.scheduler.status("mine").state is JobState.CANCELLED
