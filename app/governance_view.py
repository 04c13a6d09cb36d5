"""Parts of the Governance page: what waits and is late, the figures, the regulatory report."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app.charts import chart
from app.markdown import plain
from app.table_download import csv_button
from app.ui import page_link
from engines.governance import register
from engines.governance.documents import FORMATS
from engines.governance.register import WORDS, Overview, Report

NUMBER_WIDTH = 140  # pixels: six stand in a row, in a narrow window they wrap
REPORTED: dict[str, Any] = {
    "title": "Model",
    "requirement": "No.",
    "status": st.column_config.TextColumn("Stands", width=170),
    "says": st.column_config.TextColumn("Expected", width="medium"),
    "evidence": st.column_config.TextColumn("Evidence", width="large"),
}
PERIODS = {90: "90 days", 365: "1 year", 3_650: "Everything"}


def verdict(found: Overview) -> None:
    """What needs somebody, in one sentence; nothing to do is said too."""
    overdue = sum(found.findings_overdue.values())
    late = [
        (found.late, "Submissions beyond the time their policy allows"),
        (found.reviews_overdue, "Reviews overdue"),
        (overdue, "Findings overdue"),
    ]
    told = [f"{words}: {n:,}" for n, words in late if n]
    if told:
        st.warning("; ".join(told) + ".", icon=":material/alarm:")
    else:
        st.success("Nothing is late.", icon=":material/check_circle:")


def numbers(found: Overview) -> None:
    """The figures in one row."""
    overall = found.overall
    cells = (
        ("Waiting", f"{found.waiting_total:,}"),
        ("Answered", f"{overall.answered:,}"),
        ("Median answer", _lasted(overall.median) if overall.answered else "–"),
        ("90 % answered in", _lasted(overall.p90) if overall.answered else "–"),
        ("Refused by the gate", f"{found.refused_total:,}"),
        ("Open findings", f"{sum(found.findings_open.values()):,}"),
    )
    with st.container(horizontal=True):
        for label, value in cells:
            st.metric(label, value, width=NUMBER_WIDTH)


def _lasted(days: float) -> str:
    if days * 24 < 1:
        return "< 1 hour"
    return f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} hours"


def figures(found: Overview) -> None:
    """What waits, how long it takes, why submissions and uses were refused; the empty left out."""
    drawn = [
        (draw(found), key)
        for draw, key in (
            (register.waiting_figure, "waiting"),
            (register.cycle_figure, "cycle"),
            (register.reasons_figure, "reasons"),
            (register.refusals_figure, "refusals"),
        )
    ]
    told = [(figure, key) for figure, key in drawn if figure is not None]
    for first in range(0, len(told), 2):
        for column, (figure, key) in zip(st.columns(2), told[first : first + 2], strict=False):
            with column:
                chart(figure, key)


def links() -> None:
    """Where what is late can be worked on."""
    with st.container(horizontal=True):
        page_link("Overdue findings", "findings", icon=":material/flag:", overdue="true")
        page_link("Overdue reviews", "inventory", icon=":material/alarm:", review="overdue")
        page_link("Approvals", "approvals", icon=":material/approval:")


def report_view(report: Report, file: Callable[[str], bytes]) -> None:
    """The report: how many requirements stand how, all of them, and the files."""
    told = [f"{n:,} {WORDS[state]}" for state, n in sorted(report.counts.items())]
    models = "1 model" if report.models == 1 else f"{report.models:,} models"
    number = report.policy.rpartition(" ")[2]
    st.markdown(f"**{models}, {plain(report.title)}, version {number}:** {', '.join(told)}")
    rows = register.report_rows(report)
    st.dataframe(rows, hide_index=True, column_order=list(REPORTED), column_config=REPORTED,
                 width="stretch", height=360)  # fmt: skip
    with st.container(horizontal=True):
        csv_button("CSV", lambda: rows, "report.csv")
        for form, mime in FORMATS.items():
            st.download_button(
                form.upper(),
                partial(file, form),
                file_name=f"report.{form}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"report:{form}",
            )
