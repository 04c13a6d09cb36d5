"""Documents page: a model's documents, what is missing in them, their text, editor and history."""

import streamlit as st

from app import documents_view as view
from app import results_view
from app.services import services
from app.ui import boundary, empty_state, header, page_actor, page_experiment
from engines import training
from engines.core.access import Capability

actor = page_actor(Capability.RESULTS_READ)
experiment = page_experiment(actor)
header("Documents", experiment, "documents")
svc = services()

runs = training.runs(svc.db, actor, experiment.id, svc.experiments)
ended = [run for run in runs if run.state == "succeeded"]
if not ended:
    empty_state(
        "No model to write about",
        "A model's documents are drafted from its training run.",
        action="Train models",
        page="training",
        experiment=experiment.id,
    )
    st.stop()

with boundary():
    opened = results_view.choose(actor, ended)
    if opened is None:
        st.stop()
    document = view.choose(opened, experiment.name)
    view.verdict(document)
    view.actions(document)
    view.section(document)
