"""The Administration page: what administrators see and do."""

import pytest

from app.people_view import HANDED_OVER
from engines.core import users
from engines.core.access import Role


@pytest.fixture
def ann(app_services, make_actor):
    admin = make_actor("admin")
    users.create_user(app_services.db, admin, "root", [Role.ADMIN])
    users.create_user(app_services.db, admin, "ann", [Role.ANALYST], "Ann Example")
    return next(row for row in users.list_users(app_services.db, admin) if row.name == "ann")


def labels(at):
    return {button.label for button in at.button}


def test_page_lists_everybody_with_roles_and_state(open_page, ann):
    at = open_page("admin", "admin")
    assert not at.exception
    frame = at.dataframe[0].value
    assert list(frame["Name"]) == ["ann", "root"]
    assert list(frame["Roles"]) == ["analyst", "admin"]
    assert set(frame["Password"]) == {"to be changed"}


def test_choosing_a_person_offers_what_can_be_done(open_page, ann):
    at = open_page("admin", "admin")
    assert "Disable" not in labels(at)
    at.selectbox[0].select("ann").run()
    assert {"Change roles", "Disable", "Reset password"} <= labels(at)
    assert "Remove second factor" not in labels(at)
    assert next(b for b in at.button if b.label == "Change roles").disabled


def test_disabled_person_can_be_enabled(open_page, app_services, make_actor, ann):
    users.disable(app_services.db, make_actor("admin"), ann.id, "left")
    at = open_page("admin", "admin")
    at.selectbox[0].select("ann").run()
    assert "Enable" in labels(at)
    assert "Disable" not in labels(at)


def test_new_password_is_shown_until_passed_on(open_page, ann):
    at = open_page("admin", "admin")
    at.session_state[HANDED_OVER] = ("ann", "the new one")
    at.run()
    assert at.code[0].value == "the new one"
    next(b for b in at.button if b.label == "I have passed it on").click().run()
    assert len(at.code) == 0


def test_choice_shows_the_person_as_they_are_now(open_page, app_services, make_actor, ann):
    at = open_page("admin", "admin")
    at.selectbox[0].select("ann").run()
    users.disable(app_services.db, make_actor("admin"), ann.id, "left")
    at.run()
    assert at.selectbox[0].value == "ann"
    assert "Enable" in labels(at)


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer", "auditor"])
def test_page_for_others_is_one_sentence(open_page, role):
    at = open_page(role, "admin")
    assert len(at.error) == 1
    assert len(at.dataframe) == 0
