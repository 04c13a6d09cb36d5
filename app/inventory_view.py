"""Parts of the Inventory page: the list, one model, its risk."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from app.markdown import plain, within
from app.rows import listed
from app.ui import badge, empty_state, page_link
from engines.core.database import now
from engines.core.model_ref import ModelRef
from engines.governance.register import (
    CONTROLS,
    FACTORS,
    Assessment,
    InventoryPage,
    InventoryRow,
    Question,
    Rating,
    Status,
)

WIDTHS = (4, 3, 2, 2, 2, 2)
TITLES = ("Model", "Status", "Tier", "Owner", "Next review", "Findings and risk")
STATUSES: dict[str, tuple[str, str, Any]] = {
    Status.IN_PRODUCTION: ("In production", ":material/rocket_launch:", "green"),
    Status.IN_UAT: ("In UAT", ":material/science:", "violet"),
    Status.PUBLISHED: ("Published", ":material/inventory_2:", "blue"),
    Status.APPROVED: ("Training approved", ":material/verified:", "blue"),
    Status.WAITING: ("Waiting for approval", ":material/hourglass_top:", "orange"),
    Status.RETURNED: ("Returned", ":material/undo:", "orange"),
    Status.REFUSED: ("Rejected", ":material/block:", "red"),
    Status.ENDED: ("Approval ended", ":material/event_busy:", "red"),
    Status.DEVELOPMENT: ("In development", ":material/edit_note:", "gray"),
    Status.ARCHIVED: ("Archived", ":material/archive:", "gray"),
}
STATUS_NAMES = {status: look[0] for status, look in STATUSES.items()}
RISKS = {"low": "green", "medium": "blue", "high": "orange", "critical": "red"}


def counted(found: InventoryPage) -> str:
    """How many models are shown, and how many of all have which status."""
    every = sum(found.statuses.values())
    if found.total < every:
        return f"{found.total:,} of {every:,} models"
    told = [f"{n:,} {within(STATUS_NAMES[status])}" for status, n in found.statuses.items()]
    return f"{'1 model' if every == 1 else f'{every:,} models'}: {', '.join(told)}"


def inventory_rows(rows: Sequence[InventoryRow]) -> None:
    """One row per model."""
    listed(WIDTHS, TITLES, rows, _row)


def _row(row: InventoryRow) -> None:
    what, status, tier, owner, review, risk = st.columns(WIDTHS, vertical_alignment="center")
    with what.container(gap=None):
        page_link(f"**{plain(row.record.title)}**", "inventory", model=str(row.record.model),
                  at=asked_as())  # fmt: skip
        st.caption(plain(_told(row)))
    with status:
        badge(STATUSES[row.status])
    tier.markdown(plain(row.tier.capitalize()) or "–")
    owner.markdown(plain(row.record.owner) or "–")
    with review:
        review_day(row)
    with risk.container(gap=None):
        st.markdown(f"{row.open_findings} open" if row.open_findings else "–")
        if row.residual:
            badge((f"{row.residual} risk", ":material/shield:", RISKS[row.residual]))


def _told(row: InventoryRow) -> str:
    record = row.record
    metric = record.metric_title
    score = f"{metric} {record.score:.3f}" if record.score is not None else metric
    return f"{record.algorithm}, {score}, on {record.data or 'data that is gone'}"


def review_day(row: InventoryRow) -> None:
    """When it is reviewed next; marked when that day has passed or nobody set one."""
    if row.review_overdue:
        st.badge(f"{row.review_on:%Y-%m-%d} overdue", icon=":material/alarm:", color="red")
    elif row.review_on:
        st.markdown(f"{row.review_on:%Y-%m-%d}", width="content")
    elif row.review_missing:
        st.badge("not set", icon=":material/event_busy:", color="orange")
    else:
        st.markdown("–", width="content")


def day_asked() -> date | None:
    """The day in the address as of whose end the inventory is shown; None for now."""
    try:
        return date.fromisoformat(st.query_params.get("at", ""))
    except ValueError:
        return None


def asked_as() -> str:
    """That day as it stands in the address; "" for now."""
    return st.query_params.get("at", "") if day_asked() else ""


def model_facts(row: InventoryRow, reads_approvals: bool) -> None:
    """One model: status, owner, data and the way to its record."""
    record = row.record
    if row.at:
        st.info(f"As of the end of {day_asked()} (UTC).", icon=":material/history:")
    with st.container(horizontal=True, vertical_alignment="center"):
        badge(STATUSES[row.status])
        told = f"Tier {row.tier or 'not decided'} · owner {plain(record.owner)} · next review"
        st.caption(told, width="content")
        review_day(row)
    with st.container(horizontal=True):
        page_link("Experiment", "experiment", icon=":material/description:",
                  experiment=record.experiment_id)  # fmt: skip
        page_link(f"Findings ({row.open_findings} open)", "findings", icon=":material/flag:",
                  model=str(record.model))  # fmt: skip
        page_link("Regulatory report", "governance", icon=":material/fact_check:",
                  model=str(record.model))  # fmt: skip
        if reads_approvals:
            day = asked_as() if row.at and row.at <= now() else ""
            page_link(f"Who decided, as of {day or 'now'}", "record", icon=":material/gavel:",
                      model=str(record.model), at=f"{day}T23:59" if day else "")  # fmt: skip
        if row.submission_id:
            page_link("Newest submission", "approvals", icon=":material/approval:",
                      submission=row.submission_id)  # fmt: skip


def dependencies(
    row: InventoryRow,
    libraries: Mapping[str, str],
    below: Sequence[ModelRef],
    names: Mapping[str, str],
) -> None:
    """Data, upstream and downstream models by their `names`, libraries."""
    record = row.record
    st.subheader("Depends on", anchor=False)
    st.markdown(f"**Data:** {plain(record.data or 'unknown')}, {record.rows:,} rows")
    st.caption(f"Content hash `{record.data_sha256}`")
    _links("Upstream models", row.upstream, names)
    _links("Used by", [str(model) for model in below], names)
    with st.expander(f"Libraries ({len(libraries)})"):
        st.table({"Version": dict(libraries)})


def _links(title: str, models: Sequence[str], names: Mapping[str, str]) -> None:
    if not models:
        st.markdown(f"**{title}:** none named")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}:**")
        for model in models:
            page_link(plain(names.get(model, model)), "inventory", model=model)


def risk_history(known: Sequence[Assessment], at: datetime | None = None) -> None:
    """The assessments until then, newest first; the first one counts."""
    rows = [each for each in known if at is None or each.at <= at]
    if not rows:
        st.caption("Nobody has assessed this model's risk yet.")
    for place, each in enumerate(rows):
        label = f"{each.residual} residual risk · {each.person_name} · {each.at:%Y-%m-%d %H:%M} UTC"
        with st.expander(label, expanded=place == 0):
            st.markdown(" ".join(each.workings))
            titles = {question.key: question.title for question in (*FACTORS, *CONTROLS)}
            st.table(
                {
                    "Level": {titles[key]: level for key, level in each.answers.items()},
                    "Why": {titles[key]: plain(why) for key, why in each.reasons.items()},
                }
            )
            if each.summary:
                st.markdown(plain(each.summary))


def risk_form() -> tuple[dict[str, str], dict[str, str], str]:
    """Answers, reasons and a summary, inside the caller's form."""
    answers, reasons = {}, {}
    for title, questions in (("Inherent risk", FACTORS), ("Controls", CONTROLS)):
        st.markdown(f"**{title}**")
        for question in questions:
            answers[question.key], reasons[question.key] = _ask(question)
    return answers, reasons, st.text_area("Summary", max_chars=2_000, key="risk:summary")


def _ask(question: Question) -> tuple[str, str]:
    level, why = st.columns((1, 2), vertical_alignment="bottom")
    chosen = level.segmented_control(
        question.title, question.levels, help=question.help, key=f"risk:{question.key}"
    )
    return chosen or "", why.text_input("Because", key=f"why:{question.key}", max_chars=500)


def rating(found: Rating) -> None:
    """What the rules make of the answers."""
    badge((f"{found.residual} residual risk", ":material/shield:", RISKS[found.residual]))
    st.caption(" ".join(found.workings))


def nothing_found(is_filtered: bool) -> None:
    """The empty state: of the filters, or of the house."""
    if is_filtered:
        empty_state("Nothing matches", "Change the filters.")
    else:
        told = "Every model that a training ends with appears here by itself."
        empty_state("No models yet", told)
