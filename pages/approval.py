"""Approval page: one submission with its evidence, or a model that is to be submitted."""

import streamlit as st

from app.approval_submit import prepare
from app.approval_tabs import show
from app.ui import boundary, empty_state, page_actor
from engines.core.access import Capability
from engines.core.model_ref import ModelRef

actor = page_actor(Capability.APPROVAL_READ)
asked = st.query_params

with boundary():
    if "submission" in asked:
        show(actor, asked["submission"])
    elif "model" in asked:
        prepare(actor, ModelRef.parse(asked["model"]))
    else:
        empty_state(
            "No submission chosen",
            "This page shows one submission, or a model that is to be submitted.",
            action="All submissions",
            page="approvals",
        )
