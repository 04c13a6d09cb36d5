"""Parts of the Record page: what decided on a request, and where a model stood at a moment."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from app import approval_words as words
from app.markdown import plain, within
from app.policy_words import policy_title
from app.rows import listed
from app.services import services
from app.ui import badge, page_link
from engines.core.database import now
from engines.core.gate import Stage
from engines.governance import approvals
from engines.governance.approvals import GateDecision, Record, Ruling, StageRecord

USES = {
    "trial": "a trial", "download": "a download", "publish": "publication",
    "promote": "promotion", "uat": "use in UAT", "deploy": "deployment to production",
    "score": "scoring", "batch": "scoring in a batch",
}  # fmt: skip
ALLOWED = ("Allowed", ":material/check_circle:", "green")
REFUSED = ("Refused", ":material/block:", "red")
WIDTHS = (3, 2, 2, 3, 4)
HEADS = ("When (UTC)", "Answer", "Who", "For", "Request")


def moment(given: datetime | None) -> datetime:
    """The moment that was typed, as UTC; the present one when none was."""
    return given.replace(tzinfo=UTC) if given else now()


def second(at: datetime) -> str:
    """A moment to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _stage(stage: Stage) -> str:
    """The stage's name in the middle of a sentence."""
    return within(words.STAGES[stage])


def ruling(found: Ruling, title: str) -> None:
    """One decision of the gate: the verdict, then the approval it rests on."""
    row = found.decision
    what = f"{plain(row.actor_name)} asked for {USES.get(row.purpose, row.purpose)}"
    told = f"{what} at {second(row.at)}."
    if row.as_of != row.at and abs(row.as_of - row.at).total_seconds() >= 1:
        told += f" The question was as of {second(row.as_of)}."
    if row.allowed:
        st.success(f"**Allowed.** {told} {_ground(found)}", icon=ALLOWED[1])
    else:
        st.error(f"**Refused.** {told} {plain(row.reason)}", icon=REFUSED[1])
    permit = {"Permit" if row.allowed else "Decision": f"`{row.id}`"}
    _facts(f"{row.run_id}/{row.task}", title, found.record, permit)


def _ground(found: Ruling) -> str:
    """Why it was allowed."""
    if found.record is None:
        return "It needed no approval: a trial, or a maker's or a reviewer's own download."
    return f"The approval for {_stage(found.record.stage)} held then."


def standing(found: Sequence[StageRecord], model: str, title: str, at: datetime) -> None:
    """Where the model stood: the verdict, then the approvals, the deciding one first."""
    held = [each for each in found if each.holds]
    if held:
        upto = _stage(held[-1].stage)
        text = f"**{plain(title)} was approved up to {upto}** at {second(at)}."
        st.success(text, icon=":material/verified:")
    else:
        reason = plain(found[0].reason)
        text = f"**Nobody had let {plain(title)} be used** at {second(at)}. {reason}"
        st.warning(text, icon=":material/block:")
    for each in reversed(found):
        if each.record is not None:
            name = words.STAGES[each.stage]
            label = name if each.holds else f"{name}: did not hold"
            deciding = bool(held) and each is held[-1]
            with st.expander(label, expanded=deciding or not held):
                if not each.holds:
                    st.markdown(plain(each.reason))
                _facts(model, title, each.record, {})
    missing = [_stage(each.stage) for each in found if each.record is None]
    if missing and held:
        st.caption(f"Not approved then for {', '.join(missing)}.")


def _facts(model: str, title: str, record: Record | None, first: dict[str, str]) -> None:
    """Model, data, policy, people, times: the facts of one answer."""
    with st.container(horizontal=True, vertical_alignment="center"):
        page_link(f"**{plain(title)}**", "inventory", icon=":material/list_alt:", model=model)
        st.caption(f"`{model}`", width="content")
        if record is not None:
            page_link("Submission", "approval", icon=":material/approval:",
                      submission=record.submission.id)  # fmt: skip
    facts = first | (_approval(record) if record else {})
    st.markdown("\n".join(f"- **{name}:** {value}" for name, value in facts.items() if value))
    if record is not None and record.fault:
        st.error(plain(record.fault), icon=":material/gpp_bad:")


def _approval(record: Record) -> dict[str, str]:
    row = record.submission
    items = {item.kind: item for item in record.items}
    code = items["code_commit"].detail if "code_commit" in items else ""
    lock = items["environment_lock"].sha256 if "environment_lock" in items else ""
    return {
        "Stage": words.STAGES[Stage(row.stage)],
        "Data": f"file, SHA-256 `{record.data_sha256}`" if record.data_sha256 else "",
        "Code": f"commit `{code}`" if code else "",
        "Libraries": f"lock, SHA-256 `{lock}`" if lock else "",
        "Content": f"`{row.content_hash}`" if row.content_hash else "",
        "Policy": f"{plain(_policy(row))}, tier {row.tier}",
        "Submitted": f"{second(row.submitted_at)} by {plain(row.submitter_name)}"
        if row.submitted_at
        else "",
        "Approved": second(row.decided_at) if row.decided_at else "",
        "Until": f"{row.expires_at:%Y-%m-%d}" if row.expires_at else "",
        "Ended": f"{second(row.ended_at)}: {plain(row.reason)}" if row.ended_at else "",
        "Approvers": "".join(f"\n    - {_approver(vote)}" for vote in record.votes),
    }


def _policy(row: approvals.Submission) -> str:
    return policy_title(services().db, row.policy_name, row.policy_version)


def _approver(vote: approvals.Vote) -> str:
    spoken = vote.principal_id != vote.person_id
    who = f"{vote.person_name} for {vote.principal_name}" if spoken else vote.person_name
    return f"{plain(who)} ({vote.capacity}), {second(vote.at)}"


def uses(rows: Sequence[GateDecision]) -> None:
    """What the gate answered, the newest first, each with the way to its own record."""
    listed(WIDTHS, HEADS, rows, _use)


def _use(row: GateDecision) -> None:
    when, answer, who, what, request = st.columns(WIDTHS, vertical_alignment="center")
    when.markdown(f"{row.at:%Y-%m-%d %H:%M:%S}")
    with answer:
        badge(ALLOWED if row.allowed else REFUSED)
    who.markdown(plain(row.actor_name))
    what.markdown(USES.get(row.purpose, row.purpose))
    with request:
        asked = row.request_id or row.id
        page_link(f"`{asked}`", "record", request=asked)


def json_button(asked: dict[str, Any], found: Sequence[Ruling | StageRecord]) -> None:
    """The answer as a file, with signatures and every item of the content."""
    st.download_button(
        "JSON",
        lambda: json.dumps(
            approvals.as_file(asked, now(), found), default=_plain, indent=2, ensure_ascii=False
        ),
        file_name="record.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        key="record:json",
    )


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
