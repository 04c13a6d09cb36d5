"""The comparison of runs on the Results page."""

import streamlit as st

from app.charts import chart
from app.results_view import Opened, names_of, table_of, title
from app.services import services
from app.ui import download_table, empty_state
from engines import results
from engines.results import TaskFiles
from engines.training import TrainingRun

MOST = 8


def compare(opened: Opened) -> None:
    """Choose runs of the same task, see them side by side; both kept in the address."""
    able = {run.id: run for run in opened.runs if opened.files.task in run.request["tasks"]}
    if len(able) < 2:
        empty_state(
            "One run so far",
            "A comparison needs a second run of this task.",
            action="Train again",
            page="training",
            experiment=opened.run.experiment_id,
        )
        return
    ids = st.multiselect(
        "Runs", list(able), default=_asked(opened, list(able)), max_selections=MOST,
        format_func=lambda one: title(able[one]), key=f"compare:{opened.run.id}",
    )  # fmt: skip
    st.query_params["compare"] = ",".join(ids)
    only = st.toggle("Only differences", key="differences", bind="query-params")
    if len(ids) < 2:
        st.info("Choose one more run.")
        return
    _side_by_side(_files(opened, [able[one] for one in ids]), only)


def _asked(opened: Opened, able: list[str]) -> list[str]:
    """The runs named in the address, or this one and its neighbour."""
    given = [one for one in st.query_params.get("compare", "").split(",") if one in able][:MOST]
    others = [one for one in able if one != opened.run.id]
    return given or [opened.run.id, others[0]]


def _files(opened: Opened, runs: list[TrainingRun]) -> dict[str, TaskFiles]:
    """The same task of each run, by a label that tells them apart; runs without it are left out."""
    svc, task = services(), opened.files.task
    found = {}
    for run in runs:
        if task in results.finished_tasks(svc.runs, opened.actor, run.id):
            names = names_of(table_of(opened.actor, run))
            label = f"{run.created_at:%m-%d %H:%M} {run.id[:6]}"
            found[label] = results.open_task(svc.runs, opened.actor, run.id, task, names)
    return found


def _side_by_side(runs: dict[str, TaskFiles], only_differences: bool) -> None:
    table = results.compare(runs, only_differences)
    chart(results.comparison_figure(runs), "comparison")
    if table.empty:
        st.success("These runs do not differ.")
        return
    st.dataframe(table.reset_index(names="Fact"), hide_index=True)
    public = {label: results.read_task(files.folder) for label, files in runs.items()}
    leaving = results.compare(public, only_differences).reset_index()
    download_table("Comparison as CSV", leaving, "comparison.csv")
