"""The router and the frame around every page."""

from pathlib import Path

import streamlit as st

from app.navigation import menu, places
from app.services import services
from app.session import current_actor
from app.ui import boundary, correlated, farewell
from engines.governance import notices

ASSETS = Path(__file__).with_name("assets")

# A picture of our own: Streamlit's named icons would be fetched from outside.
st.set_page_config(page_title="MLAAS", page_icon=ASSETS / "mark.svg", layout="wide")
st.html(ASSETS / "house.css")
st.logo(ASSETS / "logo.svg", icon_image=ASSETS / "mark.svg", size="large")

with correlated():
    actor = current_actor()
    if actor is None:
        farewell(st.navigation(places(), position="hidden").url_path)
        st.stop()
    page = st.navigation(menu(actor, notices.unread(services().db, actor)), expanded=True)
    with st.sidebar:
        st.caption(f"Signed in as {actor.name} ({', '.join(sorted(actor.roles))})")
        st.html('<a href="/logout" target="_self" class="sign-out">Sign out</a>')
    with boundary():
        page.run()
