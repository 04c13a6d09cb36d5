"""The three formats: texts, tables, names and figures survive; hostile text stays text."""

import re
import zipfile
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn

from engines.core.errors import InvalidInput, NotReady
from engines.core.model_ref import ModelRef
from engines.governance import documents
from engines.governance.documents import ApprovalFacts, Heading, Material
from tests.engines.governance.documents.pdf_text import text_of
from tests.harness.audit import audit_events

HEADING = Heading("Churn, binary", "run1", "cd" * 32)
HOSTILE = """<script>alert(1)</script> and <img src="https://evil.example/a.png" onerror=alert(1)>

![tracker](https://evil.example/pixel.png) [go](javascript:alert(1)) [file](file:///etc/passwd)

| =cmd\\|' /C calc'!A0 | @SUM(1+1) |
|---|---|
| {{ 7*7 }} {% for x in y %} | \u202eevil\u202c \x0b |

[ref]: https://evil.example/ref
"""
HEBREW, GREEK, ARABIC = "שלום עולם", "Ελένη Ωmega", "محمد"


def picture(key):
    rows = ({"feature": f"column {key}", "importance": 0.4, "std": 0.1},)
    return documents.picture(Material((), pd.DataFrame(), importance=rows), "importance")


@pytest.fixture
def written(desk, analyst, model, facts):
    """A model card, drafted and partly written, with foreign names."""
    documents.draft(desk, analyst, facts, "model_card")
    text = f"Told by {GREEK}, {HEBREW} and {ARABIC}.\n\n1. first\n2. **second**\n\n> careful"
    documents.edit(desk, analyst, model, "model_card", "ethics", text, 0)
    return model


def rendered(desk, analyst, model, form, kind="model_card"):
    return documents.render(desk, analyst, model, kind, form, HEADING, picture)


class Tags(HTMLParser):
    """What a browser would make of a page: its tags and their addresses."""

    def __init__(self, page):
        super().__init__()
        self.names, self.addresses, self.handlers = set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_docx_keeps_sections_tables_names_and_the_frame(desk, analyst, written):
    file = docx.Document(BytesIO(rendered(desk, analyst, written, "docx")))
    words = "\n".join(p.text for p in file.paragraphs)
    titles = [p.text for p in file.paragraphs if p.style.name.startswith("Heading")]
    assert titles[0] == "Model card"
    assert {"Model details", "Metrics", "Ethical considerations"} <= set(titles)
    assert all(name in words for name in (GREEK, HEBREW, ARABIC))
    assert "1. first" in words
    assert "2. second" in words
    cells = [[c.text for c in row.cells] for table in file.tables for row in table.rows]
    assert ["ROC AUC", "0.842", "0.820", "0.860", "0.831"] in cells
    section = file.sections[0]
    assert section.header.paragraphs[0].text == "Churn, binary"
    assert "cd" * 32 in section.footer.paragraphs[0].text
    fields = [
        e.text for part in (file, section.footer) for e in part._element.iter(qn("w:instrText"))
    ]
    assert fields == ['TOC \\o "1-3" \\h \\z \\u', "PAGE", "NUMPAGES"]


def test_pdf_keeps_sections_tables_names_and_page_numbers(desk, analyst, written):
    words = text_of(rendered(desk, analyst, written, "pdf"))
    flat = re.sub(r"\s+", " ", words)
    assert "Model card" in flat
    assert "Ethical considerations" in flat
    assert "ROC AUC 0.842 0.820 0.860 0.831" in flat
    assert GREEK in flat
    assert HEBREW[::-1] in flat
    assert ARABIC[::-1] in flat
    assert "Churn, binary" in flat
    assert "cd" * 32 in flat
    assert "Page 1 of" in flat
    assert "Page 2 of 2" in flat


def test_html_keeps_everything_in_one_file(desk, analyst, written):
    page = rendered(desk, analyst, written, "html").decode()
    assert all(name in page for name in (GREEK, HEBREW, ARABIC))
    assert '<td dir="auto">0.831</td>' in page
    assert "<strong>second</strong>" in page
    assert "<strong>Missing:</strong> Intended use, Factors, Caveats and recommendations." in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("form", list(documents.FORMATS))
def test_missing_sections_are_named_before_the_content(desk, analyst, written, form):
    content = rendered(desk, analyst, written, form)
    if form == "docx":
        words = "\n".join(p.text for p in docx.Document(BytesIO(content)).paragraphs)
    else:
        words = text_of(content) if form == "pdf" else content.decode()
    assert 0 < words.index("Missing:") < words.index("Model details")


def test_figures_are_drawn_into_every_format(desk, analyst, model, facts):
    documents.draft(desk, analyst, facts, "model_development")
    files = {f: rendered(desk, analyst, model, f, "model_development") for f in documents.FORMATS}
    file = docx.Document(BytesIO(files["docx"]))
    assert len(file.inline_shapes) == 2
    assert [s._inline.docPr.get("descr") for s in file.inline_shapes] == [
        "ROC curve on the hold-out",
        "SHAP importance",
    ]
    assert files["pdf"].count(b"/Subtype /Image") >= 2
    assert files["html"].count(b"data:image/png;base64,") == 2


