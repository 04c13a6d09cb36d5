"""Signing in: password, second factor, new password; and what failure tells."""

import time
from dataclasses import replace

import pyotp
import pytest
from sqlmodel import select

from engines.core import sessions, sign_in, totp, users
from engines.core.errors import InvalidInput, NotAllowed, NotReady
from engines.core.models import KnownBrowser
from engines.core.sessions import Stage
from engines.core.sign_in import Visitor
from tests.engines.core.conftest import PASSWORD
from tests.harness.audit import acts, audit_events

HERE = Visitor("10.0.0.1", "Firefox")


@pytest.fixture
def enter(db, settings):
    def with_password(name, password=PASSWORD, visitor=HERE):
        return sign_in.with_password(db, settings.sessions, visitor, name, password)

    return with_password


@pytest.fixture
def info(db, settings):
    return lambda entered: sessions.resolve(db, settings.sessions, entered.token)


def test_right_password_signs_in_and_is_recorded(db, add_person, enter, info):
    ann = add_person("ann")
    entered = enter(" Ann ")
    assert entered.stage is Stage.FULL
    assert info(entered).actor == ann
    assert acts(db)[-1] == "user.signed_in"


def test_every_refusal_sounds_the_same(db, admin, add_person, enter):
    add_person("ann")
    gone = add_person("gone")
    users.disable(db, admin, gone.id, "left")
    said = set()
    for name, password in (("ann", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", "")):
        with pytest.raises(NotAllowed) as refusal:
            enter(name, password)
        said.add(str(refusal.value))
    assert len(said) == 1
    assert acts(db)[-4:] == ["user.sign_in_failed"] * 4


def test_typed_name_of_nobody_is_kept_nowhere(db, enter):
    with pytest.raises(NotAllowed):
        enter("my-secret-password", "x")
    rows = [event.model_dump_json() for event in audit_events(db)]
    assert not any("my-secret-password" in row for row in rows)


def test_guessing_waits_and_even_the_right_password_waits_with_it(settings, add_person, enter):
    add_person("ann")
    for _ in range(settings.sessions.failures_before_wait):
        with pytest.raises(NotAllowed):
            enter("ann", "wrong")
    with pytest.raises(NotReady):
        enter("ann")
    assert enter("ann", visitor=Visitor("10.0.0.2", "Firefox")).stage is Stage.FULL


def test_known_browser_is_open_to_its_owner_while_others_guess(settings, add_person, enter):
    add_person("ann")
    known_by = enter("ann").known_by
    for _ in range(settings.sessions.failures_before_wait):
        with pytest.raises(NotAllowed):
            enter("ann", "wrong")
    known = replace(HERE, known_by=known_by)
    assert enter("ann", visitor=known).known_by == known_by


def test_browser_known_to_one_is_not_known_to_another(settings, add_person, enter):
    add_person("ann")
    add_person("bob")
    anns = replace(HERE, known_by=enter("ann").known_by)
    for _ in range(settings.sessions.failures_before_wait):
        with pytest.raises(NotAllowed):
            enter("bob", "wrong", anns)
    with pytest.raises(NotReady):
        enter("bob", visitor=HERE)


def test_password_reset_forgets_the_known_browsers(db, admin, add_person, enter):
    ann = add_person("ann")
    enter("ann")
    users.reset_password(db, admin, ann.id, "forgotten")
    with db.read() as session:
        assert session.exec(select(KnownBrowser)).all() == []


def test_first_sign_in_leads_to_a_new_password(db, settings, add_person, enter, info):
    add_person("ann", must_change=True)
    entered = enter("ann")
    owed = info(entered)
    assert owed.must_change_password
    with pytest.raises(InvalidInput):
        sign_in.with_new_password(db, settings.sessions, HERE, owed, "short")
    done = sign_in.with_new_password(db, settings.sessions, HERE, owed, "quite another phrase")
    assert done.stage is Stage.FULL
    assert info(entered) is None
    assert enter("ann", "quite another phrase").stage is Stage.FULL


@pytest.fixture
def with_factor(db, secrets, settings, add_person):
    ann = add_person("ann")
    secret = totp.enrol(db, secrets, ann).secret
    totp.confirm(db, secrets, settings.sessions, ann, pyotp.TOTP(secret).now())
    return secret


def test_second_factor_is_owed_after_the_password(db, secrets, settings, with_factor, enter, info):
    entered = enter("ann")
    assert entered.stage is Stage.CODE
    code = pyotp.TOTP(with_factor).at(time.time() + 30)
    done = sign_in.with_code(db, secrets, settings.sessions, HERE, info(entered), code)
    assert done.stage is Stage.FULL
    assert info(entered) is None
    again = info(enter("ann"))
    with pytest.raises(NotAllowed):
        sign_in.with_code(db, secrets, settings.sessions, HERE, again, code)


def test_guessing_codes_waits_whoever_moves_about(db, secrets, settings, with_factor, enter, info):
    for n in range(settings.sessions.failures_before_wait):
        visitor = Visitor(f"10.1.0.{n}", "Firefox")
        owed = info(enter("ann", visitor=visitor))
        with pytest.raises(NotAllowed):
            sign_in.with_code(db, secrets, settings.sessions, visitor, owed, "000000")
    owed = info(enter("ann", visitor=Visitor("10.2.0.1", "Firefox")))
    with pytest.raises(NotReady):
        sign_in.with_code(db, secrets, settings.sessions, HERE, owed, "000000")
