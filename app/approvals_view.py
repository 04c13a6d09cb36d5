"""The queue of the Approvals page: what waits for the person first, then every submission."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

import streamlit as st

from app import approval_words as words
from app.filters import some_of
from app.markdown import plain
from app.paging import page_buttons, page_number
from app.rows import listed
from app.services import services
from app.table_download import csv_button
from app.ui import STATES, empty_state, page_link, state_badge
from engines import results, training
from engines.core.access import Actor, Capability
from engines.core.database import now
from engines.core.gate import Stage
from engines.governance import approvals
from engines.governance.approvals import Filter, Listed, State, Submission
from engines.training import TITLES, Task

WIDTHS = (5, 2, 2, 4, 3)
HEADS = ("Model", "Stage", "Tier", "State", "Age")
NEWEST = 5  # runs whose models are offered
STATE_NAMES = {state.value: STATES[state][0] for state in State}
STAGE_NAMES = {stage.value: title for stage, title in words.STAGES.items()}
MAKERS_TURN = frozenset({State.DRAFT, State.RETURNED, State.VOID, State.EXPIRED})


def waiting(actor: Actor) -> None:
    """What waits for this person: votes they may give, submissions of their own to go on with."""
    found = approvals.waiting(services().board, actor) if _votes(actor) else []
    own = _own_turn(actor) if actor.may(Capability.MODEL_SUBMIT) else []
    if not found and not own:
        if _votes(actor):
            st.success("Nothing waits for your vote.", icon=":material/check_circle:")
        return
    if found:
        st.subheader(f"Waiting for your vote: {len(found)}", anchor=False)
        rows(found, "votes")
    if own:
        st.subheader(f"Yours to go on with: {len(own)}", anchor=False)
        rows(own, "own")


def _votes(actor: Actor) -> bool:
    return actor.may(Capability.APPROVAL_VOTE)


def _own_turn(actor: Actor) -> list[Listed]:
    """The maker's newest submission of each model and stage, where the next act is theirs."""
    newest: dict[tuple[str, str, str], Listed] = {}
    for each in approvals.find(services().board, actor, Filter(submitter_id=actor.id)).rows:
        row = each.submission
        newest.setdefault((row.experiment_id, row.task, row.stage), each)
    return [each for each in newest.values() if each.submission.state in MAKERS_TURN]


def filters(actor: Actor, experiment_id: str = "") -> Filter:
    """What the list is narrowed to; kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        text = st.text_input(
            "Search", placeholder="Name of the model", key="name", bind="query-params", width=220
        )
        states = some_of(
            st.multiselect, "State", "states", STATE_NAMES, placeholder="Any", width=220
        )
        stages = some_of(st.pills, "Stage", "stages", STAGE_NAMES, selection_mode="multi")
        mine = st.toggle("Mine only", key="own", bind="query-params")
    return Filter(
        states=tuple(State(state) for state in states),
        stages=tuple(Stage(stage) for stage in stages),
        experiment_id=experiment_id,
        text=text or "",
        submitter_id=actor.id if mine else "",
        page=page_number("list"),
    )


def models(actor: Actor, experiment_id: str) -> None:
    """The trained models of an experiment, each with the way to submit it."""
    svc = services()
    if not actor.may(Capability.MODEL_SUBMIT):
        return
    runs = training.runs(svc.db, actor, experiment_id, svc.experiments)
    ended = [run for run in runs if run.state == "succeeded"][:NEWEST]
    if not ended:
        empty_state(
            "No model to submit",
            "A model is submitted when its training has ended.",
            action="Train models",
            page="training",
            experiment=experiment_id,
        )
        return
    st.subheader("Submit a model", anchor=False)
    with st.container(horizontal=True):
        for run in ended:
            for task in results.finished_tasks(svc.runs, actor, run.id):
                label = f"{TITLES[Task(task)]}, {run.created_at:%Y-%m-%d %H:%M}"
                page_link(label, "approval", icon=":material/send:", model=f"{run.id}/{task}")
    st.subheader("Submissions of this experiment", anchor=False)


def everything(actor: Actor, experiment_id: str = "") -> None:
    """All submissions, searched and filtered, page by page."""
    chosen = filters(actor, experiment_id)
    found = approvals.find(services().board, actor, chosen)
    if found.total:
        count = "1 submission" if found.total == 1 else f"{found.total:,} submissions"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{count}, newest first")
            st.space("stretch")
            csv_button("CSV", lambda: _table(actor, chosen), "submissions.csv")
        rows(found.rows, "all")
        page_buttons(found.total, found.size, "list")
    elif chosen.states or chosen.stages or chosen.text or chosen.submitter_id:
        empty_state("Nothing matches", "Change the search or the filters.")
    else:
        _nothing_yet(actor, experiment_id)


def _table(actor: Actor, chosen: Filter) -> list[dict[str, object]]:
    """All submissions that match, as rows of a table."""
    found: list[dict[str, object]] = []
    for page in count(1):
        shown = approvals.find(services().board, actor, replace(chosen, page=page))
        found += [_told(each.submission) for each in shown.rows]
        if page * shown.size >= shown.total:
            break
    return found


def _told(row: Submission) -> dict[str, object]:
    return {
        "submission": row.id, "model": str(row.model), "title": words.title(row),
        "stage": words.STAGES[row.at_stage], "tier": row.tier, "state": STATE_NAMES[row.state],
        "submitted_by": row.submitter_name, "submitted_at": row.submitted_at,
        "answer_by": row.answer_by, "decided_at": row.decided_at, "expires_at": row.expires_at,
        "policy": f"{row.policy_name} {row.policy_version}", "content": row.content_hash,
        "reason": row.reason,
    }  # fmt: skip


def _nothing_yet(actor: Actor, experiment_id: str) -> None:
    may = actor.may(Capability.MODEL_SUBMIT)
    page = "results" if experiment_id else "experiments"
    empty_state(
        "No submissions yet",
        "A submission freezes a model's content and asks the reviewers for their approval.",
        action="Submit a model from Results" if may else "",
        page=page if may else "",
        experiment=experiment_id,
    )


def rows(found: Sequence[Listed], key: str) -> None:
    """One row per submission: its link, stage, tier, state, age and when an answer is due."""
    moment = now()
    listed(WIDTHS, HEADS, found, lambda each: _row(each, moment), key=f"rows:{key}")


def _row(each: Listed, moment: datetime) -> None:
    row = each.submission
    model, stage, tier, state, old = st.columns(WIDTHS, vertical_alignment="center")
    with model.container(gap=None):
        page_link(f"**{plain(words.title(row))}**", "approval", submission=row.id)
        st.caption(f"by {plain(row.submitter_name)}")
    stage.markdown(words.STAGES[row.at_stage])
    tier.markdown(plain(row.tier.capitalize()) or "–")
    with state.container(gap=None):
        state_badge(row.state)
        if each.waits_for:
            st.caption(f"for {words.waits(each.waits_for)}")
    with old.container(gap=None):
        st.markdown(words.age(row.submitted_at or row.created_at, moment))
        _due(row, moment)
        if row.state == State.SUBMITTED and row.escalated_at:
            st.caption(f":material/upgrade: {words.escalated(row, each.stand_ins, moment)}")


def _due(row: Submission, moment: datetime) -> None:
    if row.state != State.SUBMITTED or row.answer_by is None:
        return
    text = words.due(row.answer_by, moment)
    if row.answer_by < moment:
        st.badge(text.capitalize(), icon=":material/alarm:", color="red")
    else:
        st.caption(text)
