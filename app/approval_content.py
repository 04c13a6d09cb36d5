"""What a submission froze, looked at again now, and what is different from the one before."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import approval_words as words
from app.markdown import plain, within
from app.policy_words import document_words, policy_title
from app.rows import wrapped
from app.services import services
from app.ui import STATES, download_table, page_link, state_badge
from engines.core.access import Actor
from engines.governance import approvals
from engines.governance.approvals import Change, Differing, Opened

DOCUMENT, POLICY = "document", "policy"
ITEMS = {
    "commit": "Commit", "table": "Table", "lock": "Lock file", "metrics": "All metrics",
    "objective": "Objective",
}  # fmt: skip
MOST_NAMED = 5


def item_name(kind: str, name: str) -> str:
    """An item of the content by its title: a section of a document, a policy, a file."""
    document, _, section = name.partition("/")
    templates = services().templates
    if kind == DOCUMENT and document in templates.kinds:
        return document_words(templates, document, [section])
    policy, _, number = name.rpartition(" ")
    if kind == POLICY and number.isdecimal():
        return policy_title(services().db, policy, int(number))
    return name if kind == "model_file" else ITEMS.get(name, name)


def change_words(change: Change) -> str:
    """What became of an item, in words."""
    kind = within(words.KINDS.get(change.kind, change.kind))
    return f"{kind} “{item_name(change.kind, change.name)}” {change.what}"


def changed_words(changes: Sequence[Change]) -> str:
    """The changed content in one sentence; the first few by name."""
    named = "; ".join(change_words(change) for change in changes[:MOST_NAMED])
    left = len(changes) - MOST_NAMED
    return f"{named}{f'; and {left} more' if left > 0 else ''}."


def content_tab(actor: Actor, opened: Opened) -> None:
    """Every item with its hash, looked at again now."""
    if not opened.items:
        st.info("Nothing is frozen yet: this is a draft.", icon=":material/edit_note:")
        return
    count = len(opened.items)
    if opened.changes:
        st.error(f"**Changed:** {plain(changed_words(opened.changes))}", icon=STATES["void"][1])
    else:
        st.success(f"**All {count} items are as they were submitted.**", icon=":material/verified:")
    changed = {(change.kind, change.name): change for change in opened.changes}
    rows = [
        {
            "Kind": words.KINDS.get(item.kind, item.kind),
            "Item": item_name(item.kind, item.name),
            "Now": _state_now(changed.pop((item.kind, item.name), None)),
            "SHA-256": item.sha256,
            "What it is": item.detail,
        }
        for item in sorted(opened.items, key=lambda item: (item.kind, item.name) not in changed)
    ]
    rows += [
        {
            "Kind": words.KINDS.get(new.kind, new.kind),
            "Item": item_name(new.kind, new.name),
            "Now": "✗ new",
            "SHA-256": new.after,
            "What it is": "not there when submitted",
        }
        for new in changed.values()
    ]
    wrapped(rows, "content", hashes="SHA-256")
    download_table("Content as CSV", pd.DataFrame(rows), "content.csv")
    st.caption(f"SHA-256 over this list: `{opened.submission.content_hash}`")


def _state_now(change: Change | None) -> str:
    if change is None:
        return "✓ as submitted"
    return "✗ gone" if change.is_gone else "✗ changed"


def changes_tab(actor: Actor, opened: Opened) -> None:
    """What is different from the submission before."""
    found = approvals.difference(services().board, actor, opened.submission.id)
    if found.previous is None:
        st.info("This is the first submission for this stage.", icon=":material/info:")
        return
    before = found.previous
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Compared with")
        page_link(f"the submission of {before.submitted_at:%Y-%m-%d %H:%M}", "approval",
                  submission=before.id)  # fmt: skip
        state_badge(before.state)
    parts = {"Metrics": found.metrics, "Columns": found.schema, "Parameters": found.parameters}
    for name, rows in parts.items():
        _differing(name, rows)
    st.subheader("Documents", anchor=False)
    for each in found.documents:
        st.markdown(f"**{plain(item_name(DOCUMENT, each.name))}**")
        st.code(each.text or "Not written before, or not any more.", language="diff")
    if not found.documents:
        st.caption("No section changed.")
    st.subheader("Content", anchor=False)
    if found.items:
        st.markdown("\n".join(f"- {plain(change_words(each))}" for each in found.items))
    else:
        st.caption("Nothing changed.")


def _differing(name: str, rows: tuple[Differing, ...]) -> None:
    st.subheader(name, anchor=False)
    if not rows:
        st.caption("Nothing changed.")
        return
    told = [{"Name": r.name, "Before": _text(r.before), "Now": _text(r.after)} for r in rows]
    st.dataframe(pd.DataFrame(told), hide_index=True)


def _text(value: object) -> str:
    return "–" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
