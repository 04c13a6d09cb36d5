"""Parts of the Jobs page: the queue's verdict, a row of the list, one job with its log."""

from collections.abc import Callable, Mapping

import streamlit as st

from app.markdown import plain
from app.moments import duration
from app.rows import listed
from app.ui import page_link, state_badge
from engines.core.database import now
from engines.core.scheduling import JobState, JobStatus
from engines.orchestration import JobEntry, QueueState

WIDTHS = (2, 4, 3, 3)
TITLES = ("State", "Job", "Experiment", "Asked for (UTC)")
KINDS = {"ingest": "Read a file", "explore": "Explore", "profile": "Profile report"} | {
    "train": "Training",
    "record": "Record a training's end",
    "explain": "Explain a model",
    "publish": "Publish a release",
    "promote": "Promote a release",
    "remove": "Remove a release",
}


def verdict(queue: QueueState) -> None:
    """Whether work gets done: one sentence before everything else."""
    waiting = f"{queue.waiting} waiting, {queue.running} running"
    if queue.workers:
        places = "1 job" if queue.slots == 1 else f"{queue.slots} jobs"
        st.success(f"A worker is ready for {places} at once: {waiting}.", icon=":material/bolt:")
    elif queue.waiting or queue.running:
        st.warning(
            f"No worker has been heard of lately: {waiting}. Jobs wait until one is started.",
            icon=":material/hourglass_empty:",
        )
    else:
        st.info("No worker is running, and nothing waits for one.", icon=":material/info:")


def job_rows(entries: list[JobEntry], experiments: Mapping[str, str]) -> None:
    """One row per job; `experiments` gives the name for an experiment's id."""
    listed(WIDTHS, TITLES, entries, lambda entry: _row(entry, experiments))


def _row(entry: JobEntry, experiments: Mapping[str, str]) -> None:
    status = entry.status
    state, what, experiment, asked = st.columns(WIDTHS, vertical_alignment="center")
    with state:
        state_badge(status.state)
    with what.container(gap=None):
        page_link(f"**{title(status)}**", "jobs", job=status.key)
        _line(status)
    with experiment:
        experiment_link(status, experiments)
    with asked.container(gap=None):
        st.markdown(f"{status.created_at:%Y-%m-%d %H:%M}")
        st.caption(f"by {plain(entry.owner_name)}")


def _line(status: JobStatus) -> None:
    if status.is_live and status.started_at:
        st.progress(status.fraction, text=plain(status.step))
    elif status.error:
        st.caption(plain(status.error))
    elif status.step and status.state != JobState.SUCCEEDED:
        st.caption(plain(status.step))


def experiment_link(status: JobStatus, experiments: Mapping[str, str]) -> None:
    """The way to the experiment the job belongs to."""
    name = experiments.get(status.experiment_id)
    if name:
        page_link(plain(name), "experiment", experiment=status.experiment_id)


def title(status: JobStatus) -> str:
    """What the job does, in the user's words."""
    return KINDS.get(status.kind, status.kind.capitalize())


def job_state(entry: JobEntry) -> None:
    """One job: how far, how long, and in which words it ended."""
    status = entry.status
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(status.state)
        st.caption(f"{entry.owner_name} · attempt {max(status.attempt, 1)} · {took(status)}")
    if status.is_live:
        st.progress(status.fraction, text=plain(status.step))
    if status.error:
        show = st.warning if status.is_live or status.state == "cancelled" else st.error
        show(plain(status.error))


def job_lines(lines: list[str], key: str, everything: Callable[[], list[str]]) -> None:
    """The end of the log, and all of it as a file."""
    if not lines:
        st.caption("The log is empty so far.")
        return
    st.code("\n".join(lines), language=None, height=360)
    st.download_button(
        "Whole log",
        lambda: "\n".join(everything()).encode(),
        file_name=f"job-{key}.log",
        mime="text/plain",
        icon=":material/download:",
        on_click="ignore",
        key=f"log:{key}",
    )


def took(status: JobStatus) -> str:
    """How long the job has waited or run."""
    if status.started_at is None:
        return "not started"
    seconds = round(((status.finished_at or now()) - status.started_at).total_seconds())
    return f"ran for {duration(max(seconds, 0))}"
