"""Markdown as a tree of headings, paragraphs, lists and tables: what every format is made from.

Raw HTML is plain text here, and nothing is ever fetched: an image is either one of the model's own
figures (`figure:<key>`) or a line of text that names its address.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

FIGURE = "figure:"
SAFE_LINKS = ("http://", "https://", "mailto:")
DEEPEST = 6


@dataclass(frozen=True)
class Span:
    """A piece of text in one style; `link` is an address a reader may choose to follow."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Heading:
    """A title of level 1 to 6."""

    level: int
    spans: Spans


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    spans: Spans


@dataclass(frozen=True)
class Bullets:
    """A list; each item holds blocks. `start` is 0 for dots, else the first number."""

    items: tuple[tuple["Block", ...], ...]
    start: int = 0


@dataclass(frozen=True)
class Quote:
    """Blocks set apart."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Code:
    """Text shown as it is."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table; the first row is its head, every row equally long."""

    rows: tuple[tuple[Spans, ...], ...]


@dataclass(frozen=True)
class Figure:
    """One of the model's own figures."""

    key: str
    caption: str


@dataclass(frozen=True)
class Rule:
    """A line across the page."""


Block = Heading | Paragraph | Bullets | Quote | Code | Grid | Figure | Rule


def parse(markdown: str, below: int = 0) -> tuple[Block, ...]:
    """The blocks of a Markdown text, its headings `below` levels further down."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    found = _blocks(SyntaxTreeNode(reader.parse(markdown)))
    return tuple(_lowered(block, below) for block in found)


def plain(spans: Spans) -> str:
    """The words of the spans."""
    return "".join(span.text for span in spans)


def _lowered(block: Block, below: int) -> Block:
    if isinstance(block, Heading):
        return replace(block, level=min(block.level + below, DEEPEST))
    return block


def _blocks(parent: SyntaxTreeNode) -> tuple[Block, ...]:
    return tuple(block for node in parent.children for block in _block(node))


def _block(node: SyntaxTreeNode) -> Iterator[Block]:
    match node.type:
        case "heading":
            yield Heading(int(node.tag[1:]), _inline(node))
        case "paragraph":
            yield from _paragraph(node)
        case "bullet_list":
            yield Bullets(tuple(_blocks(item) for item in node.children))
        case "ordered_list":
            yield Bullets(tuple(_blocks(item) for item in node.children), _start(node))
        case "blockquote":
            yield Quote(_blocks(node))
        case "fence" | "code_block":
            yield Code(node.content.rstrip("\n"))
        case "table":
            yield _grid(node)
        case "hr":
            yield Rule()


def _start(node: SyntaxTreeNode) -> int:
    return max(int(node.attrs.get("start", 1)), 1)


def _paragraph(node: SyntaxTreeNode) -> Iterator[Block]:
    """A paragraph that is one figure becomes that figure."""
    inline = node.children[0].children if node.children else []
    only = inline[0] if len(inline) == 1 else None
    address = str(only.attrs.get("src", "")) if only and only.type == "image" else ""
    if only and address.startswith(FIGURE):
        yield Figure(address.removeprefix(FIGURE), only.content)
    else:
        yield Paragraph(_inline(node))


def _grid(node: SyntaxTreeNode) -> Grid:
    rows = [
        tuple(_inline(cell) for cell in row.children)
        for part in node.children
        for row in part.children
    ]
    return Grid(tuple(rows))


def _inline(node: SyntaxTreeNode) -> Spans:
    found = [span for part in node.children for span in _spans(part, Span(""))]
    return tuple(span for span in found if span.text)


def _spans(node: SyntaxTreeNode, style: Span) -> Iterator[Span]:
    match node.type:
        case "text" | "html_inline":
            yield replace(style, text=node.content)
        case "code_inline":
            yield replace(style, text=node.content, code=True)
        case "softbreak":
            yield replace(style, text=" ")
        case "hardbreak":
            yield replace(style, text="\n")
        case "image":
            yield replace(
                style, text=f"[image: {node.content or 'without words'}, {_source(node)}]"
            )
        case _:
            inner = _styled(node, style)
            for child in node.children:
                yield from _spans(child, inner)


def _source(node: SyntaxTreeNode) -> str:
    return f"not fetched from {node.attrs.get('src', '')}"


def _styled(node: SyntaxTreeNode, style: Span) -> Span:
    match node.type:
        case "strong":
            return replace(style, bold=True)
        case "em":
            return replace(style, italic=True)
        case "link":
            address = str(node.attrs.get("href", ""))
            return replace(style, link=address if address.startswith(SAFE_LINKS) else "")
    return style
