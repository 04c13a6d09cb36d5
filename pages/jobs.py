"""Jobs page: what runs, waits and ran; one job with its log, and its cancel."""

import streamlit as st

from app.filters import is_on, one_of
from app.jobs_view import KINDS, experiment_link, job_lines, job_rows, job_state, title, verdict
from app.paging import page_buttons, page_number
from app.services import services
from app.ui import boundary, confirm, empty_state, live, page_actor, page_link
from engines import orchestration, projects
from engines.core.access import Capability
from engines.core.errors import NotFound
from engines.core.scheduling import JobState
from engines.orchestration import JobEntry, JobFilter

actor = page_actor(Capability.JOB_READ)
svc = services()


def names(identifiers: set[str]) -> dict[str, str]:
    """The names of these experiments, as far as they exist."""
    found = {}
    for identifier in identifiers:
        try:
            found[identifier] = projects.get(svc.db, actor, identifier).name
        except NotFound:
            continue
    return found


def filters() -> JobFilter:
    """What the list is narrowed to; kept in the address."""
    kinds = orchestration.job_kinds(svc.db, actor)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        state = one_of(st.pills, "State", "status", {s.value: s.capitalize() for s in JobState})
        words = {kind: KINDS.get(kind, kind.capitalize()) for kind in kinds}
        kind = one_of(st.pills, "Kind", "kind", words)
        mine = is_on("Mine only", "own")
    return JobFilter(state or "", kind or "", "", actor.id if mine else "")


@live(every="3s")
def listing(chosen: JobFilter) -> None:
    """The queue and its jobs, as they are now."""
    verdict(orchestration.queue_state(svc.db, actor))
    found = orchestration.jobs(svc.db, actor, chosen, page_number("list"))
    if found.total:
        st.caption("1 job" if found.total == 1 else f"{found.total:,} jobs")
        job_rows(found.entries, names({e.status.experiment_id for e in found.entries}))
    elif chosen == JobFilter():
        empty_state("No jobs yet", "Large uploads, explorations and trainings appear here.")
    else:
        empty_state("Nothing matches", "Change the filters.")
    page_buttons(found.total, orchestration.PAGE_SIZE, "list")


def show(entry: JobEntry) -> None:
    """One job: the way back, its experiment, cancel, progress and log."""
    status = entry.status
    with st.container(horizontal=True, vertical_alignment="center"):
        page_link("All jobs", "jobs", icon=":material/arrow_back:")
        experiment_link(status, names({status.experiment_id}))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(title(status), anchor=False)
        st.space("stretch")
        if entry.cancellable and st.button("Cancel job", icon=":material/cancel:"):
            confirm(
                "Cancel job",
                "The job and everything it started are ended. What is not finished is lost.",
                lambda reason: svc.scheduler.cancel(actor, status.key, reason),
                button="Cancel job",
            )
    live(every="2s" if status.is_live else None)(follow)(status.key, status.is_live)
    st.caption(f"Key {status.key} · correlation id {entry.correlation_id}")


def follow(key: str, was_live: bool) -> None:
    """Progress and the end of the log; the whole page again once the job has ended."""
    entry = orchestration.job(svc.db, actor, key)
    if was_live and not entry.status.is_live:
        st.rerun()
    job_state(entry)
    lines = orchestration.job_log(svc.db, actor, key)
    job_lines(lines, key, lambda: svc.scheduler.log(key))


if chosen_key := st.query_params.get("job"):
    with boundary():
        show(orchestration.job(svc.db, actor, chosen_key))
else:
    st.header("Jobs", anchor=False)
    listing(filters())