def test_hostile_text_stays_inert_in_html(desk, analyst, model):
    documents.edit(desk, analyst, model, "model_card", "ethics", HOSTILE, 0)
    page = rendered(desk, analyst, model, "html").decode()
    seen = Tags(page)
    assert not seen.names & {"script", "img", "iframe", "object", "form", "link"}
    assert seen.handlers == []
    assert seen.addresses == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "not fetched from https://evil.example/pixel.png" in page
    assert "{{ 7*7 }}" in page  # what people write is no template


def test_hostile_text_stays_inert_in_docx(desk, analyst, model):
    documents.edit(desk, analyst, model, "model_card", "ethics", HOSTILE, 0)
    content = rendered(desk, analyst, model, "docx")
    with zipfile.ZipFile(BytesIO(content)) as file:
        links = "".join(file.read(n).decode() for n in file.namelist() if n.endswith(".rels"))
        body = file.read("word/document.xml").decode()
    assert "evil.example" not in links
    assert 'TargetMode="External"' not in links
    assert body.count("w:instrText") == 2  # the table of contents alone, opened and closed
    words = [c.text for t in docx.Document(BytesIO(content)).tables for c in t._cells]
    assert "=cmd|' /C calc'!A0" in words


def test_hostile_text_stays_inert_in_pdf(desk, analyst, model):
    documents.edit(desk, analyst, model, "model_card", "ethics", HOSTILE, 0)
    content = rendered(desk, analyst, model, "pdf")
    for act in (b"/URI", b"/JavaScript", b"/JS", b"/Launch", b"/GoToR", b"/EmbeddedFile"):
        assert act not in content
    flat = re.sub(r"\s+", " ", text_of(content))
    assert "<script>alert(1)</script>" in flat
    assert "\u202e" not in flat


def test_rendering_opens_no_connection(desk, analyst, model, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a document tried to reach the network")

    documents.edit(desk, analyst, model, "model_card", "ethics", HOSTILE, 0)
    monkeypatch.setattr("urllib.request.OpenerDirector.open", refuse)
    stored = documents.current(desk.db, model)
    monkeypatch.setattr("socket.socket.connect", refuse)
    titled = [("Ethics", section) for section in stored]
    for form in documents.FORMATS:
        assert documents.to_file("Card", "", titled, form, HEADING)
    assert documents.preview(HOSTILE)


def test_wide_and_long_tables_fit_on_pdf_pages():
    wide = "|" + "|".join(f"h{n}" for n in range(40)) + "|\n|" + "---|" * 40 + "\n|" + "v|" * 40
    long = "| name | text |\n|---|---|\n" + "\n".join(
        f"| row{n} | {'x' * 300} |" for n in range(60)
    )
    section = documents.Section("k", "s", f"{wide}\n\n{long}", "", "", 1, "", None, False)
    words = text_of(documents.to_file("Tables", "", [("All", section)], "pdf", HEADING))
    assert "h39: " in words
    assert "row59" in words


def test_deep_nesting_is_rendered_in_every_format():
    deep = "\n".join("  " * n + "* item" for n in range(40)) + "\n\n" + ">" * 60 + " quoted"
    section = documents.Section("k", "s", deep, "", "", 1, "", None, False)
    for form in documents.FORMATS:
        assert documents.to_file("Deep", "", [("All", section)], form, HEADING)


def test_same_sections_give_the_same_pdf_and_html(desk, analyst, written):
    for form in ("pdf", "html"):
        first, second = (rendered(desk, analyst, written, form) for _ in range(2))
        assert first == second


def test_render_records_the_download(desk, analyst, written):
    rendered(desk, analyst, written, "html")
    told = audit_events(desk.db, "document.downloaded")
    assert [(each.subject, each.detail["kind"], each.detail["form"]) for each in told] == [
        ("run:run1", "model_card", "html")
    ]


def test_render_of_nothing_or_of_an_unknown_format_is_refused(desk, analyst, written):
    with pytest.raises(NotReady):
        rendered(desk, analyst, written, "html", kind="data_sheet")
    with pytest.raises(InvalidInput):
        rendered(desk, analyst, written, "odt")


def test_approval_record_tells_votes_content_and_signature(desk, facts):
    record = ApprovalFacts(
        model=ModelRef("run1", "binary"), title="Churn", stage="training", state="approved",
        policy="credit, version 3", tier="2", content_hash="ef" * 32, signature="+abc/=",
        public_key="key=", submitted_by="Mia", decided_at=datetime(2026, 3, 1, tzinfo=UTC),
        makers=("Mia", "Max"), checks=facts.checks,
        items=({"kind": "model_file", "name": "model.skops", "sha256": "01" * 32},),
        votes=(
            {
                "who": "Vera", "role": "validator", "level": 1, "vote": "approve",
                "comment": "Fit | fine", "at": "2026-03-01 10:00",
            },
        ),
    )  # fmt: skip
    told = documents.approval_record(desk.templates, record)
    text = {section.section: section.text for _, section in told}
    assert "credit, version 3, tier 2" in text["decision"]
    assert "Mia, Max" in text["decision"]
    assert r"| Vera | validator | 1 | approve | Fit \| fine | 2026-03-01 10:00 |" in text["votes"]
    assert "01" * 32 in text["content"]
    assert "+abc/=" in text["proof"]
    words = text_of(documents.to_file("Approval record", "", told, "pdf", HEADING))
    assert "+abc/=" in words
