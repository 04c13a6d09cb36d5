"""Administration page: users, their roles, everybody's sessions, and what left the inbox."""

import streamlit as st

from app.deliveries_view import deliveries_list
from app.people_view import (
    hand_over,
    handed_over,
    new_email,
    roles_input,
    session_label,
    sessions_table,
    users_table,
)
from app.services import services
from app.session import current_session
from app.ui import boundary, confirm, page_actor
from engines.core import sessions, users
from engines.core.access import Capability, Role
from engines.core.users import UserRow

actor = page_actor(Capability.USERS_MANAGE)
db = services().db


@st.dialog("New user")
def create() -> None:
    """Collect name and roles; the password is made here and shown once."""
    with st.form("create", border=False):
        name = st.text_input("User name", max_chars=64, help="Letters a-z, digits and . _ @ + -")
        full_name = st.text_input("Full name", max_chars=200)
        roles = roles_input("Roles", [Role.ANALYST], "new roles")
        pressed = st.form_submit_button("Create user", type="primary")
    if pressed:
        with boundary():
            hand_over(name, users.create_user(db, actor, name, roles, full_name))
            st.rerun()


def set_roles(user: UserRow, roles: list[Role]) -> None:
    """Ask why, then replace the roles."""
    confirm(
        "Change roles",
        f"**{user.name}** will be {', '.join(roles) or 'nothing'} and has to sign in again.",
        lambda reason: users.set_roles(db, actor, user.id, roles, reason),
        button="Change roles",
    )


def disable(user: UserRow) -> None:
    """Ask why, then keep the person out."""
    confirm(
        "Disable user",
        f"**{user.name}** is out at the next click, and cannot sign in until enabled again.",
        lambda reason: users.disable(db, actor, user.id, reason),
        button="Disable",
    )


def enable(user: UserRow) -> None:
    """Ask why, then let the person in again."""
    confirm(
        "Enable user",
        f"**{user.name}** can sign in again, with the password they had.",
        lambda reason: users.enable(db, actor, user.id, reason),
        button="Enable",
    )


def reset_password(user: UserRow) -> None:
    """Ask why, then make a new password for one sign-in."""

    def act(reason: str) -> None:
        hand_over(user.name, users.reset_password(db, actor, user.id, reason))

    text = f"**{user.name}** gets a new password for one sign-in; all their sessions end."
    confirm("Reset password", text, act, button="Reset password")


def remove_second_factor(user: UserRow) -> None:
    """Ask why, then go back to the password alone."""
    confirm(
        "Remove second factor",
        f"**{user.name}** will sign in with the password alone. Be sure who asked for it.",
        lambda reason: users.remove_second_factor(db, actor, user.id, reason),
        button="Remove",
    )


def user_actions(user: UserRow) -> None:
    """What can be done to one person."""
    if (address := new_email(user)) is not None:
        users.set_email(db, actor, user.id, address)
        st.rerun()
    roles = roles_input("Roles", sorted(user.roles), f"roles:{user.id}")
    with st.container(horizontal=True):
        if st.button("Change roles", disabled=set(roles) == user.roles):
            set_roles(user, roles)
        if user.disabled and st.button("Enable"):
            enable(user)
        if not user.disabled and st.button("Disable"):
            disable(user)
        if user.local and st.button("Reset password"):
            reset_password(user)
        if user.second_factor and st.button("Remove second factor"):
            remove_second_factor(user)


with st.container(horizontal=True, vertical_alignment="center"):
    st.header("Administration", anchor=False)
    st.space("stretch")
    if st.button("New user", type="primary", icon=":material/person_add:"):
        create()

handed_over()
users_tab, sessions_tab, deliveries_tab = st.tabs(["Users", "Sessions", "Deliveries"])

with users_tab, boundary():
    everybody = {user.name: user for user in users.list_users(db, actor)}
    users_table(list(everybody.values()))
    chosen = st.selectbox("Change a user", everybody, index=None, placeholder="Choose a user")
    if chosen in everybody:
        user_actions(everybody[chosen])

with sessions_tab, boundary():
    live = {row.id: row for row in sessions.list_sessions(db, actor)}
    here = current_session()
    sessions_table(list(live.values()), here.id if here else "")
    ended = st.selectbox(
        "End a session", live, index=None, format_func=lambda key: session_label(live[key])
    )
    if ended in live and st.button("End session"):
        confirm(
            "End session",
            f"The session of **{live[ended].user_name}** stops at the next click.",
            lambda reason: sessions.revoke(db, actor, ended, reason),
            button="End session",
        )

with deliveries_tab, boundary():
    deliveries_list(db, actor)
