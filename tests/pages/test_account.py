"""The Account page, opened by a person who is really signed in."""

import json
from pathlib import Path

import bcrypt
import pyotp
import pytest
from streamlit.testing.v1 import AppTest

import app.session
from engines.core import sessions, totp, users
from engines.core.access import Role
from engines.core.sessions import Stage
from engines.governance import notices
from engines.governance.notices import Kind

ROOT = Path(__file__).parents[2]
PASSWORD = "a long enough phrase"


@pytest.fixture
def account(app_services, monkeypatch):
    """The page and its person, with this session and one elsewhere."""
    db, limits = app_services.db, app_services.settings.sessions
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    with db.write() as session:
        roles = [Role.ANALYST]
        user = users.add(session, users.SYSTEM, "ann", roles, hashed, must_change_password=False)
        token = sessions.start(session, limits, user, Stage.FULL, "10.0.0.1", "Firefox")
        sessions.start(session, limits, user, Stage.FULL, "10.0.0.2", "Chromium")
    monkeypatch.setattr(app.session, "session_token", lambda: token)
    at = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=30).run()
    return at.switch_page("../pages/account.py").run(), user.actor


def button(at, label):
    return next(b for b in at.button if b.label == label)


def field(at, label):
    return next(f for f in at.text_input if f.label == label)


def test_page_marks_this_session_and_ends_another(account, app_services):
    at, ann = account
    assert not at.exception
    frame = at.dataframe[0].value
    assert sorted(frame["Address"]) == ["10.0.0.1", "10.0.0.2"]
    assert list(frame[frame["This one"]]["Address"]) == ["10.0.0.1"]
    assert "User" not in at.dataframe[0].proto.column_order
    at.selectbox[0].select_index(0).run()
    button(at, "End this session").click().run()
    left = sessions.own_sessions(app_services.db, ann)
    assert [row.address for row in left] == ["10.0.0.1"]
    assert not at.selectbox


def test_password_change_ends_the_other_sessions(account, app_services):
    at, ann = account
    field(at, "Current password").set_value(PASSWORD)
    field(at, "New password").set_value("quite another phrase")
    field(at, "The same again").set_value("quite another phrase")
    button(at, "Change password").click().run()
    assert [s.value for s in at.success] == [
        "The password is changed; your other sessions have ended."
    ]
    left = sessions.own_sessions(app_services.db, ann)
    assert [row.address for row in left] == ["10.0.0.1"]


def test_password_change_with_mistakes_is_one_sentence(account):
    at, _ = account
    field(at, "Current password").set_value("wrong")
    field(at, "New password").set_value("quite another phrase")
    field(at, "The same again").set_value("quite another phrase")
    button(at, "Change password").click().run()
    assert ["current password is not right" in e.value for e in at.error] == [True]


def test_second_factor_is_switched_on_with_recovery_codes(account, app_services):
    at, ann = account
    at.toggle[0].set_value(True).run()
    secret = at.code[0].value
    field(at, "Code").set_value(pyotp.TOTP(secret).now())
    button(at, "Switch it on").click().run()
    assert totp.enrolled(app_services.db, ann)
    assert len(at.code[0].value.splitlines()) == totp.RECOVERY_CODES
    button(at, "I have kept them").click().run()
    assert len(at.code) == 0
    field(at, "Password").set_value(PASSWORD)
    button(at, "Remove the second factor").click().run()
    assert not totp.enrolled(app_services.db, ann)


def test_choice_of_notices_by_email_is_offered_only_with_an_email_server(account):
    at, _ = account
    assert "Save choice" not in {button.label for button in at.button}


@pytest.fixture
def with_mail(monkeypatch):
    smtp = {"host": "mail.example.org", "sender": "mlaas@example.org"}
    monkeypatch.setenv("MLAAS_NOTICES__SMTP", json.dumps(smtp))


def test_choice_of_notices_by_email_is_kept(with_mail, account, app_services):
    at, ann = account
    assert any("no e-mail address here" in caption.value for caption in at.caption)
    boxes = {box.label: box for box in at.checkbox}
    assert boxes["A decision is asked of you"].value
    assert not boxes["A job ended"].value
    boxes["A decision is asked of you"].uncheck()
    boxes["A job ended"].check()
    button(at, "Save choice").click().run()
    wanted = notices.chosen(app_services.db, ann)
    assert Kind.JOB in wanted
    assert Kind.APPROVAL_ASKED not in wanted
    assert [s.value for s in at.success] == ["Your choice is kept."]
