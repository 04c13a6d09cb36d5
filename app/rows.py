"""A list with heads, one row of columns per thing."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import streamlit as st

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
