"""A document as DOCX, with header, footer, page numbers and a table of contents."""

import re
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from engines.governance.documents import blocks as b

Draw = Callable[[str], bytes | None]

PICTURE_WIDTH = Cm(15)
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML cannot hold them
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def file(
    title: str, head: str, foot: str, made: datetime, found: tuple[b.Block, ...], draw: Draw
) -> bytes:
    """The DOCX file. `head` and `foot` stand on every page; `made` is its date."""
    document = Document()
    known = document.core_properties
    known.title, known.author, known.created = _text(title), "MLAAS", made.replace(tzinfo=None)
    _frame(document, head, foot)
    title_block, *rest = found
    _add(document, title_block, draw)
    _contents(document)
    for block in rest:
        _add(document, block, draw)
    into = BytesIO()
    document.save(into)
    return into.getvalue()


def _frame(document: Any, head: str, foot: str) -> None:
    section = document.sections[0]
    section.header.paragraphs[0].text = _text(head)
    below = section.footer.paragraphs[0]
    run = below.add_run(f"{_text(foot)}\nPage ")
    run.font.size = Pt(7)
    _field(below, "PAGE")
    below.add_run(" of ")
    _field(below, "NUMPAGES")


def _contents(document: Any) -> None:
    """A table of contents that the word processor fills when it opens the file."""
    place = document.add_paragraph()
    _field(place, 'TOC \\o "1-3" \\h \\z \\u', "Update this field for the table of contents.")
    document.add_page_break()


def _field(paragraph: Any, instruction: str, shown: str = "1") -> None:
    """A field of the word processor; `instruction` is ours, never a person's text."""
    for kind in ("begin", "instruction", "separate", "shown", "end"):
        run = paragraph.add_run()
        if kind == "shown":
            run.text = shown
        elif kind == "instruction":
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = instruction
            run._r.append(part)
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
            run._r.append(part)


def _add(into: Any, block: b.Block, draw: Draw, style: str | None = None) -> None:
    match block:
        case b.Heading(level, spans):
            _write(into.add_heading(level=level), spans)
        case b.Paragraph(spans):
            _write(into.add_paragraph(style=style), spans)
        case b.Bullets():
            _list(into, block, draw)
        case b.Quote(inner):
            for each in inner:
                _add(into, each, draw, "Intense Quote")
        case b.Code(text):
            _write(into.add_paragraph(style="No Spacing"), (b.Span(text, code=True),))
        case b.Grid(rows):
            _table(into, rows)
        case b.Figure(key, caption):
            _picture(into, draw(key), caption)
        case _:
            into.add_paragraph("_" * 40)


def _list(into: Any, block: b.Bullets, draw: Draw) -> None:
    """Numbers are written out, so that each list begins where its text says."""
    for number, item in enumerate(block.items, block.start):
        style = "List Paragraph" if block.start else "List Bullet"
        for position, each in enumerate(item):
            if position == 0 and block.start and isinstance(each, b.Paragraph):
                each = b.Paragraph((b.Span(f"{number}. "), *each.spans))
            _add(into, each, draw, style)


def _table(into: Any, rows: tuple[tuple[b.Spans, ...], ...]) -> None:
    table = into.add_table(rows=len(rows), cols=len(rows[0]), style="Light Grid Accent 1")
    for line, row in zip(table.rows, rows, strict=True):
        for cell, spans in zip(line.cells, row, strict=True):
            _write(cell.paragraphs[0], spans)
    into.add_paragraph()


def _picture(into: Any, picture: bytes | None, caption: str) -> None:
    if picture is None:
        into.add_paragraph(_text(f"{caption}: this figure cannot be drawn for this model."))
        return
    into.add_picture(BytesIO(picture), width=PICTURE_WIDTH)
    drawn = into.inline_shapes[-1]._inline.docPr
    drawn.set("descr", _text(caption))
    into.add_paragraph(_text(caption), style="Caption")


def _write(paragraph: Any, spans: b.Spans) -> None:
    if RIGHT_TO_LEFT.match(b.plain(spans).lstrip()):
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
    for span in spans:
        shown = f"{span.text} ({span.link})" if span.link not in ("", span.text) else span.text
        run = paragraph.add_run(_text(shown))
        run.bold, run.italic = span.bold or None, span.italic or None
        if span.code:
            run.font.name = "Consolas"
        if RIGHT_TO_LEFT.search(span.text):
            run.font.rtl = True


def _text(text: str) -> str:
    return INVISIBLE.sub("\ufffd", text)
