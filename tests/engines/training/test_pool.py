"""Workers answer, fail alone, and die at once when told."""

import os
import time
from pathlib import Path
from typing import Any

from engines.training.pool import Job, Pool


def _plus(material: int, more: int) -> int:
    return material + more


def _refuse(material: int) -> None:
    raise ValueError("no such fold")


def _sleep(material: int, seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def _vanish(material: int) -> None:
    os._exit(9)


def test_jobs_share_material_and_answer_with_their_tag() -> None:
    with Pool(40, 2) as pool:
        done = {d.tag: d.value for d in pool.run([Job(n, _plus, (n,)) for n in range(6)])}
    assert done == {n: 40 + n for n in range(6)}


def test_failing_job_leaves_a_sentence_and_the_others() -> None:
    jobs: list[Job] = [Job("bad", _refuse), Job("dead", _vanish), Job("good", _plus, (1,))]
    with Pool(1, 1) as pool:
        done: dict[Any, Any] = {d.tag: d for d in pool.run(jobs)}
    assert done["bad"].error == "ValueError: no such fold (_refuse)"
    assert "killed" in done["dead"].error
    assert done["good"].value == 2


def test_deadline_ends_what_runs_and_the_pool_goes_on() -> None:
    began = time.monotonic()
    with Pool(1, 2) as pool:
        late = list(pool.run([Job(n, _sleep, (30.0,)) for n in range(4)], began + 0.3))
        after = [d.value for d in pool.run([Job(0, _plus, (2,))])]
    assert late == []
    assert after == [3]
    assert time.monotonic() - began < 10


def test_leaving_the_pool_leaves_no_process() -> None:
    with Pool(1, 2) as pool:
        pids = [d.value for d in pool.run([Job(n, _sleep, (0.2,)) for n in range(2)])]
    assert len(set(pids)) == 2
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()


def test_passed_deadline_still_waits_for_the_one_answer_that_is_needed() -> None:
    jobs: list[Job] = [Job("bad", _refuse), Job("good", _plus, (1,)), Job("long", _sleep, (30.0,))]
    began = time.monotonic()
    with Pool(1, 1) as pool:
        done = {d.tag: d.value for d in pool.run(jobs, began - 1, at_least=1)}
    assert done == {"bad": None, "good": 2}
    assert time.monotonic() - began < 10
