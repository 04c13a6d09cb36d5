"""Values as Markdown: what comes from data or people is shown as it is, never read as Markdown."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

SIGNS = re.compile(r"[\\`*\[\]<>|~&]|(?<!\w)_|_(?!\w)|!(?=\[)")
OPENING = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[+-](?=\s|$)|-(?=-)|=(?==*\s*$)|\d+(?=[.)](?:\s|$)))")


class Markdown(str):
    """Text that is Markdown already."""


def literal(value: Any) -> Markdown:
    """A value on one line, its Markdown signs taken literally; numbers as people write them."""
    if isinstance(value, Markdown):
        return value
    text = " ".join(spoken(value).split())
    return Markdown(OPENING.sub(_opened, SIGNS.sub(r"\\\g<0>", text)))


def _opened(found: re.Match[str]) -> str:
    """What would open a list or a heading does not: 1. becomes 1\\., # becomes \\#."""
    space, sign = found.groups()
    return f"{space}{sign}\\" if sign[0].isdigit() else f"{space}\\{sign}"


def paragraphs(value: Any) -> Markdown:
    """A person's text of several lines, its paragraphs kept."""
    parts = re.split(r"\n\s*\n", str(value).strip())
    return Markdown("\n\n".join(literal(part) for part in parts))


def spoken(value: Any) -> str:
    """A value as text: yes and no, three decimals for small numbers, thousands set apart, UTC."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list | tuple):
        return ", ".join(spoken(each) for each in value)
    return str(value)


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> Markdown:
    """Rows as a Markdown table; `columns` maps a row's key to the title shown; empty without rows.

    Raises KeyError when a row lacks a column.
    """
    if not rows:
        return Markdown("")
    lines = [_line(columns.values()), _line(["---"] * len(columns), plain=True)]
    lines += [_line([row[key] for key in columns]) for row in rows]
    return Markdown("\n".join(lines))


def _line(cells: Any, plain: bool = False) -> str:
    return "| " + " | ".join(str(c) if plain else literal(c) for c in cells) + " |"


def bullets(values: Sequence[Any]) -> Markdown:
    """Values as a list."""
    return Markdown("\n".join(f"* {literal(value)}" for value in values))


def unmarked(value: str) -> Markdown:
    """A sentence without the marks of bold type."""
    return literal(value.replace("**", ""))


def code(value: Any) -> Markdown:
    """A hash, a key or an identifier, to stand inside code marks."""
    return Markdown(re.sub(r"[`\s]", "", str(value)))
