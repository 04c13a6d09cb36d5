"""What the retention rules would remove, and the button that does it."""

import streamlit as st

from app.services import services
from app.ui import boundary
from engines import artifacts
from engines.core.access import Actor, Capability
from engines.wired_releases import ApprovedForProd


def retention(actor: Actor) -> None:
    """List what is due under `artifacts.keep`, with its reason; nothing where there is no rule."""
    svc = services()
    rules = {str(place): keep for place, keep in svc.settings.artifacts.keep.items()}
    if not rules or not actor.may(Capability.ARTIFACT_PROMOTE):
        return
    needed = ApprovedForProd(svc.board, actor)
    with st.expander("Retention"), boundary():
        due = artifacts.due(svc.depot, actor, rules, needed)
        for one in due:
            st.markdown(f"- {one.release.title} from {one.where}: {one.reason}")
        if not due:
            st.caption("No release is due. What is in prod, or approved for UAT or prod, stays.")
        elif st.button(f"Remove {len(due)} from the repository", icon=":material/delete:"):
            removed = artifacts.retain(svc.depot, actor, rules, needed)
            st.success(f"{len(removed)} removed; the rows and their audit trail stay.")
