"""Experiments page: find one, open it, create one."""

import streamlit as st

from app.experiments_view import ask_all, experiment_rows
from app.filters import is_on, some_of, typed
from app.paging import page_buttons, page_number
from app.services import services
from app.ui import STATES, boundary, empty_state, go, page_actor
from engines import orchestration, projects
from engines.core.access import Capability
from engines.core.experiments import ExperimentState
from engines.governance.approvals import of_experiments
from engines.projects import ExperimentFilter

actor = page_actor(Capability.EXPERIMENT_READ)
svc = services()
may_write = actor.may(Capability.EXPERIMENT_WRITE)


@st.dialog("New experiment", width="large")
def create() -> None:
    """Collect name, description and questionnaire."""
    with st.form("create", border=False):
        name = st.text_input("Name", max_chars=120, placeholder="Customer churn, monthly")
        description = st.text_area("Description", max_chars=5_000, height=80)
        with st.expander("Objective (now or later; it guides the suggestions)"):
            answers = ask_all({})
        pressed = st.form_submit_button("Create experiment", type="primary")
    if pressed:
        with boundary():
            made = projects.create(svc.db, actor, name, description, answers)
            go("data", experiment=made.id)


with st.container(horizontal=True, vertical_alignment="center"):
    st.header("Experiments", anchor=False)
    st.space("stretch")
    if may_write and st.button("New experiment", type="primary", icon=":material/add:"):
        create()

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    text = typed("Search", "q", placeholder="Name or description", width=240)
    named = {state.value: STATES[state][0] for state in ExperimentState}
    states = some_of(st.pills, "State", "state", named, selection_mode="multi")
    mine = is_on("Mine only", "mine")
    archived = is_on("Archived", "archived")

wanted = ExperimentFilter(
    text=text,
    states=tuple(states),
    owner_id=actor.id if mine else "",
    archived=archived,
    page=page_number("page"),
)
found = projects.find(svc.db, actor, wanted)

if found.total:
    st.caption("1 experiment" if found.total == 1 else f"{found.total:,} experiments")
    busy = orchestration.busy_experiments(svc.db, actor, [each.id for each in found.rows])
    approved = of_experiments(svc.db, actor, [each.id for each in found.rows])
    experiment_rows(found.rows, busy, approved)
    page_buttons(found.total, wanted.size, "page")
elif text or states or mine or archived:
    empty_state("Nothing matches", "Change the search or the filters.")
else:
    empty_state(
        "No experiments yet",
        "An experiment holds one question, its data, its models and their history. "
        + ("Create the first one with the button above." if may_write else ""),
    )
