"""What the retention rules would remove, and the button that does it."""

import streamlit as st

from app.services import services
from app.ui import boundary
from engines import artifacts
from engines.core.access import Actor, Capability
from engines.core.database import now
from engines.wired_releases import ApprovedForProd


def retention(actor: Actor) -> None:
    """List what is due under `artifacts.keep`, with its reason; nothing where there is no rule."""
    svc = services()
    rules = {str(place): keep for place, keep in svc.settings.artifacts.keep.items()}
    if not rules:
        return
    needed = ApprovedForProd(svc.board, actor)
    with st.expander("Retention"), boundary():
        _schedule(actor)
        due = artifacts.due(svc.depot, actor, rules, needed)
        for one in due:
            st.markdown(f"- {one.release.title} from {one.where}: {one.reason}")
        if not due:
            st.caption("No release is due. What is in prod, or approved for UAT or prod, stays.")
        elif actor.may(Capability.ARTIFACT_PROMOTE) and st.button(
            f"Remove {len(due)} from the repository", icon=":material/delete:"
        ):
            asked = artifacts.request_removals(svc.depot, actor, rules, needed)
            st.toast(f"{len(asked)} queued for removal; the rows and their audit trail stay.")
            st.rerun()


def _schedule(actor: Actor) -> None:
    """When the hourly process removes next what is listed."""
    svc = services()
    every = svc.settings.artifacts.remove_every_hours
    at = artifacts.next_retention(svc.depot, actor, every)
    if at is None:
        st.caption("Nothing is removed by itself: `artifacts.remove_every_hours` is not set.")
    elif at <= now():
        st.caption("What is due is removed within the hour, while a worker runs.")
    else:
        st.caption(f"What is due is removed after {at:%Y-%m-%d %H:%M} UTC, while a worker runs.")
