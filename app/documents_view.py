"""Parts of the Documents page: what is missing, downloads, a section's text, editor, history."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app import documents_explained, documents_facts
from app.markdown import plain
from app.results_view import Opened, chosen
from app.services import services
from app.ui import boundary
from engines import results
from engines.core.access import Actor, Capability
from engines.core.errors import NotAllowed, NotReady
from engines.core.model_ref import ModelRef
from engines.governance import approvals, documents
from engines.governance.documents import Heading, Kind, Row, Section, Standing, State
from engines.training import TITLES, Task

KEPT = 200  # drawings held in memory for all visitors
Rows = tuple[Row, ...]
UNSAVED = "documents:unsaved"
STATES = {
    State.MISSING: (":material/error:", "missing"),
    State.DRAFTED: (":material/draft:", "drafted from the run"),
    State.WRITTEN: (":material/check_circle:", "written"),
}
FORMATS = {"docx": "Word (DOCX)", "pdf": "PDF", "html": "HTML"}


@dataclass(frozen=True)
class Document:
    """What the page shows: one document of one model, and whether this person writes it."""

    actor: Actor
    opened: Opened
    title: str
    key: str
    kind: Kind
    sections: list[Standing]
    may_write: bool

    @property
    def model(self) -> ModelRef:
        """The model the document is about."""
        return ModelRef(self.opened.run.id, self.opened.files.task)

    @property
    def missing(self) -> list[Standing]:
        """The sections that are asked for and not done."""
        return [each for each in self.sections if each.state is State.MISSING]


def choose(opened: Opened, title: str) -> Document:
    """Ask which document, kept in the address, and read it."""
    svc, actor = services(), opened.actor
    kinds = svc.templates.kinds
    titles = {key: kinds[key].title for key in documents.STORED_KINDS}
    key = chosen("Document", "kind", list(titles), titles)
    model = ModelRef(opened.run.id, opened.files.task)
    stored = documents.read(svc.documents, actor, model)
    sections = documents.standings(svc.templates, key, stored)
    may_write = _may_write(opened, kinds[key])
    return Document(actor, opened, title, key, kinds[key], sections, may_write)


def _may_write(opened: Opened, kind: Kind) -> bool:
    if kind.writer == "validator":
        return opened.actor.may(Capability.VALIDATION_WRITE)
    if not opened.actor.may(Capability.DOCUMENT_WRITE):
        return False
    try:
        services().experiments.check_editable(opened.actor, opened.run.experiment_id)
    except (NotAllowed, NotReady):
        return False
    return True


def verdict(document: Document) -> None:
    """What is missing, before anything else."""
    st.caption(document.kind.about)
    total, titles = len(document.sections), [s.rule.title for s in document.missing]
    if titles:
        names = ", ".join(plain(title) for title in titles)
        st.warning(
            f"**{len(titles)} of {total} sections are missing:** {names}.",
            icon=":material/error:",
        )
    else:
        st.success(f"**All {total} sections are there.**", icon=":material/check_circle:")


def actions(document: Document) -> None:
    """Draft from the run, and take the document away."""
    with st.container(horizontal=True):
        if document.may_write and st.button("Draft from the run", icon=":material/draft:"):
            with boundary():
                found = _draft(document)
                st.toast(f"{len(found)} sections drafted" if found else "Nothing new to draft")
                st.rerun()
        if any(each.section for each in document.sections):
            for form, label in FORMATS.items():
                _download(document, form, label)


def _draft(document: Document) -> list[Section]:
    desk, run = services().documents, document.opened.run
    facts = documents_facts.facts_of(services(), document.actor, run, document.model.task)
    write = documents.draft
    if document.kind.writer == "validator":
        write = documents.draft_validation
    return write(desk, document.actor, facts, document.key)


def _download(document: Document, form: str, label: str) -> None:
    st.download_button(
        label,
        lambda: _file(document, form),
        file_name=f"{document.key}-{document.model.run_id[:8]}-{document.model.task}.{form}",
        mime=documents.FORMATS[form],
        icon=":material/download:",
        on_click="ignore",
        key=f"file:{form}",
    )


def _file(document: Document, form: str) -> bytes:
    desk = services().documents
    return documents.render(
        desk,
        document.actor,
        document.model,
        document.key,
        form,
        _heading(document),
        lambda key: drawn(document.opened, key),
    )


def _heading(document: Document) -> Heading:
    name = f"{document.title}, {TITLES[Task(document.model.task)]}"
    return Heading(name, document.model.run_id, _submitted(document))


def _submitted(document: Document) -> str:
    """The hash of the content that was submitted last; empty when nothing was."""
    if not document.actor.may(Capability.APPROVAL_READ):
        return ""
    found = approvals.of_model(services().board, document.actor, document.model)
    return next((each.content_hash for each in found if each.submitted_at), "")


def section(document: Document) -> None:
    """One section, chosen in the address: its text, its editor, its history."""
    by_key = {each.rule.key: each for each in document.sections}
    words = {key: f"{s.rule.title} ({STATES[s.state][1]})" for key, s in by_key.items()}
    standing = by_key[chosen("Section", "section", list(by_key), words)]
    _said(standing)
    tabs = {"Text": _text, "Edit": _edit, "History": _history}
    if not document.may_write:
        del tabs["Edit"]
    for tab, draw in zip(st.tabs(list(tabs)), tabs.values(), strict=True):
        with tab, boundary():
            draw(document, standing)


def _said(standing: Standing) -> None:
    """State, version, who and when."""
    icon, state = STATES[standing.state]
    told = f"{icon} {state.capitalize()}"
    if found := standing.section:
        by = "Drafted for" if found.generated else "By"
        told += f" · version {found.version} · {by} {plain(found.author_name)}"
        told += f", {found.created_at:%Y-%m-%d %H:%M} UTC · SHA-256 `{found.sha256[:16]}`"
    st.caption(told)
    if standing.rule.ask:
        st.info(f"**To be answered by a person:** {plain(standing.rule.ask)}")


def _text(document: Document, standing: Standing) -> None:
    if standing.section is None:
        st.markdown("*Nothing is written yet.*")
        return
    _shown(document, standing.section.text)


def _shown(document: Document, text: str) -> None:
    """The text as it will be printed; nothing in it is fetched or run."""
    if text.strip():
        st.html(documents.preview(text, lambda key: drawn(document.opened, key)))


def _edit(document: Document, standing: Standing) -> None:
    """The editor. What is typed is kept until it is saved, also when somebody else was faster."""
    slot = f"{document.model}/{document.key}/{standing.rule.key}"
    unsaved: dict[str, tuple[int, str]] = st.session_state.setdefault(UNSAVED, {})
    stored = standing.section.text if standing.section else ""
    base, begun = unsaved.get(slot, (standing.version, stored))
    text = st.text_area(
        f"{standing.rule.title} (Markdown)", begun, height=320, key=f"editor:{slot}:{base}"
    )
    if text != begun:
        unsaved[slot] = (base, text)
    if base != standing.version:
        _overtaken(standing, text)
        if st.button("I have taken over what is new", key=f"take:{slot}"):
            unsaved[slot] = (standing.version, text)
            st.rerun()
    if st.button("Save section", type="primary", key=f"save:{slot}"):
        with boundary():
            _save(document, standing.rule.key, text, base)
            unsaved.pop(slot, None)
            st.rerun()
    with st.expander("Preview", expanded=text != stored):
        _shown(document, text)


def _overtaken(standing: Standing, text: str) -> None:
    newer = standing.section
    if newer is None:
        return
    st.warning(
        f"**{plain(newer.author_name)} saved version {newer.version} meanwhile.** Your text is "
        "kept here. Below: what differs from the newer version to yours.",
        icon=":material/merge:",
    )
    st.code(documents.difference(newer.text, text) or "nothing", language="diff")


def _save(document: Document, key: str, text: str, base: int) -> None:
    write = documents.edit
    if document.kind.writer == "validator":
        write = documents.edit_validation
    desk = services().documents
    made = write(desk, document.actor, document.model, document.key, key, text, base)
    st.toast(f"Version {made.version} is saved", icon=":material/check:")


def _history(document: Document, standing: Standing) -> None:
    """Every version, newest first, each with what it changed."""
    desk, key = services().documents, standing.rule.key
    found = documents.history(desk, document.actor, document.model, document.key, key)
    if not found:
        st.markdown("*No version yet.*")
        return
    for newer, older in zip(found, [*found[1:], None], strict=True):
        _version(newer, older)


def _version(newer: Section, older: Section | None) -> None:
    how = "drafted for" if newer.generated else "by"
    title = f"Version {newer.version}, {how} {plain(newer.author_name)}, "
    with st.expander(f"{title}{newer.created_at:%Y-%m-%d %H:%M} UTC"):
        st.caption(f"SHA-256 `{newer.sha256}`")
        changed = documents.difference(older.text if older else "", newer.text)
        st.code(changed, language="diff")


def drawn(opened: Opened, key: str) -> bytes | None:
    """One figure as PNG, under the names that may leave."""
    public = {} if opened.table is None else opened.table.public_names
    folder, stamp, _ = opened.key
    return _drawn(folder, stamp, public, key, _shap(opened, public) if key == "shap" else ())


def _shap(opened: Opened, public: dict[str, str]) -> Rows:
    model = ModelRef(opened.run.id, opened.files.task)
    found = documents_explained.explanation_of(services(), opened.actor, model)
    return tuple(documents_explained.explained(found, public).importance) if found else ()


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _drawn(folder: str, stamp: int, public: dict[str, str], key: str, shap: Rows) -> bytes | None:
    files = results.read_task(Path(folder))
    return documents.picture(documents_facts.material(files, public, shap), key)
