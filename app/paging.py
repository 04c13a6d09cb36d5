"""Pages of a long list: which one is asked for, and the buttons to the others."""

import streamlit as st

from app.filters import to_address


def page_number(key: str) -> int:
    """The page that the address asks for, from 1."""
    asked = st.query_params.get(key, "")
    return max(int(asked), 1) if asked.isdecimal() else 1


def page_buttons(total: int, size: int, key: str) -> None:
    """Buttons to the pages of `total` rows; nothing when one page holds them all."""
    pages = -(-total // size)
    if pages > 1:
        st.session_state[key] = min(page_number(key), pages)
        st.pagination(pages, key=key, on_change=to_address, args=(key,))
