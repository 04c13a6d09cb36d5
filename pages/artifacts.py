"""Artifacts page: releases, one of them with its files, publishing an approved model."""

import streamlit as st

from app import artifacts_view as view
from app.artifacts_promote import in_use, promotion, under_way
from app.artifacts_publish import publish_form
from app.artifacts_retention import retention
from app.services import services
from app.ui import boundary, empty_state, page_actor, page_link
from engines import artifacts
from engines.artifacts import ReleaseState
from engines.core.access import Capability

actor = page_actor(Capability.ARTIFACT_READ)
depot = services().depot
experiment_id = st.query_params.get("experiment", "")
release_id = st.query_params.get("release", "")


def one_release() -> None:
    """Everything about the release that the address names."""
    shown = artifacts.release(depot, actor, release_id)
    if shown.release.state == ReleaseState.PUBLISHING or shown.copying or shown.removing:
        artifacts.settle(depot)
        shown = artifacts.release(depot, actor, release_id)
    view.head(shown)
    if shown.release.state == ReleaseState.PUBLISHING:
        one = shown.release
        under_way(actor, one.job_key, one.actor_id, "the publishing")
    elif shown.release.state == ReleaseState.FAILED:
        view.failed(actor, shown.release)
    else:
        in_use(actor, shown)
        promotion(actor, shown)
        view.verification(actor, shown)
    names = ["Files", "Where it is", "Scan and licences", "Properties"]
    files, where, found, told = st.tabs(names, key="view", bind="query-params")
    with files:
        view.files(actor, shown)
    with where:
        view.places_table(shown)
    with found:
        view.findings(actor, shown.release)
    with told:
        view.properties(actor, shown)


def all_releases() -> None:
    """The list, and the form to publish one more."""
    found = artifacts.releases(depot, actor, experiment_id)
    if experiment_id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Only of one experiment.", width="content")
            page_link("Releases of all experiments", "artifacts", icon=":material/arrow_back:")
    if actor.may(Capability.ARTIFACT_PUBLISH):
        with st.expander("Publish an approved model", expanded=not found):
            publish_form(actor, experiment_id)
    if found:
        st.caption("1 release" if len(found) == 1 else f"{len(found):,} releases")
        view.release_rows(found)
        retention(actor)
    else:
        empty_state(
            "No releases yet",
            "A release is an approved model with everything needed to run, judge and trace it.",
        )


st.header("Artifacts", anchor=False)
with boundary():
    if release_id:
        one_release()
    else:
        all_releases()
