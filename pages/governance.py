"""Governance page: what waits and is late, how long answers take, and the regulatory report."""

import streamlit as st

from app.filters import one_of
from app.governance_view import PERIODS, figures, links, numbers, report_view, verdict
from app.model_choice import choose_model, labels
from app.services import services
from app.table_download import csv_button
from app.ui import boundary, page_actor
from engines.core.access import Capability
from engines.core.model_ref import ModelRef
from engines.governance import policies, register

actor = page_actor(Capability.APPROVAL_READ)
svc = services()


@st.fragment
def report() -> None:
    """One evidence set, read by the requirements of the policy chosen."""
    st.subheader("Regulatory report", anchor=False)
    every = policies.names(svc.db, actor)
    known = {each.name: each.policy.title for each in every if each.policy.requirements}
    with st.form("report", border=False):
        policy = st.selectbox("Policy", list(known), format_func=known.get)
        asked = st.query_params.get("model", "")
        model = choose_model(labels(svc.models.all(actor)), asked, "All that have an approval")
        pressed = st.form_submit_button("Show the report")
    if pressed and policy:
        with boundary():
            about = ModelRef.parse(model) if model else None
            found = register.regulatory_report(svc.db, actor, policy, about)
            report_view(found, lambda form: register.report_file(svc.db, actor, found, form))


with st.container(horizontal=True, vertical_alignment="center"):
    st.header("Dashboard", anchor=False)
    st.space("stretch")
    days = one_of(
        st.segmented_control, "Period", "days", PERIODS, 365, label_visibility="collapsed"
    )

with boundary():
    overview = register.overview(svc.db, actor, days or 365)
    verdict(overview)
    numbers(overview)
    links()
    figures(overview)
    csv_button("All figures as CSV", lambda: register.overview_rows(overview), "governance.csv")
    if actor.may(Capability.REPORT_EXPORT):
        st.divider()
        report()
