"""Record page: which model, data, policy and people decided, by request or as of a moment."""

import streamlit as st

from app.filters import one_of
from app.model_choice import labels
from app.record_view import json_button, moment, ruling, second, standing, uses
from app.services import services
from app.ui import boundary, empty_state, page_actor
from engines.core.access import Capability
from engines.core.errors import NotFound
from engines.core.model_ref import ModelRef
from engines.governance import approvals

MOST_USES = 20
actor = page_actor(Capability.APPROVAL_READ)
svc = services()


def title(model: ModelRef) -> str:
    """The model in words, also when it is no longer there."""
    try:
        return svc.models.of(actor, model).title
    except NotFound:
        return str(model)


def by_request(identifier: str) -> None:
    """Every decision of the gate on this request."""
    found = approvals.rulings(svc.board, actor, identifier)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("1 decision" if len(found) == 1 else f"{len(found)} decisions")
        st.space("stretch")
        json_button({"request": identifier}, found)
    for each in found:
        ruling(each, title(ModelRef(each.decision.run_id, each.decision.task)))


def by_moment(model: ModelRef) -> None:
    """Where the model stood, and what was asked of it until then."""
    at = moment(given)
    found = approvals.stood(svc.board, actor, model, at)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"As of {second(at)}")
        st.space("stretch")
        json_button({"model": str(model), "at": at}, found)
    standing(found, str(model), title(model), at)
    asked = approvals.decisions(svc.board, actor, model, MOST_USES, until=at)
    st.subheader("Asked for until then", anchor=False)
    if asked:
        uses(asked)
    else:
        st.caption("Nobody had asked for this model by then.")


st.header("Record", anchor=False)
names = labels(svc.models.all(actor))
if linked := st.query_params.get("model"):
    names.setdefault(linked, linked)  # a model that is gone has a record still
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    request = st.text_input("Request", key="request", bind="query-params", width=220,
                            placeholder="Id of a request or of a permit")  # fmt: skip
    chosen = one_of(st.selectbox, "or a model", "model", names, index=None, placeholder="Choose",
                    width=380, disabled=bool(request))  # fmt: skip
    given = st.datetime_input("at (UTC)", None, key="at", bind="query-params", step=60, width=220,
                              disabled=bool(request), help="Empty: now.")  # fmt: skip

with boundary():
    if request and request.strip():
        by_request(request.strip())
    elif chosen:
        by_moment(ModelRef.parse(chosen))
    else:
        empty_state(
            "Who decided?",
            "Give the id of a request, or choose a model and a moment: here stand the model, "
            "data, policy and people behind it, as of then.",
        )
