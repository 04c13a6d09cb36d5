"""The form that publishes an approved model."""

import streamlit as st

from app.markdown import plain
from app.model_choice import labels
from app.services import services
from app.ui import boundary, go, page_link
from engines import artifacts, projects
from engines.artifacts import Format, ReleaseRequest, Scheme
from engines.core.access import Actor
from engines.core.gate import Stage
from engines.core.model_ref import ModelRef
from engines.governance import approvals
from engines.governance.approvals import State, Submission

SCHEMES = {Scheme.SEMANTIC: "Semantic (1.4.0)", Scheme.DATE: "By date (2026.11.23)"}
FORMATS = {Format.ZIP: "zip", Format.TAR_GZ: "tar.gz", Format.WHEEL: "Python wheel"}


def approved(actor: Actor, experiment_id: str) -> list[Submission]:
    """Models whose approval for publishing stands, newest first; the gate has the last word."""
    wanted = approvals.Filter((State.APPROVED,), (Stage.PUBLISHED,), experiment_id=experiment_id)
    return [one.submission for one in approvals.find(services().board, actor, wanted).rows]


def publish_form(actor: Actor, experiment_id: str) -> None:
    """Choose the model, the name, the version, the packages; then publish as a job."""
    found = {f"{one.run_id}/{one.task}": one for one in approved(actor, experiment_id)}
    if not found:
        st.markdown("**No model is approved for publishing.**")
        st.caption(
            "Submit one for the stage Publishing and have it approved; it appears here then."
        )
        page_link("To the approvals", "approvals", icon=":material/arrow_forward:")
        return
    names = labels(services().models.all(actor))
    chosen = st.selectbox(
        "Approved model", list(found), format_func=lambda key: names.get(key, key)
    )
    model = ModelRef.parse(chosen)
    name, scheme = _name(actor, found[chosen])
    with boundary():
        said = artifacts.suggestion(services().depot, actor, model, name, scheme)
        _details(actor, model, name, scheme, said)


def _name(actor: Actor, submission: Submission) -> tuple[str, Scheme]:
    known = artifacts.releases(services().depot, actor, submission.experiment_id)
    title = projects.get(services().db, actor, submission.experiment_id).name
    usual = known[0].release.name if known else artifacts.suggested_name(title)
    left, right = st.columns(2)
    name = left.text_input("Name", usual, max_chars=60, key=f"name:{submission.id}")
    scheme = right.selectbox("Versions", list(SCHEMES), format_func=lambda one: SCHEMES[one])
    return name, scheme


def _details(
    actor: Actor, model: ModelRef, name: str, scheme: Scheme, said: artifacts.Suggestion
) -> None:
    with st.form("publish"):
        version = st.text_input("Version", said.version, key=f"version:{model}:{name}:{scheme}")
        st.caption(f"Suggested: {said.version}. {plain(said.reason)}")
        notes = st.text_area("Release notes", max_chars=20_000, placeholder="What changed, and why")
        formats = st.multiselect(
            "Packages", list(FORMATS), [Format.ZIP], format_func=lambda one: FORMATS[one]
        )
        pressed = st.form_submit_button("Publish", type="primary")
    if pressed:
        asked = ReleaseRequest(model, name, version.strip(), scheme, notes, tuple(formats))
        release = artifacts.request_release(services().depot, actor, asked)
        go("artifacts", release=release.id)
