"""One submission: the verdict, what was frozen, what was measured, what was said and done."""

import json
from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from app import approval_words as words
from app.approval_acts import acts
from app.approval_content import changed_words, changes_tab, content_tab
from app.approval_evidence import documents_tab, explanation_tab, fairness_tab
from app.approval_submit import checks_table
from app.markdown import plain
from app.policy_words import policy_title
from app.rows import wrapped
from app.services import services
from app.ui import STATES, boundary, download_table, header, page_link, state_badge
from engines import projects, results
from engines.core.access import Actor
from engines.core.database import now
from engines.core.errors import InvalidInput
from engines.governance import approvals
from engines.governance.approvals import Opened, State

FULL_SLOT, OPEN_SLOT = ":material/check_circle:", ":material/radio_button_unchecked:"
Draw = Callable[[Actor, Opened], None]


def show(actor: Actor, submission_id: str) -> None:
    """The submission under its experiment's steps; only the open tab is drawn."""
    svc = services()
    opened = approvals.open_submission(svc.board, actor, submission_id)
    row = opened.submission
    experiment = projects.get(svc.db, actor, row.experiment_id)
    header(words.title(row), experiment, "approvals")
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(row.state)
        st.badge(words.STAGES[row.at_stage], icon=":material/flag:", color="gray")
        if row.tier:
            st.badge(f"Tier: {row.tier}", icon=":material/stat_2:", color="gray")
        page_link("All submissions", "approvals", icon=":material/arrow_back:")
    verdict(opened)
    acts(actor, opened, owns=experiment.owner_id == actor.id)
    tabs = st.tabs(list(TABS), key="view", bind="query-params")
    for tab, draw in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab, boundary():
                draw(actor, opened)


def verdict(opened: Opened) -> None:
    """What is asked, of whom, and what stands in the way: before anything else."""
    row = opened.submission
    said = words.verdict(opened, now())
    if opened.changes and row.state in (State.SUBMITTED, State.APPROVED, State.VOID):
        st.error(
            f"{said} Changed since it was submitted: {plain(changed_words(opened.changes))} "
            f"{words.AFTER_CHANGE[row.state]}",
            icon=STATES["void"][1],
        )
    elif opened.above:
        st.error(said, icon=STATES["void"][1])
    elif row.state == State.APPROVED:
        st.success(said, icon=":material/verified:")
    elif row.state == State.SUBMITTED:
        st.info(said, icon=":material/hourglass_top:")
    else:
        because = f" Because: “{plain(row.reason)}”" if row.reason else ""
        st.warning(said + because, icon=STATES[row.state][1])


def summary(actor: Actor, opened: Opened) -> None:
    """What is asked, who voted how, who made it."""
    row = opened.submission
    st.markdown(f"The makers ask for this model {words.ASKED[row.at_stage]}.")
    if row.comment:
        st.markdown(f"> {plain(row.comment)}")
    facts = {
        "Submitted": f"{row.submitted_at:%Y-%m-%d %H:%M} UTC by {plain(row.submitter_name)}"
        if row.submitted_at
        else "not yet",
        "Answer": words.due(row.answer_by, now()) if row.state == State.SUBMITTED else "",
        "Policy": plain(policy_title(services().db, row.policy_name, row.policy_version)),
        "Content": f"`{row.content_hash}`" if row.content_hash else "",
        "Signature": f"`{row.signature}`" if row.signature else "",
    }
    st.markdown("\n".join(f"- **{name}:** {value}" for name, value in facts.items() if value))
    _votes(opened)
    _makers(actor, opened)


def _votes(opened: Opened) -> None:
    """Every vote asked for, filled or open, and what was said with it."""
    st.subheader("Votes", anchor=False)
    for slot in opened.slots:
        icon = OPEN_SLOT if slot.missing else FULL_SLOT
        st.markdown(f"{icon} Level {slot.level}, {slot.role}: {slot.given} of {slot.asked}")
    for vote in opened.votes:
        icon, what = words.VOTED[vote.decision]
        spoken = vote.principal_id != vote.person_id
        who = f"{vote.person_name} for {vote.principal_name}" if spoken else vote.person_name
        kept = ", carried over: the content is the same" if vote.carried_from else ""
        st.markdown(
            f"{icon} **{plain(who)}** ({vote.capacity}) {what}, {vote.at:%Y-%m-%d %H:%M} UTC{kept}"
        )
        if vote.comment:
            st.markdown(f"> {plain(vote.comment)}")


