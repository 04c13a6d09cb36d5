"""Parts of the pages about people: users, sessions, a password shown once, signing out."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engines.core.access import Role
from engines.core.sessions import SessionRow
from engines.core.users import UserRow

HANDED_OVER = "password shown once"
RECOVERY = "recovery codes shown once"
SIGN_OUT = (
    '<form method="post" action="/logout"><button type="submit" '
    'style="font:inherit;font-size:.875rem;padding:.4rem .9rem;border-radius:.5rem;'
    "border:1px solid currentColor;"
    'background:transparent;color:inherit;cursor:pointer">Sign out</button></form>'
)
# The first that fits: each of these browsers also names those after it.
BROWSERS = {
    "Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome",
    "Safari/": "Safari",
}  # fmt: skip
SYSTEMS = {
    "Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad",
    "Mac OS": "macOS", "Linux": "Linux",
}  # fmt: skip
TIME = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")


def users_table(users: Sequence[UserRow]) -> None:
    """Everybody with roles and state."""
    frame = pd.DataFrame([_user(user) for user in users])
    st.dataframe(frame, hide_index=True, width="stretch", column_config={"Created (UTC)": TIME})


def sessions_table(
    rows: Sequence[SessionRow], current_id: str = "", names_user: bool = True
) -> None:
    """Sessions with where and when, and whose; the one being used is marked."""
    frame = pd.DataFrame([_session(row, current_id) for row in rows])
    times = dict.fromkeys(("Since (UTC)", "Last used (UTC)", "Ends by (UTC)"), TIME)
    shown = [name for name in frame.columns if names_user or name != "User"]
    st.dataframe(frame, hide_index=True, width="stretch", column_config=times, column_order=shown)


def session_label(row: SessionRow) -> str:
    """A session in one line."""
    return f"{row.user_name} · {row.address} · since {row.created_at:%Y-%m-%d %H:%M}"


def roles_input(label: str, chosen: Sequence[Role], key: str) -> list[Role]:
    """Any number of roles."""
    return st.multiselect(label, list(Role), chosen, format_func=str.capitalize, key=key)


def new_email(user: UserRow) -> str | None:
    """Where this person's notices go; the new address once it is to be saved."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input("E-mail", user.email, max_chars=254, key=f"email:{user.id}")
        saved = st.button("Save e-mail", disabled=typed.strip() == user.email)
    return typed if saved else None


def hand_over(name: str, password: str) -> None:
    """Keep a new password for the page's next run, which shows it."""
    st.session_state[HANDED_OVER] = (name, password)


def handed_over() -> None:
    """Show a new password until it is said to be passed on."""
    if HANDED_OVER not in st.session_state:
        return
    name, password = st.session_state[HANDED_OVER]
    with st.container(border=True):
        st.markdown(f"**The password for {name}.** It is shown this once, for one sign-in.")
        st.code(password, language=None)
        st.button("I have passed it on", on_click=lambda: st.session_state.pop(HANDED_OVER))


def keep_recovery_codes(codes: list[str]) -> None:
    """Keep new recovery codes for the page's next run, which shows them."""
    st.session_state[RECOVERY] = codes


def recovery_codes() -> None:
    """Show new recovery codes until they are said to be kept."""
    if RECOVERY not in st.session_state:
        return
    st.markdown("**Keep these recovery codes**; each works once when the phone is not at hand.")
    st.code("\n".join(st.session_state[RECOVERY]), language=None)
    st.button("I have kept them", on_click=lambda: st.session_state.pop(RECOVERY))


def sign_out_button() -> None:
    """A form of plain HTML: signing out is a POST to the gate, not a run of the script."""
    st.html(SIGN_OUT, width="content")


def _user(user: UserRow) -> dict[str, object]:
    return {
        "Name": user.name,
        "Full name": user.full_name,
        "E-mail": user.email,
        "Roles": ", ".join(sorted(user.roles)),
        "State": "disabled" if user.disabled else "active",
        "Password": _password_state(user),
        "Second factor": user.second_factor,
        "Created (UTC)": user.created_at.replace(tzinfo=None),
    }


def _password_state(user: UserRow) -> str:
    if not user.local:
        return "at the provider"
    return "to be changed" if user.must_change_password else "chosen"


def browser(agent: str) -> str:
    """Browser and system in two words, from the line the browser sends; else that line."""
    name = next((word for mark, word in BROWSERS.items() if mark in agent), "")
    system = next((word for mark, word in SYSTEMS.items() if mark in agent), "")
    return " on ".join(filter(None, (name, system))) if name else agent


def _session(row: SessionRow, current_id: str) -> dict[str, object]:
    return {
        "User": row.user_name,
        "This one": row.id == current_id,
        "Address": row.address,
        "Browser": browser(row.browser),
        "Since (UTC)": row.created_at.replace(tzinfo=None),
        "Last used (UTC)": row.seen_at.replace(tzinfo=None),
        "Ends by (UTC)": row.expires_at.replace(tzinfo=None),
    }
