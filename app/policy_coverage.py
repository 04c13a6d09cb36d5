"""The Policies page's Coverage: which models meet each requirement of the version shown."""

from typing import Any

import streamlit as st

from app.filters import one_of, some_of
from app.markdown import plain
from app.paging import page_buttons, page_number
from app.rows import listed, wrapped
from app.services import services
from app.table_download import csv_button
from app.ui import badge, empty_state, page_link
from engines.core.access import Actor
from engines.governance import register
from engines.governance.policies import PolicyVersion, Standing
from engines.governance.register import STANDS, Coverage, CoverageFilter, CoverageRow

WIDTHS = (4, 3, 2, 6)
TITLES = ("Model", "Requirement", "Stands", "Evidence")
LOOKS: dict[str, tuple[str, Any]] = {
    Standing.MET: (":material/check_circle:", "green"),
    Standing.OPEN: (":material/pending:", "orange"),
    Standing.BY_HAND: (":material/front_hand:", "blue"),
    Standing.NOT_ASKED: (":material/remove:", "gray"),
}
NOT_YET = (":material/hourglass_empty:", "gray")


def coverage(actor: Actor, shown: PolicyVersion) -> None:
    """How many models stand how, by requirement; below, the models that match the filter."""
    if not shown.policy.requirements:
        st.caption("This policy has no requirements of a guidance, so there is nothing to cover.")
        return
    svc = services()
    wanted = _filters(shown)
    found = register.policy_coverage(svc.db, actor, svc.models, shown, wanted)
    if not found.models:
        empty_state("No models yet", "Every trained model is held against each requirement here.")
        return
    _summary(shown, found)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("1 row matches" if found.total == 1 else f"{found.total:,} rows match")
        st.space("stretch")
        csv_button(
            "CSV",
            lambda: register.coverage_table(svc.db, actor, svc.models, shown, wanted),
            f"coverage-{shown.name}-{shown.version}.csv",
        )
    listed(WIDTHS, TITLES, found.rows, _row, key="rows-coverage")
    page_buttons(found.total, wanted.size, "covered")


def _filters(shown: PolicyVersion) -> CoverageFilter:
    """What the list is narrowed to; kept in the address."""
    asked = {each.id: f"{each.id} · {each.theme}" for each in shown.policy.requirements}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        text = st.text_input("Search", key="text", bind="query-params", width=200,
                             placeholder="Model, owner, theme")  # fmt: skip
        requirement = one_of(
            st.selectbox, "Requirement", "requirement", asked, placeholder="Any", width=320
        )
        stands = some_of(
            st.multiselect, "Stands", "stands", STANDS, placeholder="Any", width=320
        )  # fmt: skip
    number = page_number("covered")
    return CoverageFilter(text or "", requirement or "", tuple(stands), number)


def _summary(shown: PolicyVersion, found: Coverage) -> None:
    models = "1 model" if found.models == 1 else f"{found.models:,} models"
    st.markdown(f"**{models}** by the newest submission of each; archived ones are left out.")
    rows = [
        {
            "No.": each.id,
            "Theme": each.theme,
            **{w.capitalize(): f"{found.counts[each.id][key]:,}" for key, w in STANDS.items()},
        }
        for each in shown.policy.requirements
    ]
    wrapped(rows, "coverage")


def _row(row: CoverageRow) -> None:
    model, requirement, stands, evidence = st.columns(WIDTHS, vertical_alignment="center")
    with model.container(gap=None):
        page_link(f"**{plain(row.title)}**", "inventory", model=str(row.model))
        st.caption(plain(row.owner))
    requirement.markdown(plain(f"{row.requirement} · {row.theme}"))
    with stands:
        badge((STANDS[row.stands].capitalize(), *LOOKS.get(row.stands, NOT_YET)))
    evidence.caption(plain(" ".join(row.evidence)))