def _makers(actor: Actor, opened: Opened) -> None:
    """Who made it and has therefore no vote."""
    st.subheader("Makers, who have no vote", anchor=False)
    known = approvals.names(services().board, actor, list(opened.makers))
    for person, what in opened.makers.items():
        name = plain(known.get(person, "somebody no longer here"))
        st.markdown(f"- {name}: {plain(words.made(what))}")


def metrics_tab(actor: Actor, opened: Opened) -> None:
    """Validation beside the hold-out, and how far they are apart, as frozen."""
    facts = opened.submission.facts
    held = {key.removeprefix("holdout."): v for key, v in facts.items() if key[:8] == "holdout."}
    if not held:
        st.info("No metrics were frozen with it.", icon=":material/info:")
        return
    rows = [
        {
            "Metric": results.metric(name).title,
            "Validation, mean of the folds": facts.get(f"validation.{name}"),
            "Hold-out": value,
            "Gap": facts.get(f"gap.{name}"),
        }
        for name, value in held.items()
    ]
    st.markdown("**A small gap says that the validation can be trusted.**")
    frame = pd.DataFrame(rows).round(4)
    st.dataframe(frame, hide_index=True, placeholder="–")
    download_table("Metrics as CSV", frame, "metrics.csv")


def checks_tab(actor: Actor, opened: Opened) -> None:
    """The policy's checks with the values of the moment of submitting."""
    failed = [check for check in opened.submission.checks if not check["passed"]]
    if opened.submission.checks and not failed:
        applies = [check for check in opened.submission.checks if check.get("applies", True)]
        every = "All checks" if applies == opened.submission.checks else "All checks that apply"
        st.success(f"**{every} passed.**", icon=":material/check_circle:")
    elif failed:
        listed = "\n".join(f"- {plain(check['sentence'])}" for check in failed)
        st.warning(f"**{len(failed)} did not pass:**\n\n{listed}", icon=":material/rule:")
    checks_table(list(opened.submission.checks), opened.submission.facts)


def discussion_tab(actor: Actor, opened: Opened) -> None:
    """What was said about it, and a place to say more."""
    board, identifier = services().board, opened.submission.id
    for each in approvals.remarks(board, actor, identifier):
        with st.container(border=True, gap="small"):
            st.caption(f"{plain(each.person_name)}, {each.at:%Y-%m-%d %H:%M} UTC")
            st.markdown(plain(each.text).replace("\n", "  \n"))
    with st.form("remark", clear_on_submit=True):
        text = st.text_area("Comment", max_chars=5_000, placeholder="Everybody here can read it")
        pressed = st.form_submit_button("Add comment", type="primary")
    if pressed:
        if not text.strip():
            raise InvalidInput("The comment is empty.", hint="Write a sentence.")
        approvals.remark(board, actor, identifier, text)
        st.rerun()


def history_tab(actor: Actor, opened: Opened) -> None:
    """Every act on the submission, from the audit trail."""
    events = approvals.history(services().board, actor, opened.submission.id)
    rows = [
        {
            "When (UTC)": event.at.strftime("%Y-%m-%d %H:%M:%S"),
            "Who": event.actor_name,
            "What": words.made(event.act),
            "Detail": words.detail(event.detail, left_out="model"),
        }
        for event in events
    ]
    wrapped(rows, "history")
    whole = [row | {"Detail": json.dumps(e.detail)} for row, e in zip(rows, events, strict=True)]
    download_table("History as CSV", pd.DataFrame(whole), "history.csv")


TABS: Mapping[str, Draw] = {
    "Summary": summary,
    "Content": content_tab,
    "Metrics": metrics_tab,
    "Checks": checks_tab,
    "Explanation": explanation_tab,
    "Fairness": fairness_tab,
    "Documents": documents_tab,
    "Changes": changes_tab,
    "Discussion": discussion_tab,
    "History": history_tab,
}
