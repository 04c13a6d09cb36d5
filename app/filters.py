"""Filters that are kept in the address by their values, so that a link outlives its words.

Streamlit's own binding takes a filter out of the address when its widget is no longer drawn, and
with it what a page that lists things and shows one of them has been asked for meanwhile.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

Words = Mapping[Any, str]
Widget = Callable[..., Any]


def one_of(
    widget: Widget, label: str, key: str, words: Words, start: Any = None, **look: Any
) -> Any:
    """One of the values in `words` (value to its words), or `start`: as the address says."""
    named = {str(value): value for value in words}
    st.session_state[key] = named.get(st.query_params.get(key, ""), start)
    return _drawn(widget, label, key, words, look)


def some_of(widget: Widget, label: str, key: str, words: Words, **look: Any) -> list[Any]:
    """Any number of the values in `words`, as the address says."""
    asked = st.query_params.get_all(key)
    st.session_state[key] = [value for value in words if str(value) in asked]
    return list(_drawn(widget, label, key, words, look))


def typed(label: str, key: str, **look: Any) -> str:
    """The text typed in, as the address says."""
    st.session_state[key] = st.query_params.get(key, "")
    return st.text_input(label, key=key, on_change=to_address, args=(key,), **look).strip()


def is_on(label: str, key: str) -> bool:
    """Whether the switch is on, as the address says."""
    st.session_state[key] = st.query_params.get(key) == "true"
    return st.toggle(label, key=key, on_change=to_address, args=(key,))


def on_day(label: str, key: str, **look: Any) -> date | None:
    """The day chosen, as the address says; one that is none is not chosen."""
    try:
        st.session_state[key] = date.fromisoformat(st.query_params.get(key, ""))
    except ValueError:
        st.session_state[key] = None
    found: date | None = st.date_input(
        label, None, key=key, on_change=to_address, args=(key,), **look
    )
    return found


def _drawn(widget: Widget, label: str, key: str, words: Words, look: Mapping[str, Any]) -> Any:
    return widget(
        label, list(words), format_func=words.__getitem__, key=key, on_change=to_address,
        args=(key,), **look,
    )  # fmt: skip


def to_address(key: str) -> None:
    """Write what a widget now holds into the address."""
    chosen = st.session_state[key]
    if chosen in (None, "", [], False):
        st.query_params.pop(key, None)
    else:
        many = chosen if isinstance(chosen, list) else [chosen]
        st.query_params[key] = [_said(value) for value in many]


def _said(value: Any) -> str:
    return "true" if value is True else str(value)
