"""Parts of the pages about notices: a notice in the inbox, the wish for e-mail, deliveries."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from app.markdown import plain
from app.navigation import PAGES
from engines.governance.notices import LABELS, Channel, DeliveryRow, DeliveryState, InboxRow, Kind

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
CHANNELS = {Channel.EMAIL: "E-mail", Channel.WEBHOOK: "Webhook"}
STATES = {
    DeliveryState.WAITING: "⏳ Waiting",
    DeliveryState.SENT: "✓ Sent",
    DeliveryState.FAILED: "✗ Given up",
}
KNOWN = frozenset(spec.key for spec in PAGES)
TIME = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")
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
            kind = "secondary" if row.is_read else "primary"
            if st.button("Open", key=f"open:{row.id}", type=kind):
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


def deliveries_table(rows: Sequence[DeliveryRow]) -> None:
    """Messages with their state, tries and the reason of the last failure."""
    frame = pd.DataFrame([_delivery(row) for row in rows])
    times = dict.fromkeys(("Written (UTC)", "Next try (UTC)"), TIME)
    st.dataframe(frame, hide_index=True, width="stretch", column_config=times)


def delivery_label(row: DeliveryRow) -> str:
    """A delivery in one line."""
    return f"{CHANNELS[row.channel]} to {row.to} · {row.kind} · {row.made_at:%Y-%m-%d %H:%M}"


def _delivery(row: DeliveryRow) -> dict[str, object]:
    return {
        "State": STATES[row.state],
        "By": CHANNELS[row.channel],
        "To": row.to,
        "About": row.kind.value,
        "Tries": row.tries,
        "Reason": row.error,
        "Written (UTC)": row.made_at.replace(tzinfo=None),
        "Next try (UTC)": row.due_at.replace(tzinfo=None) if row.due_at else None,
    }
