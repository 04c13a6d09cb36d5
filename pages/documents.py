"""Documents page: a model's documents, what is missing in them, their text, editor and history."""

import streamlit as st

from app import documents_view as view
from app import results_view
from app.ui import boundary, header, page_actor, page_experiment
from engines.core.access import Capability

NOTHING = ("No model to write about", "A model's documents are drafted from its training run.")

actor = page_actor(Capability.RESULTS_READ)
experiment = page_experiment(actor, "Documents")
header("Documents", experiment, "documents")

ended = results_view.ended_runs(actor, experiment.id, NOTHING)

with boundary():
    opened = results_view.choose(actor, ended)
    if opened is None:
        st.stop()
    document = view.choose(opened, experiment.name)
    view.verdict(document)
    view.actions(document)
    view.section(document)
