"""Lists with heads: a row of columns per thing, or a table whose cells wrap."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from app.markdown import plain

T = TypeVar("T")


def listed(
    widths: Sequence[int | float],
    heads: Sequence[str],
    things: Iterable[T],
    row: Callable[[T], None],
    key: str = "rows",
) -> None:
    """The heads, then `row` for each thing, below a line. `key` begins with "rows": house.css."""
    for column, head in zip(st.columns(widths), heads, strict=True):
        column.caption(head)
    with st.container(gap=None, key=key):
        for thing in things:
            st.divider()
            row(thing)


def wrapped(rows: Iterable[Mapping[str, str]], key: str, hashes: str = "") -> None:
    """A table that fits the window: nothing is cut, long texts and the hashes' column wrap."""
    shown = [
        {
            head: f"`{text}`" if head == hashes and text else plain(text)
            for head, text in row.items()
        }
        for row in rows
    ]
    with st.container(key=f"wraps:{key}"):  # house.css
        st.table(shown, hide_index=True)
