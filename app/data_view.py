"""Parts of the Data page once there is data: rows, columns, cleaning, history, the running job."""

from datetime import datetime

import pandas as pd
import streamlit as st

from app.data_take import TYPES, corrected
from app.eda_parts import share
from app.moments import days
from app.paging import page_buttons, page_number
from app.services import services
from app.sizes import file_size
from app.ui import boundary, empty_state, live, next_step, page_link
from engines import data_sources, orchestration
from engines.core.access import Actor
from engines.core.csv_export import to_safe_csv
from engines.core.scheduling import JobState, JobStatus
from engines.core.tables import Table
from engines.data_sources import ColumnChoice, Dataset, Match, ReadOptions, RowFilter, Step
from engines.orchestration import JobFilter

ROWS = 50


def newest_job(actor: Actor, experiment_id: str) -> JobStatus | None:
    """The latest job that reads a file for this experiment."""
    wanted = JobFilter(kind="ingest", experiment_id=experiment_id)
    entries = orchestration.jobs(services().db, actor, wanted, size=1).entries
    return entries[0].status if entries else None


@live(every="2s")
def follow(actor: Actor, experiment_id: str) -> None:
    """The running job's progress; the page is drawn anew when it ends."""
    status = newest_job(actor, experiment_id)
    if status is None or not status.is_live:
        st.rerun(scope="app")
        return
    st.progress(status.fraction, text=status.step or "Waiting for a free worker")
    page_link("Follow or cancel it under Jobs", "jobs", icon=":material/pending_actions:")


def failed_job(status: JobStatus | None, since: datetime | None = None) -> None:
    """What the last job ended with, when it failed after `since`."""
    if status is None or (since and status.created_at < since):
        return
    if status.state in (JobState.FAILED, JobState.CANCELLED):
        words = status.error or "Reading the file was cancelled."
        st.error(words, icon=":material/error:")


