"""Approvals page: what waits for whom, one submission with its evidence, a model to submit."""

import streamlit as st

from app import approvals_view as view
from app.approval_acts import delegations
from app.approval_submit import prepare
from app.approval_tabs import show
from app.services import services
from app.ui import boundary, header, page_actor
from engines import projects
from engines.core.access import Capability
from engines.core.model_ref import ModelRef

actor = page_actor(Capability.APPROVAL_READ)
asked = st.query_params

with boundary():
    if "submission" in asked:
        show(actor, asked["submission"])
    elif "model" in asked:
        prepare(actor, ModelRef.parse(asked["model"]))
    elif "experiment" in asked:
        experiment = projects.get(services().db, actor, asked["experiment"])
        header("Approvals", experiment, "approvals")
        view.models(actor, experiment.id)
        view.everything(actor, experiment.id)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header("Approvals", anchor=False)
            st.space("stretch")
            if actor.may(Capability.DELEGATE_OWN):
                with st.popover("My delegations", icon=":material/supervisor_account:"):
                    delegations(actor)
        view.waiting(actor)
        st.subheader("All submissions", anchor=False)
        view.everything(actor)
