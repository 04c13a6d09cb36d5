"""Pages of a long list: which one is asked for, and the buttons to the others."""

import streamlit as st


def page_number(key: str) -> int:
    """The page chosen with the buttons of this key; before their first run, the address's."""
    chosen = st.session_state.get(key) or st.query_params.get(key, "1")
    return int(chosen) if str(chosen).isdecimal() else 1


def page_buttons(total: int, size: int, key: str) -> None:
    """Buttons to the pages of `total` rows; nothing when one page holds them all."""
    if total > size:
        st.pagination(-(-total // size), key=key, bind="query-params")
