"""What pages share: who acts, on which experiment, the frame, errors, and small parts of a page."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Literal
from urllib.parse import quote, urlencode
from uuid import uuid4

import pandas as pd
import streamlit as st

from app.markdown import plain
from app.navigation import go, page_link
from app.services import services
from app.session import current_actor
from engines import projects
from engines.core.access import Actor, Capability, require
from engines.core.correlation import correlated, correlation_id
from engines.core.csv_export import to_safe_csv
from engines.core.errors import InvalidInput, MlaasError, NotAllowed, NotFound
from engines.governance.approvals import of_experiments
from engines.projects import Experiment, StepState

__all__ = [
    "STATES", "badge", "boundary", "confirm", "correlated", "download_table", "empty_state",
    "farewell", "go", "header", "live", "next_step", "page_actor", "page_experiment", "page_link",
    "remembered", "state_badge",
]  # fmt: skip

log = logging.getLogger(__name__)

Color = Literal["red", "orange", "blue", "green", "violet", "gray"]

STATES: dict[str, tuple[str, str, Color]] = {
    "draft": ("Draft", ":material/edit_note:", "gray"),
    "data": ("Data set", ":material/table:", "blue"),
    "explored": ("Explored", ":material/query_stats:", "violet"),
    "trained": ("Trained", ":material/model_training:", "green"),
    "queued": ("Queued", ":material/schedule:", "gray"),
    "running": ("Running", ":material/autorenew:", "blue"),
    "succeeded": ("Succeeded", ":material/check_circle:", "green"),
    "failed": ("Failed", ":material/error:", "red"),
    "cancelled": ("Cancelled", ":material/cancel:", "orange"),
    "publishing": ("Publishing", ":material/cloud_upload:", "blue"),
    "published": ("Published", ":material/inventory_2:", "green"),
    "removed": ("Removed", ":material/delete:", "gray"),
    "archived": ("Archived", ":material/archive:", "gray"),
    "submitted": ("Submitted", ":material/hourglass_top:", "blue"),
    "returned": ("Returned", ":material/undo:", "orange"),
    "approved": ("Approved", ":material/verified:", "green"),
    "rejected": ("Rejected", ":material/block:", "red"),
    "withdrawn": ("Withdrawn", ":material/remove_circle:", "gray"),
    "expired": ("Expired", ":material/event_busy:", "orange"),
    "revoked": ("Revoked", ":material/gpp_bad:", "red"),
    "void": ("Void", ":material/broken_image:", "red"),
}
STEP_ICONS = {
    StepState.DONE: ":material/check_circle:",
    StepState.OPEN: ":material/radio_button_unchecked:",
    StepState.WAITING: ":material/hourglass_top:",
    StepState.BLOCKED: ":material/lock:",
}


def farewell(place: str = "") -> None:
    """Say that the session has ended, and lead back to `place`, the page, through the sign-in."""
    last = st.session_state.get("last:experiment")
    asked = st.query_params.to_dict() or ({"experiment": last} if last else {})
    back = quote(f"/{place}?{urlencode(asked)}".rstrip("?"), safe="")
    st.warning("You are signed out.", icon=":material/lock:")
    st.html(f'<a href="/login?next={back}" target="_self" class="sign-in">Sign in again</a>')


def page_actor(capability: Capability) -> Actor:
    """The person in front of the page; stops the page with one sentence when they may not."""
    actor = current_actor()
    if actor is None:
        farewell()
        st.stop()
    try:
        require(actor, capability)
    except NotAllowed as refusal:
        _show(refusal)
        st.stop()
    return actor


def page_experiment(actor: Actor, title: str) -> Experiment:
    """The experiment named in the address, or the last one opened; else an empty state."""
    remembered("experiment")
    identifier = st.query_params.get("experiment")
    if not identifier:
        st.header(title, anchor=False)
        empty_state(
            "No experiment chosen",
            "Every step of the workflow belongs to an experiment.",
            action="Choose or create an experiment",
            page="experiments",
        )
        st.stop()
    try:
        return projects.get(services().db, actor, identifier)
    except NotFound as missing:
        st.session_state.pop("last:experiment", None)
        _show(missing)
        page_link("All experiments", "experiments", icon=":material/arrow_back:")
        st.stop()


def remembered(key: str) -> None:
    """Keep a query parameter through the menu, whose links carry none."""
    slot = f"last:{key}"
    if key in st.query_params:
        st.session_state[slot] = st.query_params[key]
    elif slot in st.session_state:
        st.query_params[key] = st.session_state[slot]


def header(title: str, experiment: Experiment, step: str) -> None:
    """Breadcrumbs, the workflow's steps with their states, and the page's title."""
    with st.container(horizontal=True, vertical_alignment="center", gap=None, key="crumbs"):
        page_link("Experiments", "experiments")
        if step != "experiment":
            st.caption("›", width="content")
            page_link(plain(experiment.name), "experiment", experiment=experiment.id)
        here = title if step != "experiment" else plain(experiment.name)
        st.caption(f"›\u2002{here}", width="content")
        state_badge("archived" if experiment.is_archived else experiment.state)
    with st.container(horizontal=True, gap="small", border=True, key="stepper"):
        for each in projects.steps(experiment, _approval(experiment)):
            _step_link(each, current=each.key == step, experiment_id=experiment.id)
    st.header(title, anchor=False)


def _approval(experiment: Experiment) -> str:
    """How far its models have come towards an approval."""
    actor = current_actor()
    if actor is None:
        return ""
    found = of_experiments(services().db, actor, [experiment.id])
    return found.get(experiment.id, "")


def _step_link(step: projects.Step, current: bool, experiment_id: str) -> None:
    page_link(
        f"**{step.title}**" if current else step.title,
        step.key,
        icon=STEP_ICONS[step.state],
        hint=step.why or f"{step.title}: {step.state}",
        disabled=step.state is StepState.BLOCKED,
        experiment=experiment_id,
    )


def state_badge(state: str) -> None:
    """A state as icon, word and colour."""
    badge(STATES.get(state, (state.capitalize(), ":material/help:", "gray")))


def next_step(label: str, page: str, experiment_id: str) -> None:
    """The way to the next page of the workflow, looking like the button it stands for."""
    with st.container(key=f"next:{page}", width="content"):  # house.css
        page_link(label, page, icon=":material/arrow_forward:", experiment=experiment_id)


def badge(look: tuple[str, str, Any]) -> None:
    """A word with its icon and colour."""
    label, icon, color = look
    st.badge(label, icon=icon, color=color)


def empty_state(
    title: str, text: str, action: str = "", page: str = "", experiment: str = ""
) -> None:
    """Say what is missing here and offer the one next action."""
    with st.container(border=True, horizontal_alignment="center"):
        st.subheader(title, anchor=False, text_alignment="center")
        st.markdown(text, text_alignment="center")
        if action and page:
            page_link(action, page, icon=":material/arrow_forward:", experiment=experiment)


@contextmanager
def boundary() -> Iterator[None]:
    """Show a failure once: ours in its own words, any other as an id to quote."""
    try:
        yield
    except MlaasError as failure:
        _show(failure)
    except Exception:
        identifier = correlation_id() or uuid4().hex
        log.exception("page failed", extra={"correlation_id": identifier})
        st.error(
            f"Something went wrong on our side. Quote this id to the platform team: {identifier}",
            icon=":material/error:",
        )


def _show(failure: MlaasError) -> None:
    st.error(f"**{failure.message}** {failure.hint}", icon=":material/error:")


def live(every: str | None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A part of the page that redraws by itself; its failures stay inside it."""

    def decorate(part: Callable[..., None]) -> Callable[..., None]:
        @wraps(part)
        def guarded(*args: Any, **kwargs: Any) -> None:
            with correlated(), boundary():
                part(*args, **kwargs)

        return st.fragment(guarded, run_every=every)

    return decorate


def confirm(title: str, text: str, act: Callable[[str], None], button: str = "Confirm") -> None:
    """Open a dialog that asks for a reason and then calls `act(reason)`."""

    @st.dialog(title)
    def ask() -> None:
        st.markdown(text)
        with st.form("reason", border=False):
            reason = st.text_input("Reason", max_chars=300, placeholder="Kept in the audit trail")
            pressed = st.form_submit_button(button, type="primary")
        if pressed:
            with boundary():
                if not reason.strip():
                    raise InvalidInput("A reason is missing.", hint="Say in a few words why.")
                act(reason.strip())
                st.rerun()

    ask()


def download_table(label: str, frame: pd.DataFrame, file_name: str) -> None:
    """A CSV of the frame; cells that a spreadsheet would run as formulas are escaped."""
    st.download_button(
        label,
        lambda: to_safe_csv(frame),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download:{file_name}:{label}",
    )
