"""Parts of the Training page: the suggestions, the run under way, and the runs before it."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from app.markdown import plain
from app.moments import duration
from app.services import services
from app.ui import confirm, go, live, page_link, state_badge
from engines import training
from engines.core.access import Actor, Capability
from engines.core.database import now
from engines.core.errors import NotFound
from engines.core.scheduling import JobState, JobStatus
from engines.results import settings_text
from engines.training import (
    METRICS,
    SUPERVISED,
    TITLES,
    Candidate,
    Mode,
    TaskResult,
    TrainingRequest,
    TrainingRun,
)

LOG_LINES = 12
RUNS_SHOWN = 10
RESULTS = ":material/leaderboard:"
AGAIN = "Fills the form with the settings of this run."
EARLY = 0.05  # below this share of the work the time left is not guessed


def live_run(actor: Actor, run: TrainingRun) -> None:
    """The run under way: a way to stop it, and its state drawn anew each second."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Training now", anchor=False)
            st.space("stretch")
            if actor.may(Capability.JOB_CANCEL) and _pressed_cancel(run):
                _ask_cancel(actor, run)
        _under_way(actor, run.id)


def _pressed_cancel(run: TrainingRun) -> bool:
    return st.button("Cancel run", icon=":material/stop_circle:", key=f"cancel:{run.id}")


def _ask_cancel(actor: Actor, run: TrainingRun) -> None:
    svc = services()

    def act(reason: str) -> None:
        training.cancel(svc.db, actor, run.id, reason, svc.experiments, svc.scheduler)

    text = "What has finished stays on its leaderboard; the rest is stopped."
    confirm("Cancel this run?", text, act, button="Cancel the run")


@live(every="1s")
def _under_way(actor: Actor, run_id: str) -> None:
    svc = services()
    run = training.run(svc.db, actor, run_id, svc.experiments)
    followed = training.follow(svc.db, actor, run.experiment_id, svc.experiments, svc.scheduler)
    run = next(each for each in followed if each.id == run_id)
    if not run.is_live:
        st.rerun()
    _progress(run)
    leaderboard(training.leaderboard(svc.db, actor, run_id, svc.experiments))
    with st.expander("Log", expanded=True):
        lines = svc.scheduler.log(run_id)[-LOG_LINES:]
        told = "\n".join(lines) or "Waiting for the first line."
        st.code(told, language=None, height=200, wrap_lines=True)


def _progress(run: TrainingRun) -> None:
    status = _status(run.id)
    fraction, step = (status.fraction, status.step) if status else (0.0, "")
    state_badge(run.state)
    st.progress(min(max(fraction, 0.0), 1.0), text=step or "Waiting for a free worker")
    st.caption(_times(run.started_at or run.created_at, fraction, run))


def _status(key: str) -> JobStatus | None:
    try:
        return services().scheduler.status(key)
    except NotFound:
        return None


def _times(since: datetime, fraction: float, run: TrainingRun) -> str:
    gone = (now() - since).total_seconds()
    said = f"{duration(gone)} gone"
    request = TrainingRequest.from_json(run.request)
    if request.mode is Mode.BEST:
        left = max(request.budget_seconds * len(request.tasks) - gone, 0)
        return f"{said}, {duration(left)} left of the budget"
    if fraction < EARLY:
        return said
    return f"{said}, about {duration(gone / fraction - gone)} left"


def leaderboard(candidates: Sequence[Candidate]) -> None:
    """The candidates so far, best first, one table for each task."""
    for task in dict.fromkeys(candidate.task for candidate in candidates):
        rows = [_line(candidate) for candidate in candidates if candidate.task == task]
        metric = next(each.metric for each in candidates if each.task == task)
        st.markdown(f"**{TITLES[training.Task(task)]}** · {metric_title(task, metric)}")
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, placeholder="–", height=38 + 35 * min(len(rows), 8)
        )


def _line(candidate: Candidate) -> dict[str, object]:
    return {
        "Algorithm": candidate.name,
        "State": "stopped early" if candidate.state == "stopped" else candidate.state,
        "Score": candidate.score,
        "Folds done": candidate.folds_done,
        "Trials": candidate.trials,
        "Seconds": round(candidate.seconds, 1),
        "Settings": settings_text(candidate.parameters),
    }


def history(actor: Actor, runs: Sequence[TrainingRun]) -> None:
    """The runs so far, newest first: state, outcome, and what can be done with each."""
    st.subheader("Runs", anchor=False)
    pages = -(-len(runs) // RUNS_SHOWN)
    page = st.pagination(pages, key="runs", bind="query-params") if pages > 1 else 1
    for run in runs[(page - 1) * RUNS_SHOWN : page * RUNS_SHOWN]:
        with st.container(border=True):
            _past(actor, run)


def _past(actor: Actor, run: TrainingRun) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(run.state)
        st.markdown(
            f"{run.created_at:%Y-%m-%d %H:%M} UTC, by {plain(run.actor_name)}", width="content"
        )
        st.space("stretch")
        if run.state == "succeeded":
            page_link("Results", "results", icon=RESULTS, experiment=run.experiment_id, run=run.id)
        if actor.may(Capability.TRAINING_RUN):
            _offer_again(run)
    st.caption(said(TrainingRequest.from_json(run.request)))
    if run.error:
        _say_why(run)
    if run.warning:
        st.warning(run.warning, icon=":material/warning:")
    _outcome(actor, run)


def _offer_again(run: TrainingRun) -> None:
    if st.button("Train again", key=f"again:{run.id}", type="tertiary", help=AGAIN):
        query = {"experiment": run.experiment_id, "from": run.id}
        go("training", **query, target=run.request["target"])


def _say_why(run: TrainingRun) -> None:
    if run.state == JobState.CANCELLED:
        st.caption(run.error)
    else:
        st.error(run.error, icon=":material/error:")


def said(request: TrainingRequest) -> str:
    """What was asked for, in one line."""
    aims = {task: f"{TITLES[task]} of “{request.target}”" for task in SUPERVISED}
    tasks = ", ".join(aims.get(task, TITLES[task]) for task in request.tasks)
    return f"{request.mode.value.capitalize()}: {tasks}"


def _outcome(actor: Actor, run: TrainingRun) -> None:
    svc = services()
    if run.state == "succeeded":
        found = training.results(svc.db, actor, run.id, svc.experiments)
        lines = [
            f"* {TITLES[training.Task(r.task)]}: {plain(r.error) or _winner(r)}" for r in found
        ]
        st.markdown("\n".join(lines))
    elif not run.is_live:
        candidates = training.leaderboard(svc.db, actor, run.id, svc.experiments)
        if candidates:
            with st.expander("Leaderboard when it stopped"):
                leaderboard(candidates)


def _winner(result: TaskResult) -> str:
    """Who won and how well; the score is the held-out one where rows were held out."""
    name = result.winner_name or "no winner"
    title = metric_title(result.task, result.metric)
    if result.metric in result.holdout:
        return f"{name}, {title} {result.holdout[result.metric]:.4g} on held-out rows"
    if result.metric in result.intervals:
        return f"{name}, {title} {result.intervals[result.metric][1]:.4g}"
    return name


def metric_title(task: str, identifier: str) -> str:
    """The metric in words."""
    titles = {metric.id: metric.title for metric in METRICS[training.Task(task)]}
    return titles.get(identifier, identifier)
