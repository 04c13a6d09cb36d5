"""Inventory page: every model with tier, owner, status, review and risk; one of them in full."""

from datetime import timedelta

import streamlit as st

from app.audit_view import day_start
from app.filters import is_on, on_day, one_of, some_of, typed
from app.inventory_view import (
    STATUS_NAMES,
    asked_as,
    counted,
    day_asked,
    dependencies,
    inventory_rows,
    model_facts,
    nothing_found,
    risk_form,
    risk_history,
)
from app.model_choice import labels
from app.paging import page_buttons, page_number
from app.services import services
from app.table_download import csv_button
from app.ui import boundary, page_actor, page_link
from engines.core.access import Capability
from engines.core.database import now
from engines.core.errors import NotFound
from engines.core.model_ref import ModelRef
from engines.governance import register
from engines.governance.register import InventoryFilter, InventoryRow

actor = page_actor(Capability.INVENTORY_READ)
svc = services()
REVIEWS = {"overdue": "Overdue", "missing": "Not set"}


@st.dialog("Next review")
def review(row: InventoryRow) -> None:
    """The day, and why then."""
    with st.form("review", border=False):
        usual = max(row.review_on or now().date(), now().date()) + timedelta(days=365)
        day = st.date_input("Review by", usual)
        reason = st.text_input("Reason", max_chars=300, placeholder="Kept in the audit trail")
        pressed = st.form_submit_button("Save", type="primary")
    if pressed:
        with boundary():
            register.set_review(svc.db, actor, svc.models, row.record.model, day, reason)
            st.rerun()


@st.dialog("Upstream models", width="large")
def upstream(row: InventoryRow) -> None:
    """The models whose answers this one takes in."""
    known = labels(svc.models.all(actor))
    known.pop(str(row.record.model), None)
    with st.form("upstream", border=False):
        chosen = st.multiselect("It takes in the answers of", list(known), list(row.upstream),
                                format_func=lambda key: known.get(key, key))  # fmt: skip
        pressed = st.form_submit_button("Save", type="primary")
    if pressed:
        with boundary():
            named = [ModelRef.parse(each) for each in chosen]
            register.set_upstream(svc.db, actor, svc.models, row.record.model, named)
            st.rerun()


@st.dialog("Assess the risk", width="large")
def assess(model: ModelRef) -> None:
    """Factors, controls and reasons; the rules do the rest."""
    with st.form("risk", border=False):
        answers, reasons, summary = risk_form()
        pressed = st.form_submit_button("Store assessment", type="primary")
    if pressed:
        with boundary():
            register.assess(svc.db, actor, svc.models, model, answers, reasons, summary)
            st.rerun()


def acts(row: InventoryRow) -> None:
    """What this person may do with the model as it is now."""
    with st.container(horizontal=True):
        if actor.may(Capability.FINDING_WRITE) and st.button("Set the next review"):
            review(row)
        if actor.may(Capability.FINDING_WRITE) and st.button("Name upstream models"):
            upstream(row)
        if actor.may(Capability.VALIDATION_WRITE) and st.button("Assess the risk"):
            assess(row.record.model)


def show(model: ModelRef) -> None:
    """One model, what it rests on, and its risk."""
    row = register.inventory_row(svc.db, actor, svc.models, model, day_start(day_asked(), later=1))
    page_link("All models", "inventory", icon=":material/arrow_back:", at=asked_as())
    st.header(row.record.title, anchor=False)
    model_facts(row, actor.may(Capability.APPROVAL_READ))
    if row.at is None:
        acts(row)
    try:
        libraries = svc.models.libraries(actor, model)
    except NotFound:
        libraries = {}
    below = register.downstream(svc.db, actor, model)
    dependencies(row, libraries, below, labels(svc.models.all(actor)))
    st.subheader("Risk", anchor=False)
    risk_history(register.assessments(svc.db, actor, model), row.at)


def filters() -> InventoryFilter:
    """What the list is narrowed to; kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        text = typed("Search", "text", width=200, placeholder="Experiment, owner, data")
        states = some_of(st.multiselect, "Status", "stands", STATUS_NAMES, placeholder="Any",
                         width=200)  # fmt: skip
        reviews = one_of(st.pills, "Review", "review", REVIEWS)
        mine = is_on("Mine only", "my")
        until = on_day("As of the end of (UTC)", "at", width=160)
    return InventoryFilter(
        text=text,
        statuses=tuple(states),
        review=reviews or "",
        owner_id=actor.id if mine else "",
        at=day_start(until, later=1),
        page=page_number("models"),
    )


def listing() -> None:
    """How many models have which status, and those that match."""
    wanted = filters()
    found = register.inventory(svc.db, actor, svc.models, wanted)
    if not found.total:
        nothing_found(is_filtered=wanted != InventoryFilter(page=wanted.page))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(counted(found))
        st.space("stretch")
        csv_button("CSV", lambda: register.inventory_table(svc.db, actor, svc.models, wanted),
                   "inventory.csv")  # fmt: skip
    inventory_rows(found.rows)
    page_buttons(found.total, wanted.size, "models")


with boundary():
    if chosen := st.query_params.get("model"):
        show(ModelRef.parse(chosen))
    else:
        st.header("Inventory", anchor=False)
        listing()
