"""Parts of the Artifacts page: the list of releases, one release with its files and findings."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.downloads import release_url
from app.markdown import plain
from app.rows import listed, wrapped
from app.services import services
from app.ui import Color, boundary, download_table, empty_state, page_link, state_badge
from engines import artifacts, training
from engines.artifacts import Release, ReleaseState, ReleaseView, Repository, Verified
from engines.core.access import Actor, Capability
from engines.wired_facts import AUDIT, VULNERABILITIES

WIDTHS = (4, 2, 3, 3)
TITLES = ("Release", "State", "Where", "Published (UTC)")
TOLD = {
    "file": "File", "tool": "Tool", "severity": "Weight", "text": "What it says",
    "name": "Library", "version": "Version", "licence": "Licence", "direct": "Asked for itself",
}  # fmt: skip
COLORS: dict[Repository, Color] = {
    Repository.DEV: "gray",
    Repository.UAT: "blue",
    Repository.PROD: "green",
}


def release_rows(views: Sequence[ReleaseView]) -> None:
    """One row per release, newest first."""
    listed(WIDTHS, TITLES, views, _row)


def _row(view: ReleaseView) -> None:
    one = view.release
    name, state, where, at = st.columns(WIDTHS, vertical_alignment="center")
    with name.container(gap=None):
        page_link(f"**{one.title}**", "artifacts", release=one.id)
        st.caption(plain(one.notes.splitlines()[0][:120]) if one.notes else _task(one))
    with state:
        state_badge(one.state)
    with where:
        places(view)
    with at.container(gap=None):
        moment = one.published_at or one.created_at
        st.markdown(f"{moment:%Y-%m-%d %H:%M}")
        st.caption(f"by {plain(one.actor_name)}")


def _task(one: Release) -> str:
    return training.TITLES[training.Task(one.task)]


def places(view: ReleaseView) -> None:
    """The repositories the release is in, as badges."""
    with st.container(horizontal=True, gap="small"):
        for where in view.present:
            st.badge(where.value, icon=":material/inventory_2:", color=COLORS[where])
        if row := view.removing:
            st.badge(f"leaving {row.repository}", icon=":material/delete:", color="orange")
        elif not view.present:
            st.caption("nowhere")


def head(view: ReleaseView) -> None:
    """What the release is, in words."""
    one = view.release
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(one.title, anchor=False, width="content")
        state_badge(one.state)
        places(view)
    with st.container(horizontal=True):
        page_link("All releases", "artifacts", icon=":material/arrow_back:")
        page_link("The model's results", "results", icon=":material/leaderboard:",
                  experiment=one.experiment_id, run=one.run_id, task=one.task)  # fmt: skip
        page_link("In the inventory", "inventory", icon=":material/list_alt:", model=str(one.model))
        page_link("Who decided", "record", icon=":material/gavel:", model=str(one.model))
    st.caption(f"{_task(one)}, model `{one.model}`, asked for by {plain(one.actor_name)}")
    st.markdown(plain(one.notes))


def failed(actor: Actor, release: Release) -> None:
    """Why nothing was published, and the way to try again."""
    st.error(f"**Nothing was published.** {plain(release.error)}", icon=":material/error:")
    if actor.may(Capability.ARTIFACT_PUBLISH) and st.button("Try again", icon=":material/replay:"):
        with boundary():
            artifacts.retry(services().depot, actor, release.id)
            st.rerun()


def verification(actor: Actor, view: ReleaseView) -> None:
    """Fetch and hash every file now, and say what was found."""
    if not st.button("Verify checksums now", icon=":material/fact_check:"):
        return
    with boundary(), st.spinner("Fetching and hashing every file"):
        _verdict(artifacts.verify(services().depot, actor, view.release.id))


def _verdict(checked: Sequence[Verified]) -> None:
    wrong = [one for one in checked if one.fault]
    if not wrong:
        st.success(f"All {len(checked)} files are what was published.", icon=":material/verified:")
        return
    st.error(f"{len(wrong)} of {len(checked)} files are not what was published.")
    for one in wrong[:20]:
        st.markdown(f"- {plain(one.path)} in {one.repository}: {plain(one.fault)}")


def files(actor: Actor, view: ReleaseView) -> None:
    """Every file with its checksum; links to fetch one."""
    rows = [
        {"File": _inside(view.release, one["path"]), "Size": one["size"], "SHA-256": one["sha256"]}
        for one in view.release.files
    ]
    if not rows:
        empty_state("No files yet", "They are listed as soon as the bundle is made.")
        return
    frame = pd.DataFrame(rows)
    _table(frame, Size=st.column_config.NumberColumn(format="bytes", width="small"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if view.furthest and actor.may(Capability.MODEL_DOWNLOAD):
            _fetch(view, [str(row["File"]) for row in rows])
        download_table("List as CSV", frame, f"{view.release.title.replace(' ', '-')}-files.csv")


def _fetch(view: ReleaseView, names: list[str]) -> None:
    packages = [name for name in names if name.startswith("packages/")]
    start = names.index(packages[0]) if packages else 0
    chosen = st.selectbox("File", names, start, width=420)
    where = view.furthest or Repository.DEV
    address = release_url(view.release.id, where.value, chosen)
    st.link_button(f"Download from {where}", address, icon=":material/download:")


def _inside(release: Release, path: str) -> str:
    return path.removeprefix(f"{release.name}/{release.version}/")


def properties(actor: Actor, view: ReleaseView) -> None:
    """What the repository itself says of the release, asked now."""
    if view.furthest is None:
        st.caption("Properties are set when the release becomes visible.")
        return
    with boundary():
        told = artifacts.properties(services().depot, actor, view.release.id, view.furthest)
        _table(pd.DataFrame(told.items(), columns=["Property", "Value"]))


def places_table(view: ReleaseView) -> None:
    """Where the release is or was: since when, by whom, why."""
    rows = [
        {"Repository": one.repository, "State": one.state.capitalize(), "By": one.actor_name,
         "At (UTC)": f"{one.at:%Y-%m-%d %H:%M}", "Reason": one.reason}
        for one in view.placements
    ]  # fmt: skip
    if rows:
        wrapped(rows, "places")


def findings(actor: Actor, release: Release) -> None:
    """What the scan said, known vulnerabilities, missing licences, and whether ONNX is in it."""
    _vulnerabilities(actor, release)
    found = release.facts.get("findings", [])
    if not found:
        st.caption("The scan has not run yet." if _is_open(release) else "The scan found nothing.")
    else:
        wrapped([{TOLD.get(k, k): str(v) for k, v in one.items()} for one in found], "findings")
    needed = release.facts.get("dependencies", [])
    unknown = [one["name"] for one in needed if one["licence"] == "unknown"]
    if unknown:
        st.warning(f"No licence is told by {', '.join(unknown)}.", icon=":material/help:")
    if needed:
        frame = pd.DataFrame(needed).rename(columns=TOLD)
        _table(frame)
        download_table("Libraries as CSV", frame, "libraries.csv")
    if onnx := release.facts.get("onnx"):
        st.caption(f"ONNX: {plain(onnx)}")


def _table(frame: pd.DataFrame, **columns: Any) -> None:
    """A table as high as its rows: only the page scrolls."""
    st.dataframe(frame, hide_index=True, width="stretch", height="content", column_config=columns)


def _vulnerabilities(actor: Actor, release: Release) -> None:
    """How many are known of the libraries the model was trained with, from where, since when."""
    facts = services().facts.audited(actor, release.model)
    count, told = facts.get(VULNERABILITIES), plain(str(facts.get(AUDIT, "")))
    if count is None:
        st.warning(f"**Known vulnerabilities: unknown.** {told}", icon=":material/help:")
    elif count:
        st.error(f"**Known vulnerabilities: {count}.** {told}", icon=":material/gpp_bad:")
    else:
        st.caption(f"No vulnerability is known of the libraries. {told}")


def _is_open(release: Release) -> bool:
    return release.state in (ReleaseState.PUBLISHING, ReleaseState.FAILED)
