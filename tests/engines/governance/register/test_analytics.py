"""The dashboard's figures agree with a plain count, and stay fast with 5,000 submissions."""

from datetime import timedelta

import numpy as np
import pytest

from engines.core.database import now
from engines.governance import register
from engines.governance.approvals.models import GateDecision, Submission, Vote

ASKED = {
    "approvals": [
        {"role": "checker", "count": 1, "level": 1},
        {"role": "validator", "count": 1, "level": 2},
    ]
}


def submission(number, state, age, took=None, **values):
    at = now() - timedelta(days=age)
    return Submission(
        id=f"s{number:05d}", run_id=f"r{number:05d}", task="binary", experiment_id="e",
        stage="training", state=state, submitter_id="user-mia", submitter_name="mia",
        submitted_at=at, created_at=at, requirements=ASKED,
        decided_at=at + timedelta(days=took) if took is not None else None,
        **values,
    )  # fmt: skip


def store(db, *rows):
    with db.write() as session:
        session.add_all(rows)


def test_waiting_counts_the_role_whose_turn_it_is(db, auditor):
    store(
        db,
        submission(1, "submitted", 1),
        submission(2, "submitted", 4, answer_by=now() - timedelta(days=1)),
        submission(3, "submitted", 30),
        submission(4, "approved", 3, 1),
    )
    store(
        db,
        Vote(
            submission_id="s00003", person_id="c", person_name="c", principal_id="c",
            principal_name="c", role="checker", level=1, decision="approve", content_hash="",
        ),
    )  # fmt: skip
    found = register.overview(db, auditor)
    assert found.waiting == {
        ("checker", "up to 2 days"): 1, ("checker", "3 to 5 days"): 1,
        ("validator", "over 10 days"): 1,
    }  # fmt: skip
    assert (found.waiting_total, found.late) == (3, 1)
    assert found.states == {"submitted": 3, "approved": 1}


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_cycle_time_is_the_nearest_rank_percentile(db, auditor, count):
    days = np.random.default_rng(count).uniform(0.5, 9, count)
    rows = [submission(n, "approved", 10, took=float(took)) for n, took in enumerate(days)]
    store(db, *rows)
    found = register.overview(db, auditor).overall
    wanted = np.percentile(days, [50, 90], method="inverted_cdf")
    assert found.answered == count
    assert [found.median, found.p90] == pytest.approx(wanted, abs=1e-4)


def test_cycle_time_by_month_leaves_out_what_is_older(db, auditor):
    store(
        db,
        submission(1, "approved", 3, 1),
        submission(2, "rejected", 70, 4, reason="Too small"),
        submission(3, "approved", 900, 2),
        submission(4, "withdrawn", 5, 1),
    )
    found = register.overview(db, auditor, days=365)
    assert [(each.answered, round(each.median, 3)) for each in found.cycle] == [(1, 4), (1, 1)]
    assert all(len(each.month) == len("2026-01") for each in found.cycle)
    assert found.overall.answered == 2


def test_reasons_and_refusals_are_counted(db, auditor):
    reasons = ["Too small", "Too small", "", "Drift"]
    rows = [submission(n, "rejected", 2, 1, reason=each) for n, each in enumerate(reasons)]
    gate = {"as_of": now(), "actor_id": "a", "actor_name": "a", "run_id": "r", "task": "binary"}
    store(
        db,
        *rows,
        *(
            GateDecision(request_id=str(n), purpose="deploy", allowed=n == 2, reason="No.", **gate)
            for n in range(3)
        ),
    )
    found = register.overview(db, auditor)
    assert found.reasons[0] == ("rejected", "Too small", 2)
    assert {reason for _, reason, _ in found.reasons} == {"Too small", "no reason given", "Drift"}
    assert found.refusals == [("deploy", "No.", 2)]
    assert (found.refused_total, found.allowed_total) == (2, 1)


def test_overdue_reviews_and_findings_are_counted(db, auditor, models, model, validator, maker):
    today = now().date()
    for severity, day in (("high", -1), ("high", 1), ("low", -9)):
        register.open_finding(
            db, validator, models, model, severity, "", severity, maker.id, today + timedelta(day)
        )
    register.set_review(db, validator, models, model, today, "yearly")
    found = register.overview(db, auditor)
    assert found.findings_overdue == {"high": 1, "low": 1}
    assert found.findings_open == {"high": 2, "low": 1}
    assert found.reviews_overdue == 0


def test_nothing_yet_gives_zeros_and_no_figures(db, auditor):
    found = register.overview(db, auditor)
    assert (found.overall.answered, found.waiting_total, found.refused_total) == (0, 0, 0)
    for draw in (
        register.waiting_figure, register.cycle_figure, register.reasons_figure,
        register.refusals_figure,
    ):  # fmt: skip
        assert draw(found) is None


def test_counts_have_whole_ticks_and_the_legend_only_the_ages_there_are(db, auditor):
    waits = [submission(1, "submitted", age=1), submission(2, "submitted", age=20)]
    store(db, *waits, submission(3, "rejected", age=9, took=1, reason="too old"))
    found = register.overview(db, auditor)
    drawn = register.waiting_figure(found)
    assert [(bar.name, sum(bar.y)) for bar in drawn.data] == [
        ("up to 2 days", 1), ("over 10 days", 1)
    ]  # fmt: skip
    assert len({bar.marker.color for bar in drawn.data}) == 2
    assert (drawn.layout.showlegend, drawn.layout.yaxis.dtick) == (True, 1)
    reasons = register.reasons_figure(found).layout
    assert (reasons.xaxis.dtick, reasons.yaxis.range) == (1, (4.5, -0.5))


def test_five_thousand_submissions_are_summed_up(db, auditor):
    states = ("approved", "rejected", "returned", "submitted", "expired")
    rows = [
        submission(
            n, states[n % 5], age=n % 360 + 1, took=None if n % 5 == 3 else (n * 7 % 90) / 9,
            reason=f"reason {n % 13}",
        )
        for n in range(5_000)
    ]  # fmt: skip
    gate = {"as_of": now(), "actor_id": "a", "actor_name": "a", "run_id": "r", "task": "binary"}
    refused = [
        GateDecision(
            request_id=str(n), purpose="score", allowed=n % 3 > 0, reason=f"r{n % 7}", **gate
        )
        for n in range(5_000)
    ]
    store(db, *rows, *refused)
    found = register.overview(db, auditor)
    assert found.waiting_total == 1_000
    assert len(found.cycle) >= 12
    figures = (register.waiting_figure(found), register.reasons_figure(found))
    assert [figure.layout.title.text for figure in figures] == [
        "Waiting approvals by role and age", "Why submissions were returned or rejected",
    ]  # fmt: skip
    assert figures[0].layout.yaxis.dtick is None
    assert len(register.overview_rows(found)) > 40
