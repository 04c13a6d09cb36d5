"""A document in the reader's format: DOCX, PDF or HTML from the same Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engines.core import events
from engines.core.access import Actor, Capability, needs
from engines.core.errors import InvalidInput, NotReady
from engines.core.model_ref import ModelRef
from engines.governance.documents import blocks, to_html, wording
from engines.governance.documents.desk import Desk
from engines.governance.documents.facts import ApprovalFacts
from engines.governance.documents.standing import Section, State, standings
from engines.governance.documents.templates import Templates
from engines.governance.documents.versions import read

FORMATS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "html": "text/html",
}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # the date of a document without dated sections
Draw = Callable[[str], bytes | None]
Write = Callable[[str, str, str, datetime, tuple[blocks.Block, ...], Draw], bytes]


@dataclass(frozen=True)
class Heading:
    """What stands on every page: the model's name and version, and the hash of the content."""

    model: str
    version: str
    content_hash: str

    @property
    def top(self) -> str:
        """The line above."""
        return self.model

    @property
    def bottom(self) -> str:
        """The line below."""
        return f"Version {self.version} · content SHA-256 {self.content_hash or 'not submitted'}"


def no_figure(key: str) -> bytes | None:
    """Draws nothing, for texts that stand without figures."""
    return None


@needs(Capability.RESULTS_READ)
def render(
    desk: Desk,
    actor: Actor,
    model: ModelRef,
    kind: str,
    form: str,
    heading: Heading,
    draw: Draw = no_figure,
) -> bytes:
    """A model's stored document as a file; missing sections are named first. Writes an audit row.

    Raises NotReady when nothing is written yet, InvalidInput for an unknown format, NotFound,
    NotAllowed.
    """
    stored = read(desk, actor, model)
    found = [s for s in standings(desk.templates, kind, stored) if s.section]
    asked = desk.templates.kind(kind)
    if not found:
        raise NotReady(f"The {asked.title.lower()} is empty.", hint="Draft it from the run first.")
    titled = [(each.rule.title, each.section) for each in found if each.section]
    content = to_file(asked.title, _preface(desk, kind, stored), titled, form, heading, draw)
    detail = {"kind": kind, "form": form, "task": model.task, "bytes": len(content)}
    with desk.db.write() as session:
        events.record(session, actor, "document.downloaded", f"run:{model.run_id}", **detail)
    return content


def _preface(desk: Desk, kind: str, stored: Sequence[Section]) -> str:
    """What is missing, said before anything else; then who wrote what."""
    each = standings(desk.templates, kind, stored)
    open_titles = [s.rule.title for s in each if s.state is State.MISSING]
    rows = [
        {
            "section": s.rule.title,
            "version": s.version,
            "by": f"drafted for {s.section.author_name}" if s.section.generated
            else s.section.author_name,
            "at": f"{s.section.created_at:%Y-%m-%d %H:%M}",
            "sha256": f"{s.section.sha256[:16]}…",
        }
        for s in each
        if s.section
    ]  # fmt: skip
    said = f"**Missing:** {wording.literal(open_titles)}.\n\n" if open_titles else ""
    columns = {"section": "Section", "version": "Version", "by": "Written by", "at": "Saved (UTC)"}
    return said + wording.table(rows, {**columns, "sha256": "SHA-256 begins"})


def approval_record(templates: Templates, record: ApprovalFacts) -> list[tuple[str, Section]]:
    """The approval record as (title, section); it is told anew each time and stored nowhere."""
    context = record.context()
    found = []
    for rule in templates.kind("approval_record").sections:
        if text := templates.draft(rule, context):
            when = record.decided_at
            made = Section("approval_record", rule.key, text, "", "", 0, "", when, True)
            found.append((rule.title, made))
    return found


def to_file(
    title: str,
    preface: str,
    sections: Sequence[tuple[str, Section]],
    form: str,
    heading: Heading,
    draw: Draw = no_figure,
) -> bytes:
    """Titled sections as one file. The same sections give the same PDF and HTML, byte for byte.

    Raises InvalidInput for an unknown format.
    """
    if form not in FORMATS:
        raise InvalidInput(f"“{form}” is no format.", hint=f"Choose one of: {', '.join(FORMATS)}.")
    found = [blocks.Heading(1, (blocks.Span(title),)), *blocks.parse(preface)]
    for name, section in sections:
        found.append(blocks.Heading(2, (blocks.Span(name),)))
        found += blocks.parse(section.text, below=2)
    made = max((s.created_at for _, s in sections if s.created_at), default=EPOCH)
    whole = tuple(found)
    if form == "html":
        foot = f"{heading.top} · {heading.bottom}"
        return to_html.page(title, whole, foot, draw)
    write = _writer(form)
    return write(title, heading.top, heading.bottom, made, whole, draw)


def _writer(form: str) -> Write:
    """The writer of a format; its libraries are loaded when somebody asks, not at every start."""
    if form == "docx":
        from engines.governance.documents import to_docx

        return to_docx.file
    from engines.governance.documents import to_pdf

    return to_pdf.file


def preview(text: str, draw: Draw = no_figure) -> str:
    """A section's text as an HTML fragment that loads nothing and runs nothing."""
    return to_html.fragment(blocks.parse(text, below=2), draw)
