"""Findings page: what is wrong with models, whose it is, until when; one finding with its steps."""

import streamlit as st

from app.filters import is_on, some_of, typed
from app.findings_view import (
    MOVES,
    SEVERITY_NAMES,
    STATE_NAMES,
    WHO_CLOSES,
    finding_facts,
    finding_form,
    finding_history,
    finding_rows,
    state_name,
    title_of,
    titles,
)
from app.markdown import plain
from app.model_choice import choose_model, labels
from app.paging import page_buttons, page_number
from app.services import services
from app.table_download import csv_button
from app.ui import boundary, confirm, empty_state, go, page_actor, page_link
from engines.core.access import Capability
from engines.core.model_ref import ModelRef
from engines.governance import register
from engines.governance.register import Finding, FindingFilter, FindingState

actor = page_actor(Capability.INVENTORY_READ)
svc = services()
may_write = actor.may(Capability.FINDING_WRITE)


@st.dialog("New finding", width="large")
def create(model: str, submission: str) -> None:
    """About which model, what is wrong, whose it is."""
    with st.form("create", border=False):
        chosen = choose_model(labels(svc.models.all(actor)), model, "Choose a model")
        said = finding_form(register.possible_owners(svc.db, actor), None, "new")
        pressed = st.form_submit_button("Open finding", type="primary")
    if pressed:
        with boundary():
            named = ModelRef.parse(chosen or "")
            kept = submission if chosen == model else ""
            made = register.open_finding(svc.db, actor, svc.models, named, *said, kept or None)
            go("findings", finding=made.id)


@st.dialog("Change finding", width="large")
def change(row: Finding) -> None:
    """Its fields, and why they change."""
    with st.form("change", border=False):
        said = finding_form(register.possible_owners(svc.db, actor), row, "change")
        reason = st.text_input("Reason", max_chars=300, placeholder="Kept in the audit trail")
        pressed = st.form_submit_button("Save", type="primary")
    if pressed:
        with boundary():
            register.edit_finding(svc.db, actor, row.id, *said, reason, row.version)
            st.rerun()


def show(row: Finding) -> None:
    """One finding, what may be done with it, and its history."""
    page_link("All findings", "findings", icon=":material/arrow_back:")
    st.header(row.title, anchor=False)
    finding_facts(row, title_of(actor, row))
    with st.container(horizontal=True):
        moves = register.possible_moves(svc.db, actor, row.id)
        for state in moves:
            if st.button(MOVES[state], key=f"move:{state}"):
                confirm(
                    MOVES[state],
                    f"The finding becomes {state_name(state).lower()}.",
                    lambda note, to=state: register.move_finding(
                        svc.db, actor, row.id, to, note, row.version
                    ),
                    button=MOVES[state],
                )
        if may_write and row.state != FindingState.CLOSED and st.button("Change"):
            change(row)
    if row.state == FindingState.RESOLVED and FindingState.CLOSED not in moves:
        st.caption(WHO_CLOSES)
    finding_history(register.finding_steps(svc.db, actor, row.id))


def filters() -> FindingFilter:
    """What the list is narrowed to; kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        text = typed("Search", "words", width=260, placeholder="Title, text, model, owner")
        states = some_of(st.pills, "State", "standing", STATE_NAMES, selection_mode="multi")
        weights = some_of(st.pills, "Severity", "severity", SEVERITY_NAMES, selection_mode="multi")
        mine = is_on("Mine only", "own")
        overdue = is_on("Overdue", "overdue")
    return FindingFilter(
        text=text,
        states=tuple(states),
        severities=tuple(weights),
        owner_id=actor.id if mine else "",
        model=st.query_params.get("model", ""),
        overdue=overdue,
        page=page_number("found"),
    )


def about(model: str) -> None:
    """Of which model the findings are, and the way to all."""
    named = labels(svc.models.all(actor)).get(model, model)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"About **{plain(named)}** only", width="content")
        page_link("Findings about any model", "findings", icon=":material/arrow_back:")


def listing() -> None:
    """All findings that match, and a new one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Findings", anchor=False)
        st.space("stretch")
        if may_write and st.button("New finding", type="primary", icon=":material/add:"):
            create(st.query_params.get("model", ""), st.query_params.get("submission", ""))
    wanted = filters()
    if wanted.model:
        about(wanted.model)
    named = titles(actor)
    found = register.findings(svc.db, actor, wanted, named)
    if found.total:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("1 finding" if found.total == 1 else f"{found.total:,} findings")
            st.space("stretch")
            csv_button("CSV", lambda: register.finding_rows(svc.db, actor, wanted, named),
                       "findings.csv")  # fmt: skip
        finding_rows(found.rows)
        page_buttons(found.total, wanted.size, "found")
    elif wanted == FindingFilter():
        empty_state("No findings yet", "What reviewers find wrong with a model is kept here.")
    elif wanted == FindingFilter(model=wanted.model):
        empty_state("No findings about this model", "Nobody has found anything wrong with it yet.")
    else:
        empty_state("Nothing matches", "Change the search or the filters.")


with boundary():
    if chosen := st.query_params.get("finding"):
        show(register.finding(svc.db, actor, chosen))
    else:
        listing()
