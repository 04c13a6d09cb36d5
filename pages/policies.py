"""Policies page: what is asked of which model, by whom; edit, try out and publish it."""

import streamlit as st

from app import policies_edit, policies_view
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
names = sorted(listed, key=lambda name: (name != in_force, name))
wanted = st.query_params.get("policy", names[0])
if wanted not in listed:
    st.error(f"**There is no policy “{wanted}”.** Choose one from the list.")
    wanted = names[0]
    st.query_params.pop("policy", None)

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    name = st.selectbox(
        "Policy",
        names,
        names.index(wanted),
        format_func=lambda key: listed[key].policy.title + (" · in force" * (key == in_force)),
        key="policy",
        bind="query-params",
        width=340,
    )
    rows = policies.history(svc.db, actor, name)
    numbers = [row.version for row in rows]
    number = st.selectbox(
        "Version", numbers, key=f"version:{name}", width=120, help="The newest is on top."
    )

with boundary():
    shown = policies.version(svc.db, name, number)
    policy = shown.policy
    policies_view.verdict(shown, policy, numbers[0], in_force)
    titles = ["Tiers", "Stages", "Guidance", "Versions", "Text"]
    if actor.may(Capability.POLICY_MANAGE):
        titles.append("Edit")
    tabs = dict(zip(titles, st.tabs(titles, key="view", bind="query-params"), strict=True))
    with tabs["Tiers"]:
        policies_view.tiers(policy)
    with tabs["Stages"]:
        policies_view.stages(policy)
    with tabs["Guidance"]:
        policies_view.guidance(policy)
    with tabs["Versions"]:
        policies_view.versions(actor, rows)
    with tabs["Text"]:
        st.code(shown.text, language="yaml", line_numbers=True)
    if "Edit" in tabs:
        with tabs["Edit"]:
            policies_edit.editor(actor, rows[0])
