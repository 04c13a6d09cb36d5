"""Filters that are kept in the address by their values, so that a link outlives its words."""

from collections.abc import Callable, Mapping
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


def _drawn(widget: Widget, label: str, key: str, words: Words, look: Mapping[str, Any]) -> Any:
    return widget(
        label, list(words), format_func=words.__getitem__, key=key, on_change=_to_address,
        args=(key,), **look,
    )  # fmt: skip


def _to_address(key: str) -> None:
    chosen = st.session_state[key]
    if chosen in (None, "", []):
        st.query_params.pop(key, None)
    else:
        many = chosen if isinstance(chosen, list) else [chosen]
        st.query_params[key] = [str(value) for value in many]
