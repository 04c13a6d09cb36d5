"""Parts of the Audit page: the table of events, the chain's verdict, the export."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import approval_words as words
from app.downloads import evidence_url
from app.rows import wrapped
from engines.core.csv_export import to_safe_csv
from engines.core.events import AuditEvent
from engines.observability import ChainReport


def events_table(events: list[AuditEvent]) -> None:
    """The events of one page, nothing cut; whole hashes and signatures are in the export."""
    wrapped([_row(event) for event in events], "audit")


def _row(event: AuditEvent) -> dict[str, str]:
    known = {**event.detail, "correlation id": event.correlation_id}
    return {
        "No.": f"{event.number:,}",
        "When (UTC)": f"{event.at:%Y-%m-%d %H:%M:%S}",
        "Who": event.actor_name,
        "Act": event.act,
        "On": event.subject,
        "Detail": words.detail(known),
    }


def chain_verdict(report: ChainReport) -> None:
    """Whether the trail is as it was written."""
    if report.broken:
        st.error(
            f"**The chain breaks at row {report.broken.number}:** {report.broken.reason}. "
            f"{report.rows:,} rows before it hold. Keep the database as it is and tell "
            "security.",
            icon=":material/link_off:",
        )
        return
    st.success(
        f"**The chain is whole:** {report.rows:,} rows. Newest hash `{report.head}`; noted "
        "elsewhere, it proves later that nothing was cut off the end.",
        icon=":material/verified:",
    )


def export_button(rows: Callable[[], list[dict[str, Any]]], total: int) -> None:
    """All matching events as CSV, made when pressed; formulas are escaped."""
    st.download_button(
        f"CSV of {total:,}",
        lambda: to_safe_csv(pd.DataFrame(rows())),
        file_name="audit.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        disabled=not total,
        key="export",
    )


def day_start(day: date | None, later: int = 0) -> datetime | None:
    """Midnight UTC at the start of the day, or of the one `later` days after it."""
    return datetime.combine(day, time(), UTC) + timedelta(days=later) if day else None


def evidence_button() -> None:
    """The whole evidence as JSON Lines, made and signed when pressed, sent from the disk."""
    told = "Trail, delegations, submissions, votes, signatures, permits and refusals; "
    st.link_button("Evidence", evidence_url(), icon=":material/verified_user:",
                   help=f"{told}tools/verify_export.py checks the file.")  # fmt: skip


def key_caption(keys: list[str]) -> None:
    """The public keys, to be handed to whoever checks evidence."""
    st.caption("Evidence and approvals are signed with " + ", ".join(f"`{key}`" for key in keys))
