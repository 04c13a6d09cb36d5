"""The router and the frame around every page."""

import streamlit as st

from app.navigation import menu
from app.session import current_actor
from app.ui import boundary, correlated

st.set_page_config(page_title="MLAAS", page_icon=":material/insights:", layout="wide")

with correlated():
    actor = current_actor()
    if actor is None:
        st.warning("You are signed out. [Sign in again](/login)", icon=":material/lock:")
        st.stop()
    page = st.navigation(menu(actor), expanded=True)
    with st.sidebar:
        st.caption(f"{actor.name} · {', '.join(sorted(actor.roles))}")
    with boundary():
        page.run()
