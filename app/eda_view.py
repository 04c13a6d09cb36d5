"""Opening an exploration: what stands in its place, its job, its choices, its verdict."""

from dataclasses import dataclass

import streamlit as st

from app import eda_frames as frames
from app.eda_parts import listing
from app.markdown import plain
from app.services import services
from app.ui import boundary, confirm, empty_state, live, next_step
from engines import eda
from engines.core.access import Actor, Capability
from engines.core.tables import Table
from engines.eda import Options, Report, ReportKind, SampleMethod, SamplePlan, Standing, Study
from engines.projects import Experiment

LARGEST_SEED = 2**32 - 1
ICONS = {"Good": ":material/verified:", "Fair": ":material/rule:", "Poor": ":material/warning:"}


@dataclass(frozen=True)
class Opened:
    """An exploration on the page: who looks at which report of which table."""

    study: Study
    actor: Actor
    experiment: Experiment
    table: Table | None
    standing: Standing
    report: Report

    @property
    def may_run(self) -> bool:
        """True when the person may ask for another exploration."""
        return eda.may_explore(self.study, self.actor, self.experiment.id)

    def public(self, name: str) -> str:
        """The name a column leaves the platform under; aliases when the table is not at hand."""
        if self.table:
            return self.table.public_names.get(name, name)
        return f"C{[column.name for column in self.report.columns].index(name) + 1}"


def open_report(actor: Actor, experiment: Experiment) -> Opened | None:
    """The report to show, or None after saying what stands in its place."""
    study = services().study
    table = None
    if actor.may(Capability.DATA_READ):
        table = study.tables.current(actor, experiment.id)
        if table is None:
            _no_data(experiment)
            return None
    found = standings(study, actor, experiment, table, ReportKind.EXPLORE)
    chosen = _chosen(found)
    if chosen is None:
        _at_once(study, actor, experiment, table)
        _not_yet(study, actor, experiment, table)
        return None
    if not chosen.ready:
        _under_way(study, actor, experiment, chosen)
        return None
    report = eda.report(study, actor, chosen.row.id)
    return Opened(study, actor, experiment, table, chosen, report)


def standings(
    study: Study, actor: Actor, experiment: Experiment, table: Table | None, kind: ReportKind
) -> list[Standing]:
    """Reports on the table as it stands now; all of them for who may not see tables."""
    if table is None:
        return eda.standings(study, actor, experiment.id, kind)
    found = eda.standings(study, actor, experiment.id, kind, table.dataset_id)
    return [standing for standing in found if eda.is_current(standing, table)]


def _no_data(experiment: Experiment) -> None:
    empty_state(
        "No data yet",
        "An exploration needs a table: upload a file or take a sample.",
        action="Set the data",
        page="data",
        experiment=experiment.id,
    )


def _chosen(found: list[Standing]) -> Standing | None:
    """The report named in the address, else the newest."""
    wanted = st.query_params.get("report")
    return next((s for s in found if s.row.id == wanted), found[0] if found else None)


def _at_once(study: Study, actor: Actor, experiment: Experiment, table: Table | None) -> None:
    """Explore a small table on the first visit of somebody who may, then start the page anew."""
    if table is None or table.cells > study.inline_cells:
        return
    if not eda.may_explore(study, actor, experiment.id):
        return
    with st.empty().container():
        st.skeleton(80)
        st.skeleton(320)
    request(study, actor, experiment, Options())


def _not_yet(study: Study, actor: Actor, experiment: Experiment, table: Table | None) -> None:
    if table is None or not eda.may_explore(study, actor, experiment.id):
        owner = plain(experiment.owner_name)
        empty_state("Not explored yet", f"{owner} can start the exploration of this data.")
        return
    size = f"{table.rows:,} rows and {len(table.columns):,} columns"
    empty_state("Not explored yet", f"The table has {size}, so it is explored by a job.")
    if st.button("Explore", type="primary", icon=":material/play_arrow:"):
        request(study, actor, experiment, Options())


def request(study: Study, actor: Actor, experiment: Experiment, options: Options) -> None:
    """Ask for a report and open it."""
    asked = eda.request_report(study, actor, experiment.id, experiment.name, options)
    st.query_params["report"] = asked.row.id
    st.rerun()


def _under_way(study: Study, actor: Actor, experiment: Experiment, chosen: Standing) -> None:
    if chosen.is_running:
        follow(study, actor, chosen)
        stopping(study, actor, chosen)
        return
    st.error(f"**{plain(chosen.failure or 'The report is not there.')}**", icon=":material/error:")
    if eda.may_explore(study, actor, experiment.id) and st.button("Explore again", type="primary"):
        request(study, actor, experiment, chosen.options)