def summary(dataset: Dataset, table: Table) -> None:
    """Name, size, fingerprint, and what happened while reading."""
    missing = sum(column.missing for column in table.columns) / max(1, table.cells)
    for place, (label, value) in zip(
        st.columns(4),
        {
            "Rows": f"{table.rows:,}",
            "Columns": f"{len(table.columns):,}",
            "Missing cells": share(missing),
            "File": file_size(dataset.bytes),
        }.items(),
        strict=True,
    ):
        place.metric(label, value, border=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(dataset.name)
        st.caption(
            f"Content hash {table.sha256[:12]}", help=f"SHA-256 {table.sha256}", width="content"
        )
        st.space("stretch")
        next_step("Explore the data", "eda", dataset.experiment_id)
    if dataset.notes:
        with st.expander(f"Notes from reading the file ({len(dataset.notes)})"):
            for note in dataset.notes:
                st.text(note)


def rows_tab(actor: Actor, table: Table) -> None:
    """Pages of rows with sort, filter and download."""
    names = [column.name for column in table.columns]
    chosen, sort, descending = _row_choices(names)
    number = page_number("rows")
    page = data_sources.page_rows(
        services().datasets, actor, table.dataset_id,
        (number - 1) * ROWS, ROWS, sort, descending, chosen,
    )  # fmt: skip
    if not page.total:
        empty_state("No row matches", "Change the filter.")
        return
    st.dataframe(
        page.frame, hide_index=True, alt=f"Rows of the data set, page {number}",
        column_config=days(page.frame),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        page_buttons(page.total, ROWS, "rows")
        st.caption(f"{page.total:,} rows match" if chosen else f"{page.total:,} rows")
        _download(actor, table, chosen)


def _row_choices(names: list[str]) -> tuple[RowFilter | None, str, bool]:
    column, match, value, sort, order = st.columns((3, 2, 3, 3, 2), vertical_alignment="bottom")
    where = column.selectbox("Filter by", names, index=None, key="filter_column")
    how = match.selectbox("How", list(Match), key="filter_match", disabled=not where)
    what = value.text_input("Value", key="filter_value", disabled=not where)
    by = sort.selectbox("Sort by", names, index=None, key="sort")
    descending = order.toggle("Descending", key="descending", disabled=not by)
    asked = RowFilter(where or "", how or Match.CONTAINS, what)
    usable = where and (what or how is Match.MISSING)
    return asked if usable else None, by or "", descending


def _download(actor: Actor, table: Table, chosen: RowFilter | None) -> None:
    st.download_button(
        "CSV of these rows",
        lambda: to_safe_csv(
            data_sources.export_rows(services().datasets, actor, table.dataset_id, chosen).frame
        ),
        file_name="data.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="Up to 5 million cells; formula cells are escaped, anonymised names stay hidden.",
    )


def columns_tab(actor: Actor, dataset: Dataset, table: Table, editable: bool) -> None:
    """The columns, what they hold, and the correction of one of them."""
    st.dataframe(column_table(table), hide_index=True, alt="Columns of the data set")
    if not editable:
        return
    options = data_sources.read_options(dataset)
    with st.container(border=True):
        st.markdown("**Correct a column**")
        name = st.selectbox("Column", [c.name for c in options.columns], key="correct")
        choice = _corrected(options.column(name), table)
        if st.button("Read again with this correction", disabled=choice == options.column(name)):
            change = f"Read “{name}” as {choice.type}"
            apply(actor, dataset, options.with_column(choice), change)


def column_table(table: Table) -> pd.DataFrame:
    """One row per column, the alias beside the real name."""
    rows = max(1, table.rows)
    return pd.DataFrame(
        {
            "Alias": column.alias,
            "Column": column.name,
            "Type": column.type.value,
            "Missing": column.missing,
            "Missing %": round(100 * column.missing / rows, 2),
            "Distinct": column.distinct,
        }
        for column in table.columns
    )


def _corrected(former: ColumnChoice, table: Table) -> ColumnChoice:
    kind, marks, pattern = st.columns(3)
    key = f"{table.dataset_id}:{former.name}"
    types = [str(kind) for kind in TYPES]
    chosen = kind.selectbox(
        "Type", types, index=types.index(former.type), format_func=str.capitalize, key=f"type:{key}"
    )
    missing = marks.multiselect(
        "Read as missing",
        sorted({*former.marks, "NA", "?", "-", "None"}),
        default=list(former.marks),
        accept_new_options=True,
        key=f"marks:{key}",
        help="Take “NA” out to keep it as a category; type a number such as -200 to add it.",
    )
    format_ = pattern.text_input(
        "Date format",
        former.pattern if chosen == "datetime" else "",
        disabled=chosen != "datetime",
        key=f"pattern:{key}:{chosen}",
        help="“iso” for 2026-01-31, or codes such as %d.%m.%Y",
    )
    return corrected(former, str(chosen), missing, format_)


def cleaning_tab(actor: Actor, dataset: Dataset, editable: bool) -> None:
    """The cleaning steps in force, and their change."""
    options = data_sources.read_options(dataset)
    st.caption("Steps act on the raw file each time it is read, so taking one back undoes it.")
    ticked = tuple(
        step
        for step in Step
        if st.checkbox(
            data_sources.STEPS[step],
            step in options.steps,
            key=f"step:{dataset.id}:{step}",
            disabled=not editable,
        )
    )
    if editable and st.button("Apply these steps", disabled=ticked == options.steps):
        change = "; ".join(data_sources.STEPS[step] for step in ticked) or "No cleaning steps"
        apply(actor, dataset, options.model_copy(update={"steps": ticked}), change)


def apply(actor: Actor, dataset: Dataset, options: ReadOptions, change: str) -> None:
    """Read the raw file again: at once when it is small, else as a job."""
    svc = services()
    with boundary():
        if data_sources.is_big(dataset.bytes):
            data_sources.queue_revise(
                svc.datasets, svc.scheduler, actor, dataset.id, options, change
            )
        else:
            with st.spinner("Reading the file again…"):
                data_sources.revise(svc.datasets, actor, dataset.id, options, change)
        st.rerun()


def history_tab(actor: Actor, experiment_id: str, editable: bool) -> None:
    """Every version, and the way back to each."""
    svc = services()
    for version in data_sources.history(svc.datasets, actor, experiment_id):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch"):
                st.text(f"{version.change}: {version.name}")
                st.caption(
                    f"{version.created_at:%Y-%m-%d %H:%M} UTC · {version.rows:,} rows · "
                    f"{len(version.columns):,} columns · {version.sha256[:12]}"
                )
            if not version.superseded:
                st.badge("In use", icon=":material/check_circle:", color="green")
            elif editable and st.button("Use this version", key=f"restore:{version.id}"):
                with boundary():
                    data_sources.restore(svc.datasets, actor, version.id)
                    st.rerun()


def anonymise(actor: Actor, table: Table, editable: bool) -> None:
    """The choice whether names leave as C1..CN."""
    chosen = st.toggle(
        "Anonymise column names outside this page",
        table.anonymised,
        disabled=not editable,
        key=f"anonymise:{table.dataset_id}:{table.anonymised}",
        help="MLflow and every download then show C1, C2, … instead of the names; "
        "this page keeps showing both.",
    )
    if chosen != table.anonymised:
        with boundary():
            data_sources.set_anonymised(services().datasets, actor, table.dataset_id, chosen)
            st.rerun()
