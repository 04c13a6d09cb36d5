"""Parts of the pages about notices: a notice in the inbox, and the wish for e-mail."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from app.markdown import plain
from app.navigation import PAGES
from engines.governance.notices import LABELS, InboxRow, Kind

ICONS: Mapping[Kind, str] = {
    Kind.APPROVAL_ASKED: ":material/approval_delegation:",
    Kind.APPROVAL_REMINDER: ":material/alarm:",
    Kind.APPROVAL_RETURNED: ":material/assignment_return:",
    Kind.APPROVAL_DECIDED: ":material/gavel:",
    Kind.APPROVAL_ENDED: ":material/event_busy:",
    Kind.DELEGATION: ":material/supervisor_account:",
    Kind.FINDING: ":material/flag:",
    Kind.REVIEW_DUE: ":material/event_upcoming:",
    Kind.POLICY: ":material/policy:",
    Kind.ARTIFACT: ":material/inventory_2:",
    Kind.JOB: ":material/pending_actions:",
}
KNOWN = frozenset(spec.key for spec in PAGES)
Act = Callable[[InboxRow], None]


def notice_rows(rows: Sequence[InboxRow], follow: Act, turn: Act) -> None:
    """The notices; `follow` opens what one leads to, `turn` makes read unread and back."""
    with st.container(gap=None, key="rows"):
        for row in rows:
            st.divider()
            _notice(row, follow, turn)


def _notice(row: InboxRow, follow: Act, turn: Act) -> None:
    what, acts = st.columns((7, 3), vertical_alignment="center")
    with what.container(gap=None):
        title = plain(row.title)
        st.markdown(f"{ICONS[row.kind]} {title if row.is_read else f'**{title}**'}")
        if row.text:
            st.markdown(plain(row.text).replace("\n", "  \n"))
        seen = "" if row.is_read else "Unread · "
        st.caption(f"{seen}{LABELS[row.kind]} · {row.made_at:%Y-%m-%d %H:%M} UTC")
    with acts.container(horizontal=True, horizontal_alignment="right"):
        if row.link and row.link.page in KNOWN:
            emphasis: Literal["primary", "secondary"] = "secondary" if row.is_read else "primary"
            if st.button("Open", key=f"open:{row.id}", type=emphasis):
                follow(row)
        if st.button("Mark as unread" if row.is_read else "Mark as read", key=f"turn:{row.id}"):
            turn(row)


def email_choice(address: str, chosen: frozenset[Kind]) -> list[Kind] | None:
    """Which kinds also come by e-mail; the new choice once it is saved."""
    if not address:
        st.caption("You have no e-mail address here. An administrator can add it.")
    else:
        st.caption(f"They go to {plain(address)}. An administrator can change the address.")
    with st.form("by e-mail", border=False):
        wanted = [
            kind
            for kind in Kind
            if st.checkbox(LABELS[kind], kind in chosen, key=f"by e-mail:{kind}")
        ]
        saved = st.form_submit_button("Save choice")
    return wanted if saved else None