@live(every="2s")
def follow(study: Study, actor: Actor, asked: Standing) -> None:
    """The job's progress and last lines; redraws until it has ended."""
    found = eda.standings(study, actor, asked.row.experiment_id, ReportKind(asked.row.kind))
    now = next(standing for standing in found if standing.row.id == asked.row.id)
    if not now.is_running or now.job is None:
        st.rerun()
    job = now.job
    st.progress(min(1.0, max(0.0, job.fraction)), text=plain(job.step) or "Waiting for a worker")
    lines = study.scheduler.log(job.key)[-8:]
    if lines:
        st.code("\n".join(lines), language=None)
    st.skeleton(240)


def stopping(study: Study, actor: Actor, asked: Standing) -> None:
    """The way to stop the job; outside the live part, whose redraw would close the dialog."""
    key = asked.row.job_key
    if actor.may(Capability.JOB_CANCEL) and st.button("Cancel", key=f"cancel:{key}"):
        confirm(
            "Stop this job?",
            "Nothing of it is kept; it can be started again.",
            lambda reason: study.scheduler.cancel(actor, key, reason),
            "Stop it",
        )


def verdict(opened: Opened) -> None:
    """The score, the first reasons, and what to do next."""
    report, quality = opened.report, opened.report.quality
    score, words = st.columns([1, 4], vertical_alignment="center")
    score.metric("Quality, of 100", f"{quality.score:g}", border=True)
    with words:
        icon = ICONS[quality.verdict.split(":")[0]]
        st.subheader(f"{icon} {quality.verdict}", anchor=False)
        st.caption(_about(report))
        choices(opened)
    if quality.reasons:
        st.markdown("**Why, and what to do**")
        listing(opened.public, lambda say: frames.reasons(report, say), "reasons", wraps=True)
    else:
        st.markdown("No point was lost.")


def _about(report: Report) -> str:
    target = f" Target: {plain(report.target)}." if report.target else " No target chosen."
    return (
        f"{report.rows:,} rows, {len(report.columns):,} columns. {report.sampling.verdict}{target}"
    )


def choices(opened: Opened) -> None:
    """The way on, other reports of this table, and the form that asks for one more."""
    with st.container(horizontal=True, vertical_alignment="center"):
        next_step("Continue to training", "training", opened.experiment.id)
        _earlier(opened)
        if opened.table and opened.may_run:
            with st.popover("Target and sample", icon=":material/tune:"):
                _form(opened, opened.table)


def _earlier(opened: Opened) -> None:
    found = standings(
        opened.study, opened.actor, opened.experiment, opened.table, ReportKind.EXPLORE
    )
    if len(found) < 2:
        return
    names = {standing.row.id: _title(standing) for standing in found}
    now = opened.standing.row.id
    picked = st.selectbox(
        "Report",
        list(names),
        list(names).index(now),
        names.__getitem__,
        key=f"shown:{now}",
        label_visibility="collapsed",
        width=320,
    )
    if picked != now:
        st.query_params["report"] = picked
        st.rerun()


def _title(standing: Standing) -> str:
    options = standing.options
    plan = options.sample
    rows = plan.method.value
    if plan.method is not SampleMethod.ALL:
        rows = f"{plan.size:,} rows, {rows}, seed {plan.seed}"
    target = f"target {options.target}, " if options.target else ""
    return f"{target}{rows} ({standing.row.requested_at:%Y-%m-%d %H:%M})"


def _form(opened: Opened, table: Table) -> None:
    names = [column.name for column in table.columns]
    plan, target = opened.standing.options.sample, opened.report.target
    with st.form("options", border=False):
        at = names.index(target) + 1 if target in names else 0
        goal = st.selectbox("Target (none is fine)", ["", *names], at, key="options-target")
        methods = list(SampleMethod)
        method = st.selectbox("Rows", methods, methods.index(plan.method), key="options-method")
        size = st.number_input(
            "Sample size", 1, table.rows, min(plan.size, table.rows), key="options-size"
        )
        by = st.selectbox("Stratify by (stratified only)", ["", *names], key="options-by")
        seed = st.number_input("Seed", 0, LARGEST_SEED, plan.seed, key="options-seed")
        if st.form_submit_button("Explore", type="primary"):
            sample = SamplePlan(SampleMethod(method), int(size), int(seed), by or "")
            with boundary():
                request(opened.study, opened.actor, opened.experiment, Options(goal or "", sample))
