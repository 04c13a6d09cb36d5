"""Sessions: found by their token, ended by time and by people."""

from datetime import timedelta

import pytest
from sqlmodel import select

from engines.core import sessions, users
from engines.core.database import now
from engines.core.errors import NotFound
from engines.core.models import UserSession
from engines.core.sessions import Stage


@pytest.fixture
def sign_in(db, settings):
    def start(actor, stage=Stage.FULL):
        with db.write() as session:
            user = users.find(session, actor.id)
            return sessions.start(session, settings.sessions, user, stage, "10.0.0.1", "Firefox")

    return start


def age(db, **columns):
    with db.write() as session:
        for row in session.exec(select(UserSession)):
            for name, value in columns.items():
                setattr(row, name, value)


def test_resolve_gives_the_person_with_their_roles(db, settings, add_person, sign_in):
    ann = add_person("ann")
    info = sessions.resolve(db, settings.sessions, sign_in(ann))
    assert info.actor == ann
    assert info.stage is Stage.FULL
    assert not info.must_change_password


@pytest.mark.parametrize("token", [None, "", "made up", "x" * 10_000, "' OR 1=1 --"])
def test_resolve_of_no_session_is_none(db, settings, add_person, sign_in, token):
    sign_in(add_person("ann"))
    assert sessions.resolve(db, settings.sessions, token) is None


def test_token_is_stored_only_as_a_hash(db, add_person, sign_in):
    token = sign_in(add_person("ann"))
    with db.read() as session:
        row = session.exec(select(UserSession)).one()
    assert token not in row.model_dump_json()
    assert row.token_hash == sessions.token_hash(token)


def test_idle_session_ends(db, settings, add_person, sign_in):
    token = sign_in(add_person("ann"))
    idle = timedelta(minutes=settings.sessions.idle_minutes)
    age(db, seen_at=now() - idle + timedelta(seconds=30))
    assert sessions.resolve(db, settings.sessions, token, touch=False)
    age(db, seen_at=now() - idle - timedelta(seconds=1))
    assert sessions.resolve(db, settings.sessions, token) is None


def test_activity_keeps_a_session_but_not_beyond_its_absolute_end(
    db, settings, add_person, sign_in
):
    token = sign_in(add_person("ann"))
    age(db, seen_at=now() - timedelta(minutes=30))
    assert sessions.resolve(db, settings.sessions, token)
    with db.read() as session:
        assert now() - session.exec(select(UserSession)).one().seen_at < timedelta(minutes=1)
    age(db, expires_at=now() - timedelta(seconds=1))
    assert sessions.resolve(db, settings.sessions, token) is None


def test_looking_without_touching_is_no_activity(db, settings, add_person, sign_in):
    token = sign_in(add_person("ann"))
    long_ago = now() - timedelta(minutes=30)
    age(db, seen_at=long_ago)
    assert sessions.resolve(db, settings.sessions, token, touch=False)
    with db.read() as session:
        assert session.exec(select(UserSession)).one().seen_at == long_ago


def test_unfinished_session_lives_ten_minutes(db, add_person, sign_in):
    sign_in(add_person("ann"), Stage.CODE)
    with db.read() as session:
        row = session.exec(select(UserSession)).one()
    assert row.expires_at - row.created_at <= timedelta(minutes=11)


def test_end_makes_the_token_worthless(db, settings, add_person, sign_in):
    token = sign_in(add_person("ann"))
    sessions.end(db, token)
    assert sessions.resolve(db, settings.sessions, token) is None
    sessions.end(db, token)
    sessions.end(db, None)


def test_revoke_ends_somebodys_session(db, settings, admin, add_person, sign_in):
    token = sign_in(add_person("ann"))
    row = next(row for row in sessions.list_sessions(db, admin) if row.user_name == "ann")
    assert row.address == "10.0.0.1"
    sessions.revoke(db, admin, row.id, "lost laptop")
    assert sessions.resolve(db, settings.sessions, token) is None
    with pytest.raises(NotFound):
        sessions.revoke(db, admin, row.id, "lost laptop")


def test_own_sessions_are_only_ones_own(db, settings, add_person, sign_in):
    ann, bob = add_person("ann"), add_person("bob")
    sign_in(ann)
    others = sign_in(bob)
    bobs = sessions.own_sessions(db, bob)
    assert [row.user_name for row in bobs] == ["bob"]
    with pytest.raises(NotFound):
        sessions.end_own(db, ann, bobs[0].id)
    assert sessions.resolve(db, settings.sessions, others)
    sessions.end_own(db, bob, bobs[0].id)
    assert sessions.resolve(db, settings.sessions, others) is None
