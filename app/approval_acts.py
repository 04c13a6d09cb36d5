"""Acts on one submission: vote, withdraw, submit again, revoke, raise the tier, delegate."""

from datetime import UTC, datetime, time, timedelta

import streamlit as st

from app import approval_words as words
from app.markdown import plain
from app.services import services
from app.ui import boundary, confirm, page_link
from engines.core.access import Actor, Capability, Role
from engines.core.database import now
from engines.core.errors import InvalidInput
from engines.governance import approvals, policies
from engines.governance.approvals import Decision, Delegation, Opened, Part, State

AGAIN = frozenset({State.RETURNED, State.WITHDRAWN, State.VOID, State.EXPIRED, State.REJECTED})


def acts(actor: Actor, opened: Opened, owns: bool) -> None:
    """The buttons for what this person may do now; the engine checks each again."""
    row = opened.submission
    lent = lenders(actor)
    why = words.refusal(actor, opened, [each.role for each in lent])
    with st.container(horizontal=True, vertical_alignment="center"):
        if not why and st.button("Vote", type="primary", icon=":material/how_to_vote:"):
            _vote(actor, opened, lent)
        if owns and actor.may(Capability.MODEL_SUBMIT):
            _of_makers(actor, opened)
        if actor.may(Capability.APPROVAL_REVOKE):
            _of_reviewers(actor, opened)
    if why and row.state == State.SUBMITTED:
        st.caption(plain(why))


def lenders(actor: Actor) -> list[Delegation]:
    """The delegations that the person may use now."""
    if not actor.may(Capability.DELEGATE_OWN):
        return []
    moment = now()
    return [
        each
        for each in approvals.delegations(services().board, actor)
        if each.taker_id == actor.id
        and each.ended_at is None
        and each.begins_at <= moment < each.ends_at
    ]


def _of_makers(actor: Actor, opened: Opened) -> None:
    row, board = opened.submission, services().board
    waits = row.state in (State.DRAFT, State.SUBMITTED)
    if waits and st.button("Withdraw", icon=":material/undo:"):
        confirm(
            "Withdraw the submission",
            "Nobody decides about it any more. It can be submitted again.",
            lambda reason: _done(approvals.withdraw(board, actor, row.id, reason)),
            "Withdraw",
        )
    if row.state == State.DRAFT or row.state in AGAIN:
        label = "Go on with this draft" if row.state == State.DRAFT else "Submit again"
        page_link(label, "approval", icon=":material/send:", model=str(row.model), stage=row.stage)


def _of_reviewers(actor: Actor, opened: Opened) -> None:
    row, board = opened.submission, services().board
    if row.state == State.APPROVED and st.button("Revoke", icon=":material/gpp_bad:"):
        confirm(
            "Revoke the approval",
            "The model may not be used from this moment on, at this stage and every later one.",
            lambda reason: _done(approvals.revoke(board, actor, row.id, reason)),
            "Revoke",
        )
    if row.state in (State.SUBMITTED, State.APPROVED):
        higher = _higher(opened)
        if higher and st.button("Raise the tier", icon=":material/stat_2:"):
            _raise_tier(actor, opened, higher)


def _done(_: object) -> None:
    st.toast("Done", icon=":material/check:")


def _higher(opened: Opened) -> dict[str, str]:
    """Tiers above the submission's: key → title and meaning."""
    rules = policies.current(services().db, services().board.policy).policy.tiers
    above = rules[opened.submission.tier_position + 1 :]
    return {rule.key: f"{rule.title}: {rule.meaning}" for rule in above}


@st.dialog("Raise the tier", width="medium")
def _raise_tier(actor: Actor, opened: Opened, higher: dict[str, str]) -> None:
    """A higher tier asks for more; approvals for a lower one stop holding."""
    st.markdown("A higher tier asks for more votes and checks. It cannot be lowered again.")
    with st.form("tier", border=False):
        tier = st.radio("Tier", list(higher), format_func=higher.__getitem__)
        reason = st.text_input("Reason", max_chars=300, placeholder="Kept in the audit trail")
        pressed = st.form_submit_button("Raise", type="primary")
    if pressed:
        with boundary():
            model = opened.submission.model
            approvals.raise_tier(services().board, actor, model, tier, reason)
            st.rerun()


