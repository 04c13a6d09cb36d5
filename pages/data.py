"""Data page: take a file or a sample, correct how it is read, look at it, clean it."""

import streamlit as st

from app import data_take, data_view
from app.markdown import plain
from app.services import services
from app.sizes import file_size
from app.ui import boundary, header, page_actor, page_experiment
from engines import data_sources
from engines.core.access import Capability
from engines.data_sources import Upload

actor = page_actor(Capability.DATA_READ)
experiment = page_experiment(actor, "Data")
datasets = services().datasets
may_write = actor.may(Capability.DATA_WRITE)
editable = may_write and experiment.owner_id == actor.id and not experiment.is_archived

header("Data", experiment, "data")


def correct(upload: Upload) -> None:
    """How the uploaded file is read: detected, corrected, previewed, then taken."""
    st.subheader("How to read the file", anchor=False)
    st.text(f"{upload.name} · {file_size(upload.size)}")
    with boundary():
        found = data_take.look(actor, actor.id, upload.id, "")
        form = data_take.read_choices(found, upload)
        if form != found.options:
            found = data_take.look(actor, actor.id, upload.id, form.model_dump_json())
        skip = data_take.bad_lines_choice(found, upload.id)
        for note in found.notes:
            st.caption(f":material/info: {plain(note)}")
        columns = data_take.column_choices(found, upload.id)
        options = found.options.model_copy(update={"columns": columns, "skip_bad_rows": skip})
        data_take.preview(actor, upload, options)
        if st.button("Use this data", type="primary", icon=":material/check:"):
            take(upload, options)
    if st.button("Discard this file", icon=":material/delete:"):
        data_sources.discard_upload(datasets, actor, upload.id)
        st.rerun()


def take(upload: Upload, options: data_sources.ReadOptions) -> None:
    """Make the upload the experiment's data: at once when small, else as a job."""
    if data_sources.is_big(upload.size):
        data_sources.queue_ingest(datasets, services().scheduler, actor, upload.id, options)
    else:
        with st.spinner("Reading the file…"):
            data_sources.ingest(datasets, actor, upload.id, options)
    st.rerun()


def first_data() -> None:
    """Nothing yet: a file of one's own, or a sample."""
    if not editable:
        st.info("This experiment has no data yet; its owner can add some.", icon=":material/info:")
        return
    st.markdown("Start with a file of your own, or look around with a sample.")
    data_take.take_file(actor, experiment.id)
    st.markdown("**Or take a sample**")
    data_take.take_sample(actor, experiment.id)


def present(dataset: data_sources.Dataset) -> None:
    """The data in use."""
    table = datasets.table(actor, dataset.id)
    data_view.summary(dataset, table)
    data_view.anonymise(actor, table, editable)
    rows, columns, cleaning, versions = st.tabs(["Rows", "Columns", "Cleaning", "History"])
    with rows, boundary():
        data_view.rows_tab(actor, table)
    with columns, boundary():
        data_view.columns_tab(actor, dataset, table, editable)
    with cleaning:
        data_view.cleaning_tab(actor, dataset, editable)
    with versions:
        data_view.history_tab(actor, experiment.id, editable)
    if editable:
        with st.expander("Replace the data"):
            data_take.take_file(actor, experiment.id)
            data_take.take_sample(actor, experiment.id)


with boundary():
    current = data_sources.current(datasets, actor, experiment.id)
    pending = data_sources.pending_upload(datasets, actor, experiment.id) if editable else None
    job = data_view.newest_job(actor, experiment.id)
    if job and job.is_live:
        data_view.follow(actor, experiment.id)
    elif pending:
        data_view.failed_job(job, pending.created_at)
        correct(pending)
    elif current:
        data_view.failed_job(job, current.created_at)
        present(current)
    else:
        first_data()
