"""Inbox page: what a person is told, what they have read, and the way to it."""

import streamlit as st

from app.filters import one_of
from app.inbox_view import notice_rows
from app.paging import page_buttons, page_number
from app.services import services
from app.ui import boundary, empty_state, go, page_actor
from engines.core.access import Capability
from engines.governance import notices
from engines.governance.notices import LABELS, InboxFilter, InboxRow, Kind

actor = page_actor(Capability.INBOX_OWN)
db = services().db
KINDS = {kind.value: label for kind, label in LABELS.items()}


def filters() -> InboxFilter:
    """What the inbox is narrowed to; kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = one_of(
            st.selectbox, "About", "about", KINDS, index=None, placeholder="Anything", width=380
        )
        unread = st.toggle("Unread only", key="unread", bind="query-params")
    return InboxFilter(unread, Kind(kind) if kind else None, page_number("notices"))


def follow(row: InboxRow) -> None:
    """Open what the notice leads to; it is read then."""
    notices.mark_read(db, actor, [row.id])
    if row.link:
        go(row.link.page, **row.link.query)


def turn(row: InboxRow) -> None:
    """Read becomes unread, unread becomes read."""
    mark = notices.mark_unread if row.is_read else notices.mark_read
    mark(db, actor, [row.id])
    st.rerun()


with st.container(horizontal=True, vertical_alignment="center"):
    st.header("Inbox", anchor=False)
    st.space("stretch")
    waiting = notices.unread(db, actor)
    if st.button("Mark all as read", icon=":material/done_all:", disabled=not waiting):
        notices.mark_all_read(db, actor)
        st.rerun()

wanted = filters()
with boundary():
    found = notices.inbox(db, actor, wanted)
    if found.total:
        number = "1 notice" if found.total == 1 else f"{found.total:,} notices"
        st.caption(f"{number}, newest first · {waiting:,} unread")
        notice_rows(found.rows, follow, turn)
        page_buttons(found.total, found.size, "notices")
    elif wanted.kind:
        empty_state("Nothing matches", "Change the filters.")
    elif wanted.unread:
        empty_state("Everything is read", "Switch off *Unread only* to see what was said before.")
    else:
        empty_state(
            "Nothing yet",
            "You are told here when somebody waits for you, and what became of what you asked for.",
        )
