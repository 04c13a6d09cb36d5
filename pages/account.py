"""Account page: one's own password, second factor, sessions, and notices by e-mail."""

import streamlit as st

from app.inbox_view import email_choice
from app.people_view import (
    keep_recovery_codes,
    recovery_codes,
    session_label,
    sessions_table,
    sign_out_button,
)
from app.services import services
from app.session import current_session
from app.ui import boundary, page_actor
from engines.core import sessions, totp, users
from engines.core.access import Capability
from engines.core.errors import InvalidInput
from engines.core.sessions import SessionRow
from engines.governance import notices

actor = page_actor(Capability.ACCOUNT_OWN)
svc = services()
limits = svc.settings.sessions
here = current_session()
here_id = here.id if here else ""
local = svc.settings.backends.identity == "local"


def change_password() -> None:
    """Collect the current and the new password."""
    with st.form("password", clear_on_submit=True):
        current = st.text_input("Current password", type="password")
        new = st.text_input("New password", type="password", help="At least 12 characters.")
        again = st.text_input("The same again", type="password")
        pressed = st.form_submit_button("Change password")
    if pressed:
        if new != again:
            raise InvalidInput("The two new passwords are not the same.")
        users.change_own_password(svc.db, limits, actor, current, new, spare=here_id)
        st.success("The password is changed; your other sessions have ended.")


def enrol() -> None:
    """Show the code to scan, and ask for a first code."""
    if not st.toggle("Set up a second factor", key="enrol"):
        st.caption("With one, signing in takes the password and a code from your phone.")
        return
    enrolment = totp.enrol(svc.db, svc.secrets, actor)
    st.markdown("Scan this with an authenticator app, then type the code it shows.")
    st.image(enrolment.qr_svg, width=220)
    st.caption("Or type this key into the app:")
    st.code(enrolment.secret, language=None)
    with st.form("confirm", clear_on_submit=True):
        code = st.text_input("Code", max_chars=10, autocomplete="one-time-code")
        pressed = st.form_submit_button("Switch it on", type="primary")
    if pressed:
        keep_recovery_codes(totp.confirm(svc.db, svc.secrets, limits, actor, code))
        st.rerun()


def second_factor_is_on() -> None:
    """Say so, show new recovery codes once, and offer the way back."""
    st.success("Signing in takes a code from your authenticator.", icon=":material/verified_user:")
    recovery_codes()
    with st.form("remove", clear_on_submit=True):
        password = st.text_input("Password", type="password")
        pressed = st.form_submit_button("Remove the second factor")
    if pressed:
        totp.remove(svc.db, limits, actor, password)
        st.rerun()


def end_another(mine: dict[str, SessionRow], others: list[str]) -> None:
    """Ask which of the other sessions is to end, and end it."""
    other = st.selectbox(
        "End another session",
        others,
        index=None,
        placeholder="Choose a session",
        format_func=lambda key: session_label(mine[key]),
    )
    if other in mine and st.button("End this session"):
        sessions.end_own(svc.db, actor, other)
        st.rerun()


with st.container(horizontal=True, vertical_alignment="center"):
    st.header("Account", anchor=False)
    st.space("stretch")
    sign_out_button()
st.markdown(f"Signed in as **{actor.name}**, with the role {' and '.join(sorted(actor.roles))}.")

if local:
    st.subheader("Password", anchor=False)
    with boundary():
        change_password()
    st.subheader("Second factor", anchor=False)
    with boundary():
        if totp.enrolled(svc.db, actor):
            second_factor_is_on()
        else:
            enrol()

st.subheader("Sessions", anchor=False)
with boundary():
    mine = {row.id: row for row in sessions.own_sessions(svc.db, actor)}
    sessions_table(list(mine.values()), here_id, names_user=False)
    others = [key for key in mine if key != here_id]
    if others:
        end_another(mine, others)

if svc.settings.notices.smtp.host:
    st.subheader("Notices by e-mail", anchor=False)
    with boundary():
        wanted = email_choice(notices.address(svc.db, actor), notices.chosen(svc.db, actor))
        if wanted is not None:
            notices.choose(svc.db, actor, wanted)
            st.success("Your choice is kept.")
