"""The editor of the Policies page: the text, its faults by line, what it would change, publish."""

import pandas as pd
import streamlit as st

from app.markdown import plain
from app.policies_view import STAGES, difference, publish
from app.policy_words import vocabulary
from app.services import services
from app.ui import boundary, confirm, download_table
from engines.core.access import Actor
from engines.governance import approvals, policies
from engines.governance.policies import Fault, PolicyVersion, PreviewRow

MOST_FAULTS = 20


def editor(actor: Actor, newest: PolicyVersion) -> None:
    """Edit the newest version's text; nothing is kept until it is published."""
    st.caption(
        "Nothing counts until it is published. Submissions already made keep the version they were "
        "made under. Another name in the line “policy:” makes a new policy."
    )
    key = f"policy:{newest.name}:{newest.version}"
    text = st.text_area("Text of the policy (YAML)", newest.text, height=460, key=key)
    st.caption("Press Ctrl+Enter, or click beside the field, to have the text checked.")
    words = vocabulary(services().templates)
    found = policies.faults(text, words)
    if found:
        _faults(text, found)
        return
    if text == newest.text:
        st.caption(f"The text is that of version {newest.version}.")
        return
    st.success("**The text is sound.**", icon=":material/check_circle:")
    _changes(actor, newest, text)
    if st.button("Publish", type="primary", icon=":material/publish:"):
        _ask(actor, newest, text)


def _faults(text: str, found: tuple[Fault, ...]) -> None:
    count = "One fault" if len(found) == 1 else f"{len(found)} faults"
    st.error(f"**{count}; this cannot be published.**", icon=":material/error:")
    lines = text.splitlines()
    for fault in found[:MOST_FAULTS]:
        st.markdown(f"**Line {fault.line}:** {plain(fault.message)} {plain(fault.fix)}")
        if fault.line <= len(lines) and (line := lines[fault.line - 1]).strip():
            st.code(f"{fault.line:>4}  {line}", language=None)
    if len(found) > MOST_FAULTS:
        st.caption(f"{len(found) - MOST_FAULTS} more are shown when these are mended.")


def _changes(actor: Actor, newest: PolicyVersion, text: str) -> None:
    with st.expander(f"Difference to version {newest.version}", expanded=True):
        st.code(difference(newest.text, text), language="diff")
    st.subheader("What it would have changed", anchor=False)
    with boundary():
        svc = services()
        past = approvals.past_submissions(svc.board, actor)
        rows = policies.preview(svc.db, actor, text, past, vocabulary(svc.templates))
        _preview(rows)


def _preview(rows: list[PreviewRow]) -> None:
    changed = [row for row in rows if row.changed]
    if not rows:
        st.caption("There are no submissions yet to try it on.")
        return
    st.markdown(
        f"**{len(changed)} of {len(rows)} past submissions** would have come out differently: "
        f"{sum(not row.after.passed for row in changed)} would fail, "
        f"{sum(row.after.passed for row in changed)} would pass."
        if changed
        else f"**None of {len(rows)} past submissions** would have come out differently."
    )
    if changed:
        frame = pd.DataFrame([_row(row) for row in changed])
        st.dataframe(frame, hide_index=True, width="stretch")
        download_table("As CSV", frame, "policy-preview.csv")


def _row(row: PreviewRow) -> dict[str, str]:
    return {
        "Submission": row.title or row.id[:8],
        "Stage": STAGES[row.stage],
        "Before": _outcome(row.before),
        "After": _outcome(row.after),
        "Why": " ".join(row.reasons),
    }


def _outcome(outcome: policies.Outcome | None) -> str:
    if outcome is None:
        return "version not kept"
    return f"{'passes' if outcome.passed else 'fails'}, tier {outcome.tier}"


def _ask(actor: Actor, newest: PolicyVersion, text: str) -> None:
    name = policies.parse(text).name
    based_on = newest.version if name == newest.name else 0

    def act(reason: str) -> None:
        publish(actor, text, reason, based_on)

    confirm(
        "Publish this policy?",
        f"It becomes **version {based_on + 1} of {plain(name)}**. A published version never "
        "changes; undo by publishing an earlier one again.",
        act,
        "Publish",
    )