@st.dialog("Your vote", width="large")
def _vote(actor: Actor, opened: Opened, lent: list[Delegation]) -> None:
    """Approve, return or reject exactly the content named by its hash."""
    row, board = opened.submission, services().board
    st.markdown(f"**{plain(words.title(row))}**, {words.ASKED[row.at_stage]}")
    st.markdown("You vote on the content with this SHA-256, and on nothing else:")
    st.code(row.content_hash, language=None)
    parts = approvals.parts(board, actor, row.id)
    with st.form("vote", border=False):
        decision = st.radio(
            "Decision", list(Decision), format_func=words.DECISIONS.get, horizontal=True, index=None
        )
        looked = _confirmed(parts)
        voice = _voice(actor, lent)
        reason = st.text_area(
            "Reason", max_chars=2_000, placeholder="Shown to the makers, kept in the audit trail"
        )
        pressed = st.form_submit_button("Vote", type="primary")
    if pressed:
        with boundary():
            if decision is None or not reason.strip():
                raise InvalidInput("A decision and a reason are needed.", hint="Fill in both.")
            approvals.vote(board, actor, row.id, decision, row.content_hash, reason, looked, voice)
            st.toast("Your vote is counted", icon=":material/how_to_vote:")
            st.rerun()


def _confirmed(parts: list[Part]) -> list[str]:
    """The parts that the person says they looked at; what they confirmed before is ticked."""
    st.markdown("**I have looked at** (an approval needs all of them)")
    asked, known = [p for p in parts if not p.known], [p for p in parts if p.known]
    with st.container(horizontal=True, gap="medium"):
        ticked = [p.name for p in asked if st.checkbox(_part(p.name), key=f"part:{p.name}")]
    if known:
        names = ", ".join(_part(part.name).lower() for part in known)
        st.caption(f"Unchanged since you confirmed it, so not asked again: {names}.")
    return ticked + [part.name for part in known]


def _part(name: str) -> str:
    """A part of the content in words: “document:model_card” is “Model card”."""
    return name.removeprefix("document:").replace("_", " ").capitalize()


def _voice(actor: Actor, lent: list[Delegation]) -> str:
    """In whose name the vote is given; "" for one's own."""
    if not lent:
        return ""
    givers = {"": "my own"} | {each.giver_id: f"{each.giver_name} ({each.role})" for each in lent}
    return str(st.selectbox("In the name of", list(givers), format_func=givers.__getitem__))


def delegations(actor: Actor) -> None:
    """What the person has handed to others and was handed, and a new delegation."""
    board = services().board
    found = approvals.delegations(board, actor)
    for each in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_delegation(actor, each), width="stretch")
            mine = each.giver_id == actor.id and each.ended_at is None and each.ends_at > now()
            if mine and st.button("Take back", key=f"end:{each.id}"):
                approvals.end_delegation(board, actor, each.id)
                st.rerun()
    if not found:
        st.caption("You have delegated nothing, and nothing was delegated to you.")
    _delegate(actor)


def _delegation(actor: Actor, row: Delegation) -> str:
    taken = f" (taken back {row.ended_at:%Y-%m-%d})" if row.ended_at else ""
    until = f"{row.begins_at:%Y-%m-%d} to {row.ends_at:%Y-%m-%d}{taken}"
    if row.giver_id == actor.id:
        return f"{plain(row.taker_name)} votes for you as {row.role}, {until}"
    return f"You vote for {plain(row.giver_name)} as {row.role}, {until}"


def _delegate(actor: Actor) -> None:
    """A form for a new delegation."""
    people = approvals.voters(services().board, actor)
    roles = [role for role in (Role.CHECKER, Role.VALIDATOR, Role.DEPLOYER) if role in actor.roles]
    if not people or not roles:
        st.caption("There is nobody else who votes.")
        return
    with st.form("delegate", clear_on_submit=True):
        taker = st.selectbox("To", list(people), format_func=people.__getitem__)
        role = st.selectbox("My vote as", roles, format_func=str)
        days = st.date_input("From and to (UTC)", (now().date(), now().date()))
        reason = st.text_input("Reason", max_chars=300, placeholder="Kept in the audit trail")
        pressed = st.form_submit_button("Delegate")
    if pressed:
        with boundary():
            begins, ends = _period(days)
            approvals.delegate(services().board, actor, taker, role, begins, ends, reason)
            st.rerun()


def _period(days: object) -> tuple[datetime, datetime]:
    """From the start of the first day to the end of the last. Raises InvalidInput."""
    if not isinstance(days, tuple) or len(days) != 2:
        raise InvalidInput("The period has no end.", hint="Choose a first and a last day.")
    first, last = (datetime.combine(day, time(), UTC) for day in days)
    return first, last + timedelta(days=1)
