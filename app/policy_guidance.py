"""The Policies page's Guidance: what a supervisor expects, and what of the policy answers it."""

from collections.abc import Mapping

import streamlit as st

from app.markdown import plain
from app.policy_words import check_labels, document_words, fact_words
from app.rows import wrapped
from app.services import services
from engines.governance.policies import Evidence, Numbered, Policy

NUMBERED = {Numbered.COMPARED: "of the guidance, compared", Numbered.OURS: "ours"}


def guidance(policy: Policy) -> None:
    """The guidance that the policy renders, and what answers each of its expectations."""
    if policy.guidance is None:
        st.caption("This policy renders no guidance of a supervisor.")
        return
    told = policy.guidance
    st.markdown(f"**{plain(told.title)}**, {plain(told.issuer)}. {plain(told.status)}")
    st.warning(
        f"A template to be adapted, in our own words; no legal advice. {plain(told.note)}",
        icon=":material/info:",
    )
    if told.compared:
        st.caption(f"**Numbers:** {plain(told.compared)}")
    checks = check_labels(policy)
    rows = [
        {"No.": each.id, "Number": NUMBERED[each.number], "Theme": each.theme,
         "Expected": each.says, **_answers(each.answered_by, checks)}
        for each in policy.requirements
    ]  # fmt: skip
    wrapped(rows, "guidance")


def _answers(found: Evidence, checks: Mapping[str, str]) -> dict[str, str]:
    named = [
        *(_document(name) for name in found.documents),
        *(checks.get(fact, fact_words(fact)) for fact in found.checks),
        *(f"approval by a {role}" for role in found.approvals),
        *(f"MLAAS {words}" for words in found.platform),
    ]
    return {"Answered by": "; ".join(named), "By hand": found.by_hand or ""}


def _document(name: str) -> str:
    kind, _, section = name.partition("/")
    return document_words(services().templates, kind, [section] if section else [])
