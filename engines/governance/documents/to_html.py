"""A document as one HTML file that needs nothing else: no script, no address is fetched."""

import base64
from collections.abc import Callable
from html import escape

from engines.governance.documents import blocks as b

Draw = Callable[[str], bytes | None]

STYLE = """
body{font-family:system-ui,sans-serif;line-height:1.5;max-width:50rem;margin:2rem auto}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
th,td{border:1px solid #b5bcc6;padding:.25rem .6rem;text-align:left;vertical-align:top}
th{background:#eef1f5}img{max-width:100%}pre{background:#eef1f5;padding:.6rem;overflow-x:auto}
blockquote{border-left:3px solid #b5bcc6;margin:0;padding-left:1rem}
figure{margin:1rem 0}figcaption,footer{color:#4a5568;font-size:.9rem}
footer{border-top:1px solid #b5bcc6;margin-top:2rem;padding-top:.5rem;overflow-wrap:anywhere}
"""
# Nothing may load, run or be sent from the file, whatever a reader's browser would allow.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, found: tuple[b.Block, ...], foot: str, draw: Draw) -> bytes:
    """The whole file, UTF-8."""
    body = fragment(found, draw)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body>{body}<footer>{escape(foot)}</footer></body></html>"
    ).encode()


def fragment(found: tuple[b.Block, ...], draw: Draw) -> str:
    """The blocks as HTML; every text is escaped, every tag is ours."""
    return "\n".join(_block(block, draw) for block in found)


def _block(block: b.Block, draw: Draw) -> str:
    match block:
        case b.Heading(level, spans):
            return f"<h{level}>{_spans(spans)}</h{level}>"
        case b.Paragraph(spans):
            return f'<p dir="auto">{_spans(spans)}</p>'
        case b.Bullets(items, start):
            inside = "".join(f"<li>{fragment(item, draw)}</li>" for item in items)
            return f'<ol start="{start}">{inside}</ol>' if start else f"<ul>{inside}</ul>"
        case b.Quote(inner):
            return f"<blockquote>{fragment(inner, draw)}</blockquote>"
        case b.Code(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case b.Grid(rows):
            return _table(rows)
        case b.Figure(key, caption):
            return _figure(draw(key), caption)
        case _:
            return "<hr>"


def _table(rows: tuple[tuple[b.Spans, ...], ...]) -> str:
    head = "".join(f"<th>{_spans(cell)}</th>" for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f'<td dir="auto">{_spans(cell)}</td>' for cell in row) + "</tr>"
        for row in rows[1:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _figure(picture: bytes | None, caption: str) -> str:
    words = escape(caption)
    if picture is None:
        return f"<p><em>{words}: this figure cannot be drawn for this model.</em></p>"
    data = base64.b64encode(picture).decode()
    shown = f'<img alt="{words}" src="data:image/png;base64,{data}">'
    return f"<figure>{shown}<figcaption>{words}</figcaption></figure>"


def _spans(spans: b.Spans) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: b.Span) -> str:
    text = escape(span.text).replace("\n", "<br>")
    for wanted, tag in ((span.code, "code"), (span.bold, "strong"), (span.italic, "em")):
        text = f"<{tag}>{text}</{tag}>" if wanted else text
    if span.link:
        return f'<a rel="noopener noreferrer" href="{escape(span.link)}">{text}</a>'
    return text
