"""Parts of the Findings page: the list, the form, one finding with its steps."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import streamlit as st

from app.markdown import plain
from app.rows import listed
from app.services import services
from app.ui import badge, page_link
from engines.core.access import Actor
from engines.core.database import now
from engines.core.errors import NotFound
from engines.core.model_ref import ModelRef
from engines.governance.register import Finding, FindingState, FindingStep, Severity, is_overdue

WIDTHS = (2, 5, 2, 2, 2)
TITLES = ("Severity", "Finding", "State", "Owner", "Due")
USUAL_DAYS = 30
STATES: dict[str, tuple[str, str, Any]] = {
    FindingState.OPEN: ("Open", ":material/flag:", "red"),
    FindingState.IN_REMEDIATION: ("In remediation", ":material/build:", "blue"),
    FindingState.RESOLVED: ("Resolved", ":material/task_alt:", "violet"),
    FindingState.CLOSED: ("Closed", ":material/lock:", "green"),
}
SEVERITIES: dict[str, tuple[str, str, Any]] = {
    Severity.CRITICAL: ("Critical", ":material/crisis_alert:", "red"),
    Severity.HIGH: ("High", ":material/priority_high:", "orange"),
    Severity.MEDIUM: ("Medium", ":material/remove:", "blue"),
    Severity.LOW: ("Low", ":material/arrow_downward:", "gray"),
}
STATE_NAMES = {str(state): look[0] for state, look in STATES.items()}
SEVERITY_NAMES = {str(severity): look[0] for severity, look in SEVERITIES.items()}
MOVES = {
    FindingState.IN_REMEDIATION: "Work on it",
    FindingState.RESOLVED: "It is resolved",
    FindingState.CLOSED: "Close it",
    FindingState.OPEN: "Reopen it",
}

WHO_CLOSES = "Whoever made the model, owned the finding or resolved it does not close it."


class Said(NamedTuple):
    """What the form was filled with."""

    title: str
    text: str
    severity: str
    owner_id: str
    due_on: date


def state_name(state: str) -> str:
    """The state in words."""
    return STATES[state][0]


def severity_name(severity: str) -> str:
    """The severity in words."""
    return SEVERITIES[severity][0]


def finding_rows(rows: list[Finding]) -> None:
    """One row per finding."""
    listed(WIDTHS, TITLES, rows, _row)


def _row(row: Finding) -> None:
    severity, what, state, owner, due = st.columns(WIDTHS, vertical_alignment="center")
    with severity:
        badge(SEVERITIES[row.severity])
    with what.container(gap=None):
        page_link(f"**{plain(row.title)}**", "findings", finding=row.id)
        st.caption(plain(row.model_title))
    with state:
        badge(STATES[row.state])
    owner.markdown(plain(row.owner_name))
    with due:
        due_day(row)


def due_day(row: Finding) -> None:
    """The day it is due, marked when that has passed."""
    if is_overdue(row):
        st.badge(f"{row.due_on:%Y-%m-%d} overdue", icon=":material/alarm:", color="red")
    else:
        st.markdown(f"{row.due_on:%Y-%m-%d}", width="content")


def finding_form(people: Mapping[str, str], known: Finding | None, key: str) -> Said:
    """The fields of a finding, inside the caller's form."""
    owners: list[Any] = list(people)
    owner = owners.index(known.owner_id) if known and known.owner_id in people else None
    severities = [each.value for each in Severity]
    usual = now().date() + timedelta(days=USUAL_DAYS)
    return Said(
        st.text_input("Title", known.title if known else "", max_chars=200, key=f"{key}:title"),
        st.text_area("What is wrong, and how you know", known.text if known else "",
                     max_chars=5_000, key=f"{key}:text"),
        st.selectbox("Severity", severities, severities.index(known.severity) if known else 2,
                     format_func=severity_name, key=f"{key}:severity"),
        st.selectbox("Owner, who has to put it right", owners, owner,
                     format_func=lambda key: people[key],
                     placeholder="Choose a person", key=f"{key}:owner") or "",
        st.date_input("Due", known.due_on if known else usual, key=f"{key}:due"),
    )  # fmt: skip


def titles(actor: Actor) -> dict[ModelRef, str]:
    """What the models are called now."""
    return {each.model: each.title for each in services().models.all(actor)}


def title_of(actor: Actor, row: Finding) -> str:
    """What the finding's model is called now, or was when it is gone."""
    try:
        return services().models.of(actor, row.model).title
    except NotFound:
        return row.model_title


def finding_facts(row: Finding, model: str) -> None:
    """One finding: what, whose, by when; `model` is what the model is called now."""
    with st.container(horizontal=True, vertical_alignment="center"):
        badge(SEVERITIES[row.severity])
        badge(STATES[row.state])
        late = is_overdue(row)
        told = f"Owner {plain(row.owner_name)} · opened by {plain(row.opened_by_name)}"
        st.caption(told if late else f"{told} · due {row.due_on:%Y-%m-%d}", width="content")
        if late:
            due_day(row)
    with st.container(horizontal=True):
        page_link(plain(model), "inventory", icon=":material/deployed_code:",
                  model=str(row.model))  # fmt: skip
        if row.submission_id:
            page_link("Submission", "approvals", icon=":material/approval:",
                      submission=row.submission_id)  # fmt: skip
    st.markdown(plain(row.text) if row.text else "*No description.*")


def finding_history(steps: list[FindingStep]) -> None:
    """What happened to it, newest first."""
    st.subheader("History", anchor=False)
    for step in steps:
        moved = step.before != step.after
        what = f"{state_name(step.after)}" if moved else "Changed"
        st.markdown(f"**{what}** · {plain(step.person_name)} · {step.at:%Y-%m-%d %H:%M} UTC")
        st.caption(plain(f"{step.note or 'Opened.'} Owner: {step.owner_name}."))
