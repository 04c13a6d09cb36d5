"""The Report tab: the report as a file, its place at the tracker, its log, ydata-profiling."""

import streamlit as st

from app.eda_view import Opened, follow, standings, stopping
from app.markdown import plain
from engines import eda
from engines.core.access import Capability
from engines.eda import Options, ReportKind, Standing

PROFILE_HEIGHT = 900


def report_tab(opened: Opened) -> None:
    """Everything that leaves the page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        _files(opened)
        _tracker(opened)
    _profile(opened)
    with st.expander("Log of this exploration"):
        st.code("\n".join(opened.report.log), language=None)
    with st.expander("Show the code"):
        st.code(code(opened.standing.options), language="python")


def code(options: Options) -> str:
    """The call behind this report."""
    plan = options.sample
    sample = (
        f"SamplePlan(SampleMethod({plan.method.value!r}), {plan.size}, {plan.seed}, {plan.by!r})"
    )
    return (
        "from engines import eda\n"
        "from engines.eda import Options, SampleMethod, SamplePlan\n\n"
        f"options = Options(target={options.target!r}, sample={sample})\n"
        "report = eda.explore(table, options)\n"
    )


def _files(opened: Opened) -> None:
    if not opened.actor.may(Capability.DATA_READ):
        return
    base = f"/reports/{opened.standing.row.id}"
    st.link_button(
        "Download the whole report (HTML)", f"{base}/report.html", icon=":material/download:"
    )
    if opened.table and opened.table.anonymised:
        st.caption("Files leave under C1, C2, … instead of the real column names.")


def _tracker(opened: Opened) -> None:
    row = opened.standing.row
    if row.link:
        st.link_button("Open in MLflow", row.link, icon=":material/open_in_new:")
        return
    if not row.log_error:
        st.caption("The plots are on their way to MLflow; the job is on the Jobs page.")
        return
    st.warning(f"Not logged: {plain(row.log_error)}", icon=":material/cloud_off:")
    if opened.may_run and st.button("Log again", icon=":material/refresh:"):
        eda.log_again(opened.study, opened.actor, row.id)
        st.rerun()


def _profile(opened: Opened) -> None:
    st.subheader("ydata-profiling report", anchor=False)
    found = standings(
        opened.study, opened.actor, opened.experiment, opened.table, ReportKind.PROFILE
    )
    if found and found[0].ready:
        _embedded(found[0])
    elif found and found[0].is_running:
        follow(opened.study, opened.actor, found[0])
        stopping(opened.study, opened.actor, found[0])
    else:
        _offer(opened, found[0].failure if found else "")


def _embedded(standing: Standing) -> None:
    address = f"/reports/{standing.row.id}/profile"
    st.link_button("Open in a new tab", address, icon=":material/open_in_new:")
    st.iframe(address, height=PROFILE_HEIGHT, alt="ydata-profiling report")


def _offer(opened: Opened, failure: str) -> None:
    if failure:
        st.error(plain(failure), icon=":material/error:")
    if not opened.may_run:
        st.caption("There is none yet; the experiment's owner can make one.")
    elif st.button("Make the profile", icon=":material/analytics:"):
        eda.request_profile(
            opened.study, opened.actor, opened.experiment.id, opened.experiment.name
        )
        st.rerun()
