"""What administrators do to people, and what people do to their passwords."""

import pytest
from sqlmodel import select

from engines.core import passwords, sessions, users
from engines.core.access import Role
from engines.core.errors import InvalidInput, NotAllowed, NotFound, NotReady
from engines.core.models import AppUser
from engines.core.sessions import Stage
from tests.engines.core.conftest import PASSWORD
from tests.harness.audit import acts, audit_events


def signed_in(db, settings, actor):
    with db.write() as session:
        user = users.find(session, actor.id)
        return sessions.start(session, settings.sessions, user, Stage.FULL, "10.0.0.1", "test")


def is_live(db, settings, token):
    return sessions.resolve(db, settings.sessions, token) is not None


def test_create_gives_a_password_that_must_be_changed(db, admin):
    password = users.create_user(db, admin, " Ann ", [Role.ANALYST], "Ann Example")
    row = next(row for row in users.list_users(db, admin) if row.name == "ann")
    assert row.must_change_password
    assert row.roles == {Role.ANALYST}
    with db.read() as session:
        assert passwords.matches(password, users.find(session, row.id).password_hash)
    assert acts(db)[-1] == "user.created"


@pytest.mark.parametrize(
    "name", ["", "a", "ann example", "../ann", "an\nn", "<b>ann</b>", "a" * 65]
)
def test_create_with_unusable_name_is_refused(db, admin, name):
    with pytest.raises(InvalidInput):
        users.create_user(db, admin, name, [Role.ANALYST])


def test_create_with_taken_name_in_other_case_is_refused(db, admin, add_person):
    add_person("ann")
    with pytest.raises(InvalidInput, match="already"):
        users.create_user(db, admin, "ANN", [Role.ANALYST])


def test_create_without_role_is_refused(db, admin):
    with pytest.raises(InvalidInput, match="role"):
        users.create_user(db, admin, "ann", [])


def test_set_roles_ends_the_sessions_and_records_why(db, settings, admin, add_person):
    ann = add_person("ann")
    token = signed_in(db, settings, ann)
    users.set_roles(db, admin, ann.id, [Role.CHECKER], "new job")
    assert not is_live(db, settings, token)
    with db.read() as session:
        assert users.find(session, ann.id).actor.roles == {Role.CHECKER}
    newest = audit_events(db)[-1]
    assert newest.detail["reason"] == "new job"
    assert newest.detail["before"] == ["analyst"]


def test_disable_ends_the_sessions_and_enable_does_not_revive_them(db, settings, admin, add_person):
    ann = add_person("ann")
    token = signed_in(db, settings, ann)
    users.disable(db, admin, ann.id, "left")
    assert not is_live(db, settings, token)
    users.enable(db, admin, ann.id, "came back")
    assert not is_live(db, settings, token)
    assert not next(row for row in users.list_users(db, admin) if row.id == ann.id).disabled


def test_last_administrator_stays(db, admin, add_person):
    add_person("ann")
    with pytest.raises(NotAllowed, match="last administrator"):
        users.disable(db, admin, admin.id, "bored")
    with pytest.raises(NotAllowed, match="last administrator"):
        users.set_roles(db, admin, admin.id, [Role.ANALYST], "bored")
    row = next(row for row in users.list_users(db, admin) if row.id == admin.id)
    assert Role.ADMIN in row.roles
    assert not row.disabled


def test_disabled_administrator_does_not_count_as_one(db, admin, add_person):
    second = add_person("second", "admin")
    users.disable(db, admin, second.id, "left")
    with pytest.raises(NotAllowed, match="last administrator"):
        users.disable(db, admin, admin.id, "left too")


def test_change_without_reason_is_refused_and_changes_nothing(db, admin, add_person):
    ann = add_person("ann")
    with pytest.raises(InvalidInput, match="reason"):
        users.disable(db, admin, ann.id, "  ")
    assert not next(row for row in users.list_users(db, admin) if row.id == ann.id).disabled


def test_change_to_unknown_person_is_not_found(db, admin):
    with pytest.raises(NotFound):
        users.enable(db, admin, "nobody", "why not")


def test_reset_password_replaces_it_and_ends_the_sessions(db, settings, admin, add_person):
    ann = add_person("ann")
    token = signed_in(db, settings, ann)
    password = users.reset_password(db, admin, ann.id, "forgotten")
    assert not is_live(db, settings, token)
    with db.read() as session:
        user = users.find(session, ann.id)
    assert user.must_change_password
    assert passwords.matches(password, user.password_hash)
    assert not passwords.matches(PASSWORD, user.password_hash)


def test_change_own_password_spares_only_this_session(db, settings, add_person):
    ann = add_person("ann")
    here, elsewhere = signed_in(db, settings, ann), signed_in(db, settings, ann)
    spare = sessions.resolve(db, settings.sessions, here).id
    users.change_own_password(db, settings.sessions, ann, PASSWORD, "quite another phrase", spare)
    assert is_live(db, settings, here)
    assert not is_live(db, settings, elsewhere)
    assert acts(db)[-1] == "user.password_changed"


def test_change_own_password_with_wrong_current_is_refused_and_soon_waits(db, settings, add_person):
    ann = add_person("ann")
    for _ in range(settings.sessions.failures_before_wait):
        with pytest.raises(InvalidInput, match="current password"):
            users.change_own_password(db, settings.sessions, ann, "wrong", "quite another phrase")
    with pytest.raises(NotReady):
        users.change_own_password(db, settings.sessions, ann, PASSWORD, "quite another phrase")


def test_change_own_password_to_the_same_is_refused(db, settings, add_person):
    with pytest.raises(InvalidInput, match="old one"):
        users.change_own_password(db, settings.sessions, add_person("ann"), PASSWORD, PASSWORD)


def test_passwords_are_in_no_table(db, admin):
    password = users.create_user(db, admin, "ann", [Role.ANALYST])
    with db.read() as session:
        stored = [row.model_dump_json() for row in session.exec(select(AppUser))]
    stored += [event.model_dump_json() for event in audit_events(db)]
    assert not any(password in row for row in stored)


def test_set_email_is_recorded_and_ends_no_session(db, settings, admin, add_person):
    ann = add_person("ann")
    token = signed_in(db, settings, ann)
    users.set_email(db, admin, ann.id, " ann@example.org ")
    rows = {row.name: row.email for row in users.list_users(db, admin)}
    assert rows["ann"] == "ann@example.org"
    assert is_live(db, settings, token)
    assert acts(db)[-1] == "user.email_set"
    users.set_email(db, admin, ann.id, "")
    with db.read() as session:
        assert users.find(session, ann.id).email == ""


@pytest.mark.parametrize(
    "address",
    ["ann", "ann@", "@example.org", "a b@example.org", "ann@example.org\r\nBcc: x@y.z",
     "ann@example.org,eve@example.org", "Ann <ann@example.org>", "\"a\"@example.org",
     "änn@example.org", "ann@exämple.org", "a..b@example.org", "ann@-x.org", "a" * 65 + "@x.org"],
)  # fmt: skip
def test_set_email_to_what_is_no_address_is_refused(db, admin, address):
    with pytest.raises(InvalidInput, match="no e-mail address"):
        users.set_email(db, admin, admin.id, address)
