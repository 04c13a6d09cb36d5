"""Approvals page: what waits for whom first, then every submission."""

import streamlit as st

from app import approvals_view as view
from app.approval_acts import delegations
from app.services import services
from app.ui import boundary, go, header, page_actor
from engines import projects
from engines.core.access import Capability

actor = page_actor(Capability.APPROVAL_READ)
asked = st.query_params

if "submission" in asked:  # as notices name it
    go("approval", submission=asked["submission"])

with boundary():
    if "experiment" in asked:
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
