"""A document as PDF, set in DejaVu (Latin, Greek, Cyrillic, Hebrew, Arabic), pages numbered.

Right-to-left words are put into the order in which they are seen; a line break inside a long
right-to-left passage, and joined Arabic letters, need the DOCX or the HTML.
"""

import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from fpdf import FPDF
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from fpdf.fonts import FontFace

from engines.governance.documents import blocks as b

Draw = Callable[[str], bytes | None]

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FACES = {
    ("Body", ""): "DejaVuSans.ttf",
    ("Body", "B"): "DejaVuSans-Bold.ttf",
    ("Body", "I"): "DejaVuSans-Oblique.ttf",
    ("Body", "BI"): "DejaVuSans-BoldOblique.ttf",
    ("Mono", ""): "DejaVuSansMono.ttf",
}
SIZE, LINE, SMALL = 10.0, 5.2, 7.0  # points, millimetres, points
SIZES = {1: 20.0, 2: 15.0, 3: 12.5}
WIDEST = 9  # columns of a table that still fit; wider ones are written row by row
PICTURE_WIDTH, INDENT = 150, 7  # millimetres
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


class Pages(FPDF):
    """A4 pages that carry a head and a foot."""

    def __init__(self, head: str, foot: str) -> None:
        super().__init__()
        self.head, self.foot = _seen(head), _seen(foot)
        for (family, style), name in FACES.items():
            self.add_font(family, style, str(FONTS / name))
        self.set_margins(20, 22)
        self.set_auto_page_break(True, 22)

    def header(self) -> None:
        """The model's name, on top of every page."""
        self.set_y(10)
        self.set_font("Body", size=SMALL)
        self.cell(0, 5, self.head[:120], new_x="LMARGIN", new_y="NEXT")
        self.set_y(22)

    def footer(self) -> None:
        """Version, content hash and page number, below every page."""
        self.set_y(-16)
        self.set_font("Body", size=SMALL)
        self.multi_cell(0, 3.5, self.foot, new_x="LMARGIN", new_y="NEXT")
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")


def file(
    title: str, head: str, foot: str, made: datetime, found: tuple[b.Block, ...], draw: Draw
) -> bytes:
    """The PDF file; the same blocks and date give the same bytes."""
    pages = Pages(head, foot)
    pages.set_title(title)
    pages.set_creator("MLAAS")
    pages.set_creation_date(made)
    pages.add_page()
    for block in found:
        _add(pages, block, draw)
    return bytes(pages.output())


def _add(pages: Pages, block: b.Block, draw: Draw) -> None:
    match block:
        case b.Heading(level, spans):
            _heading(pages, level, spans)
        case b.Paragraph(spans):
            _write(pages, spans)
        case b.Bullets():
            _list(pages, block, draw)
        case b.Quote(inner):
            with _indented(pages):
                for each in inner:
                    _add(pages, each, draw)
        case b.Code(text):
            pages.set_font("Mono", size=SIZE - 1)
            pages.multi_cell(0, LINE, _seen(text), new_x="LMARGIN", new_y="NEXT")
            pages.ln(2)
        case b.Grid(rows):
            _table(pages, rows)
        case b.Figure(key, caption):
            _picture(pages, draw(key), caption)
        case _:
            pages.line(pages.l_margin, pages.y, pages.w - pages.r_margin, pages.y)
            pages.ln(3)


def _heading(pages: Pages, level: int, spans: b.Spans) -> None:
    size = SIZES.get(level, SIZE + 1)
    if pages.will_page_break(size + 2 * LINE):
        pages.add_page()
    pages.ln(2)
    pages.set_font("Body", "B", size)
    words = _seen(b.plain(spans))
    pages.start_section(words, level=max(level - 1, 0), strict=False)
    pages.multi_cell(0, size * 0.5, words, new_x="LMARGIN", new_y="NEXT")
    pages.ln(2)


def _write(pages: Pages, spans: b.Spans) -> None:
    for span in spans:
        style = ("B" if span.bold else "") + ("I" if span.italic else "")
        pages.set_font(*(("Mono", "") if span.code else ("Body", style)), size=SIZE)
        shown = f"{span.text} ({span.link})" if span.link not in ("", span.text) else span.text
        pages.write(LINE, _seen(shown))
    pages.ln(LINE + 2)


def _list(pages: Pages, block: b.Bullets, draw: Draw) -> None:
    for number, item in enumerate(block.items, block.start):
        mark = b.Span(f"{number}. " if block.start else "• ")
        with _indented(pages):
            for position, each in enumerate(item):
                if position == 0 and isinstance(each, b.Paragraph):
                    each = b.Paragraph((mark, *each.spans))
                _add(pages, each, draw)


@contextmanager
def _indented(pages: Pages) -> Any:
    deepest = pages.w / 2
    before = pages.l_margin
    pages.set_left_margin(min(before + INDENT, deepest))
    pages.set_x(pages.l_margin)
    yield
    pages.set_left_margin(before)
    pages.set_x(before)


def _table(pages: Pages, rows: tuple[tuple[b.Spans, ...], ...]) -> None:
    words = [[_seen(b.plain(cell)) for cell in row] for row in rows]
    if len(words[0]) > WIDEST:
        _row_by_row(pages, rows)
        return
    pages.set_font("Body", size=SIZE - 2)
    widths = tuple(max(6, min(40, max(len(row[n]) for row in words))) for n in range(len(words[0])))
    bold = FontFace(emphasis="B", fill_color=(238, 241, 245))
    with pages.table(col_widths=widths, headings_style=bold, line_height=4.2, align="LEFT") as made:
        for row in words:
            line = made.row()
            for cell in row:
                line.cell(cell)
    pages.ln(3)


def _row_by_row(pages: Pages, rows: tuple[tuple[b.Spans, ...], ...]) -> None:
    head, *body = rows
    for row in body:
        for name, value in zip(head, row, strict=True):
            _write(pages, (b.Span(f"{b.plain(name)}: ", bold=True), *value))


def _picture(pages: Pages, picture: bytes | None, caption: str) -> None:
    if picture is None:
        _write(pages, (b.Span(f"{caption}: this figure cannot be drawn for this model."),))
        return
    pages.image(BytesIO(picture), w=PICTURE_WIDTH, alt_text=caption)
    _write(pages, (b.Span(caption, italic=True),))


def _seen(text: str) -> str:
    """The text in the order the eye meets it; what has no shape becomes a sign for it."""
    clean = INVISIBLE.sub("\ufffd", text.replace("\r", ""))
    if not RIGHT_TO_LEFT.search(clean):
        return clean
    return "\n".join(_reordered(line) for line in clean.split("\n"))


def _reordered(line: str) -> str:
    return str(BidiParagraph(line, base_direction=TextDirection.LTR).get_reordered_string())
