"""Audit page: search the trail, check that nobody changed it, take it away."""

import streamlit as st

from app.audit_view import (
    chain_verdict,
    day_start,
    events_table,
    evidence_button,
    export_button,
    key_caption,
)
from app.filters import on_day, one_of, typed
from app.paging import page_buttons, page_number
from app.services import services
from app.ui import boundary, empty_state, page_actor
from engines import observability
from engines.core.access import Capability
from engines.governance import register
from engines.observability import EventFilter

actor = page_actor(Capability.AUDIT_READ)
svc = services()


def filters() -> EventFilter:
    """What the trail is narrowed to; kept in the address."""
    people = observability.people(svc.db, actor)
    acts = {act: act for act in observability.acts(svc.db, actor)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = typed("Search", "search", placeholder="Name, subject, detail, id", width=240)
        act = one_of(st.selectbox, "Act", "act", acts, index=None, placeholder="Any", width=190)
        who = one_of(
            st.selectbox, "Who", "who", people, index=None, placeholder="Anybody", width=150
        )
        since, until = (
            on_day(label, key, width=150)
            for label, key in (("From (UTC)", "since"), ("To (UTC)", "until"))
        )
    return EventFilter(
        text=text,
        act=act or "",
        actor_id=who or "",
        since=day_start(since),
        until=day_start(until, later=1),
    )


with st.container(horizontal=True, vertical_alignment="center"):
    st.header("Audit", anchor=False)
    st.space("stretch")
    evidence_button()
    verify = st.button("Verify chain", icon=":material/link:", type="primary")

if verify:
    with boundary(), st.spinner("Walking the chain"):
        chain_verdict(observability.verify_chain(svc.db, actor))
        key_caption(register.evidence_keys(svc.secrets, actor))

chosen = filters()
with boundary():
    found = observability.search_events(svc.db, actor, chosen, page_number("events"))
    if found.total:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("1 event" if found.total == 1 else f"{found.total:,} events, newest first")
            st.space("stretch")
            export_button(lambda: observability.export_events(svc.db, actor, chosen), found.total)
        events_table(found.events)
        page_buttons(found.total, observability.PAGE_SIZE, "events")
    elif chosen == EventFilter():
        empty_state("Nothing has happened yet", "Every act that changes something appears here.")
    else:
        empty_state("Nothing matches", "Change the search or the filters.")
