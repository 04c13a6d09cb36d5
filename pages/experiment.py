"""Experiment page: what is asked, what the columns mean, and the archive."""

import pandas as pd
import streamlit as st

from app.experiments_view import ask_all, dictionary_editor
from app.services import services
from app.ui import (
    boundary,
    confirm,
    download_table,
    empty_state,
    header,
    page_actor,
    page_experiment,
)
from engines import projects
from engines.core.access import Capability

actor = page_actor(Capability.EXPERIMENT_READ)
experiment = page_experiment(actor, "Experiment")
db = services().db
owned = experiment.owner_id == actor.id and actor.may(Capability.EXPERIMENT_WRITE)
editable = owned and not experiment.is_archived


def archive(reason: str) -> None:
    """Put this experiment into the archive."""
    projects.archive(db, actor, experiment.id, reason)


header("Experiment", experiment, "experiment")
if not owned:
    st.caption(f"Owned by {experiment.owner_name}; you can read it.")

objective, dictionary = st.tabs(["Objective", "Data dictionary"])

with objective, st.form("objective"):
    name = st.text_input("Name", experiment.name, max_chars=120, key=f"name:{experiment.id}")
    description = st.text_area(
        "Description", experiment.description, max_chars=5_000, key=f"about:{experiment.id}"
    )
    answers = ask_all(experiment.objective, experiment.id)
    if st.form_submit_button("Save", type="primary", disabled=not editable):
        with boundary():
            projects.update(db, actor, experiment.id, name, description, answers)
            st.toast("Saved", icon=":material/check:")

with dictionary:
    entries = projects.dictionary(db, actor, experiment.id)
    if entries:
        changes = dictionary_editor(entries, editable)
        with st.container(horizontal=True):
            save = st.button("Save dictionary", type="primary", disabled=not changes)
            table = pd.DataFrame([e.model_dump(exclude={"id", "experiment_id"}) for e in entries])
            download_table("Dictionary as CSV", table, "data-dictionary.csv")
        if save:
            with boundary():
                projects.edit_dictionary(db, actor, experiment.id, changes)
                st.toast("Dictionary saved", icon=":material/check:")
    else:
        empty_state(
            "No dictionary yet",
            "It is filled with the data's columns once the experiment has data.",
            action="Set the data",
            page="data",
            experiment=experiment.id,
        )

st.divider()
if owned and experiment.is_archived:
    if st.button("Restore from the archive", icon=":material/unarchive:"):
        with boundary():
            projects.restore(db, actor, experiment.id)
            st.rerun()
elif owned and st.button("Archive", icon=":material/archive:"):
    confirm(
        "Archive this experiment?",
        "It disappears from the list and cannot be changed until it is restored.",
        archive,
        "Archive",
    )
