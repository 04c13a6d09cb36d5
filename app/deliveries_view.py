"""The tab of the Administration page about what left the inbox, or could not."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.markdown import plain
from app.paging import page_buttons, page_number
from app.ui import confirm, empty_state
from engines.core.access import Actor
from engines.core.database import Database
from engines.governance import notices
from engines.governance.notices import Channel, DeliveryRow, DeliveryState

CHANNELS = {Channel.EMAIL: "E-mail", Channel.WEBHOOK: "Webhook"}
STATES = {
    DeliveryState.WAITING: "Waiting",
    DeliveryState.SENT: "Sent",
    DeliveryState.FAILED: "Given up",
}
TIME = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")


def deliveries_list(db: Database, actor: Actor) -> None:
    """Deliveries in the chosen state, and the way to send one again."""
    labels = {words: state for state, words in STATES.items()}
    state = st.pills("State", list(labels), key="delivery")
    found = notices.deliveries(db, actor, labels.get(state or ""), page_number("deliveries"))
    if not found.total:
        empty_state("Nothing here", "What leaves the inbox by e-mail or webhook is listed here.")
        return
    _table(found.rows)
    page_buttons(found.total, found.size, "deliveries")
    failed = {row.id: row for row in found.rows if row.state is DeliveryState.FAILED}
    if failed:
        _send_again(db, actor, failed)


def _send_again(db: Database, actor: Actor, failed: dict[str, DeliveryRow]) -> None:
    chosen = st.selectbox(
        "Given up", failed, index=None, format_func=lambda key: _label(failed[key])
    )
    if chosen in failed and st.button("Send again"):
        confirm(
            "Send again",
            f"{plain(_label(failed[chosen]))} is tried once more from the beginning.",
            lambda reason: notices.send_again(db, actor, chosen, reason),
            button="Send again",
        )


def _table(rows: Sequence[DeliveryRow]) -> None:
    frame = pd.DataFrame([_delivery(row) for row in rows])
    times = dict.fromkeys(("Written (UTC)", "Next try (UTC)"), TIME)
    st.dataframe(frame, hide_index=True, width="stretch", column_config=times)


def _label(row: DeliveryRow) -> str:
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
