"""Evidence beside a submission: explanation, fairness and documents, as they are now."""

from functools import partial

import streamlit as st

from app import approval_words as words
from app import documents_view, explanation_view, fairness_view, results_view
from app.markdown import plain
from app.services import services
from engines import results, training
from engines.core.access import Actor
from engines.governance import approvals, documents
from engines.governance.approvals import Opened
from engines.governance.documents import Heading, Standing


def explanation_tab(actor: Actor, opened: Opened) -> None:
    """What moves the model's answers, as on the Results page."""
    explanation_view.explain(_shown(actor, opened))


def fairness_tab(actor: Actor, opened: Opened) -> None:
    """Protected groups and segments compared, as on the Results page."""
    fairness_view.fairness(_shown(actor, opened))


def _shown(actor: Actor, opened: Opened) -> results_view.Opened:
    """The model as the Results page opens it."""
    svc, model = services(), opened.submission.model
    run = training.run(svc.db, actor, model.run_id, svc.experiments)
    table = results_view.table_of(actor, run)
    names = results_view.names_of(table)
    files = results.open_task(svc.runs, actor, model.run_id, model.task, names)
    return results_view.Opened(actor, run, [run], files, table)


def documents_tab(actor: Actor, opened: Opened) -> None:
    """Each document's sections to read, whether they are as submitted, and the files to keep."""
    svc, model = services(), opened.submission.model
    stored = documents.read(svc.documents, actor, model)
    _record(actor, opened)
    kinds = [kind for kind in documents.STORED_KINDS if any(s.kind == kind for s in stored)]
    if not kinds:
        st.info("No document is written yet.", icon=":material/info:")
        return
    titles = {kind: svc.templates.kinds[kind].title for kind in kinds}
    kind = st.selectbox("Document", kinds, format_func=titles.__getitem__, key="kind",
                        bind="query-params")  # fmt: skip
    _files(actor, opened, kind)
    frozen = {item.name: item.sha256 for item in opened.items if item.kind == "document"}
    for each in documents.standings(svc.templates, kind, stored):
        _section(actor, opened, each, frozen)


def _section(actor: Actor, opened: Opened, each: Standing, frozen: dict[str, str]) -> None:
    """One section: whose text, whether it is the submitted one, the text itself."""
    if each.section is None:
        return
    st.subheader(plain(each.rule.title), anchor=False)
    found = each.section
    hashed = frozen.get(f"{each.kind}/{each.rule.key}")
    same = "as submitted" if hashed == found.sha256 else "**changed since it was submitted**"
    by = "drafted for" if found.generated else "by"
    st.caption(
        f"Version {found.version}, {by} {plain(found.author_name)}, "
        f"{found.created_at:%Y-%m-%d %H:%M} UTC · {same if hashed else 'not part of the content'}"
    )
    st.html(documents.preview(found.text, partial(_drawn, actor, opened)))


def _files(actor: Actor, opened: Opened, kind: str) -> None:
    """The document as a file in each format; every download is audited."""
    with st.container(horizontal=True):
        for form, label in documents_view.FORMATS.items():
            st.download_button(
                label,
                partial(_file, actor, opened, kind, form),
                file_name=f"{kind}-{opened.submission.run_id[:8]}.{form}",
                mime=documents.FORMATS[form],
                icon=":material/download:",
                on_click="ignore",
                key=f"file:{kind}:{form}",
            )


def _file(actor: Actor, opened: Opened, kind: str, form: str) -> bytes:
    desk, model = services().documents, opened.submission.model
    draw = partial(_drawn, actor, opened)
    return documents.render(desk, actor, model, kind, form, _heading(opened), draw)


def _drawn(actor: Actor, opened: Opened, key: str) -> bytes | None:
    """A figure of a document; the model's results are read only when there is one."""
    return documents_view.drawn(_shown(actor, opened), key)


def _heading(opened: Opened) -> Heading:
    row = opened.submission
    return Heading(words.title(row), row.run_id, row.content_hash)


def _record(actor: Actor, opened: Opened) -> None:
    """The approval record as a file, once something was decided."""
    row = opened.submission
    if row.decided_at is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Approval record**", width="content")
        for form, label in documents_view.FORMATS.items():
            st.download_button(
                label,
                partial(_record_file, actor, opened, form),
                file_name=f"approval-record-{row.id[:8]}.{form}",
                mime=documents.FORMATS[form],
                icon=":material/download:",
                on_click="ignore",
                key=f"record:{form}",
            )


def _record_file(actor: Actor, opened: Opened, form: str) -> bytes:
    svc = services()
    facts = approvals.approval_facts(svc.board, actor, opened.submission.id)
    sections = documents.approval_record(svc.templates, facts)
    return documents.to_file("Approval record", "", sections, form, _heading(opened))
