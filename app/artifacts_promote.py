"""Work on a release: how far it is, with the way to cancel it; promotion, and its removal."""

import streamlit as st

from app import approval_words as words
from app.markdown import plain
from app.services import services
from app.ui import boundary, confirm, go, live, page_link
from engines import artifacts
from engines.artifacts import Placement, ReleaseView, Repository
from engines.core.access import Actor, Capability
from engines.core.errors import NotFound
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals
from engines.governance.approvals import Standing

STAGES = {
    Repository.DEV: Stage.PUBLISHED,
    Repository.UAT: Stage.UAT,
    Repository.PROD: Stage.PROD,
}
TAKEN_BACK = "What was sent so far is removed again; nothing becomes visible."
CALLED_OFF = "It stays if nothing was removed yet; a removal that has begun is finished."


def under_way(
    actor: Actor, job_key: str, owner_id: str, what: str, cancelled: str = TAKEN_BACK
) -> None:
    """How far a job is, redrawn until it has ended, and its owner's button to cancel it."""
    was_live = _is_live(job_key)

    @live(every="2s" if was_live else None)
    def follow() -> None:
        if not was_live:
            st.warning(
                "The job has ended, and the repository could not be asked yet. Reload the page.",
                icon=":material/cloud_off:",
            )
            return
        status = services().depot.scheduler.status(job_key)
        if not status.is_live:
            st.rerun()
        st.progress(status.fraction, text=plain(status.step) or "Waiting for a worker")
        page_link("The job and its log", "jobs", job=job_key)

    follow()
    mine = was_live and actor.id == owner_id and actor.may(Capability.JOB_CANCEL)
    if mine and st.button(f"Cancel {what}", icon=":material/cancel:"):
        _cancel(actor, job_key, what, cancelled)


def _is_live(job_key: str) -> bool:
    try:
        return services().depot.scheduler.status(job_key).is_live
    except NotFound:
        return False


def _cancel(actor: Actor, job_key: str, what: str, text: str) -> None:
    def act(reason: str) -> None:
        services().depot.scheduler.cancel(actor, job_key, reason)

    confirm(f"Cancel {what}?", text, act, button=f"Cancel {what} now")


def removal(actor: Actor, row: Placement) -> None:
    """What is being removed, how far that is, and the way to call it off."""
    st.markdown(
        f"**{plain(row.actor_name)} removes it from {row.repository}:** {plain(row.reason)}"
    )
    if row.job_key:
        under_way(actor, row.job_key, row.actor_id, "the removal", CALLED_OFF)


def promotion(actor: Actor, view: ReleaseView) -> None:
    """What is being copied or removed; else why that failed, and the form to ask for a copy."""
    if row := view.removing:
        removal(actor, row)
        return
    if row := view.kept:
        st.warning(
            f"**It was not removed from {row.repository}.** {plain(row.error)}",
            icon=":material/delete_forever:",
        )
    if row := view.copying:
        st.markdown(f"**{plain(row.actor_name)} promotes it to {row.repository}.**")
        under_way(actor, row.job_key, row.actor_id, "the promotion")
        return
    if row := view.failed_copy:
        st.error(
            f"**It was not promoted to {row.repository}.** {plain(row.error)}",
            icon=":material/error:",
        )
    if view.next is None or not actor.may(Capability.ARTIFACT_PROMOTE):
        return
    with st.form("promote", border=True):
        st.markdown(f"**Promote to {view.next}**")
        _beforehand(actor, view.release.model, STAGES[view.next])
        reason = st.text_input("Reason", max_chars=300, placeholder="Kept in the audit trail")
        pressed = st.form_submit_button(f"Promote to {view.next}", type="primary")
    if pressed:
        with boundary():
            artifacts.request_promotion(services().depot, actor, view.release.id, view.next, reason)
            go("artifacts", release=view.release.id)


def in_use(actor: Actor, view: ReleaseView) -> None:
    """Whether the approval of where the release is still holds; why not, before anything else."""
    failing = _failing(actor, view.release.model, STAGES[view.furthest]) if view.furthest else None
    if failing:
        st.error(
            f"**The gate refuses its use in {view.furthest} now:** {plain(failing.reason)}",
            icon=":material/gpp_bad:",
        )


def _beforehand(actor: Actor, model: ModelRef, stage: Stage) -> None:
    """What the gate is going to say of this model there, before anybody asks it."""
    failing = _failing(actor, model, stage)
    if failing is None:
        st.caption(f":material/verified: It is approved for {words.STAGES[stage]}.")
        return
    st.warning(f"**The gate would refuse it:** {plain(failing.reason)}", icon=":material/block:")
    page_link("What its approval needs", "approval", icon=":material/approval:",
              model=str(model), stage=failing.stage.value)  # fmt: skip


def _failing(actor: Actor, model: ModelRef, stage: Stage) -> Standing | None:
    """The first stage up to this one whose approval does not hold."""
    try:
        found = approvals.standings(services().board, actor, model)
    except NotFound:
        return None  # the gate says it
    reached = next(each for each in found if not each.holds or each.stage is stage)
    return None if reached.holds else reached
