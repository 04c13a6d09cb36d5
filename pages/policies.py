"""Policies page: what is asked of which model, by whom; edit, try out and publish it."""

import streamlit as st

from app import policies_edit, policies_view, policy_coverage, policy_guidance
from app.services import services
from app.ui import boundary, empty_state, page_actor
from engines.core.access import Capability
from engines.governance import policies

actor = page_actor(Capability.POLICY_READ)
svc = services()

st.header("Policies", anchor=False)
listed = {each.name: each for each in policies.names(svc.db, actor)}
if not listed:
    empty_state(
        "No policies yet",
        "A policy says which approvals, documents and checks a model needs. Those that come with "
        "MLAAS are taken at its start, from the folder named by governance.policies.",
    )
    st.stop()

in_force = svc.settings.governance.policy
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    name = policies_view.choose_policy(listed, in_force)
    rows = policies.history(svc.db, actor, name)
    number = policies_view.choose_version(name, [row.version for row in rows])

with boundary():
    shown = policies.version(svc.db, name, number)
    policy = shown.policy
    followed = listed[in_force].policy.title if in_force in listed else in_force
    policies_view.verdict(shown, policy, rows[0].version, in_force, followed)
    titles = ["Tiers", "Stages", "Guidance", "Versions", "Text"]
    if actor.may(Capability.APPROVAL_READ):
        titles.insert(3, "Coverage")
    if actor.may(Capability.POLICY_MANAGE):
        titles.append("Edit")
    tabs = dict(zip(titles, st.tabs(titles, key="view", bind="query-params"), strict=True))
    with tabs["Tiers"]:
        policies_view.tiers(policy)
    with tabs["Stages"]:
        policies_view.stages(policy)
    with tabs["Guidance"]:
        policy_guidance.guidance(policy)
    if "Coverage" in tabs and tabs["Coverage"].open:
        with tabs["Coverage"]:
            policy_coverage.coverage(actor, shown)
    with tabs["Versions"]:
        policies_view.versions(actor, rows)
    with tabs["Text"]:
        st.code(shown.text, language="yaml", line_numbers=True)
    if "Edit" in tabs:
        with tabs["Edit"]:
            policies_edit.editor(actor, rows[0])
