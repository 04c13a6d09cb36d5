"""The Administration page: what administrators see and do."""

import pytest

from app.people_view import HANDED_OVER
from engines.core import users
from engines.core.access import Role
from engines.governance.notices import Kind, post
from engines.governance.notices.models import NoticeDelivery


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


def test_address_is_saved_and_a_wrong_one_is_one_sentence(open_page, app_services, make_actor, ann):
    at = open_page("admin", "admin")
    at.selectbox[0].select("ann").run()
    field = next(f for f in at.text_input if f.label == "E-mail")
    field.set_value("ann@example.org, eve@example.org").run()
    next(b for b in at.button if b.label == "Save e-mail").click().run()
    assert any("no e-mail address" in error.value for error in at.error)
    field = next(f for f in at.text_input if f.label == "E-mail")
    field.set_value("ann@example.org").run()
    next(b for b in at.button if b.label == "Save e-mail").click().run()
    rows = users.list_users(app_services.db, make_actor("admin"))
    assert {row.name: row.email for row in rows} == {"ann": "ann@example.org", "root": ""}


def test_deliveries_show_what_failed_and_offer_to_send_it_again(open_page, app_services, ann):
    assert "Nothing here" in [text.value for text in open_page("admin", "admin").subheader]
    with app_services.db.write() as session:
        notice = post(session, [ann.id], Kind.FINDING, "Secret words")
        for state, reason in (("failed", "550 No such person."), ("sent", "")):
            session.add(
                NoticeDelivery(
                    notice_id=notice, channel="email", target=ann.id if reason else "x",
                    state=state, error=reason, tries=1,
                )
            )  # fmt: skip
    at = open_page("admin", "admin")
    assert not at.exception
    table = at.dataframe[-1].value
    assert set(table["Reason"]) == {"550 No such person.", ""}
    assert set(table["State"]) == {"Given up", "Sent"}
    assert "Secret words" not in table.to_string()
    again = next(s for s in at.selectbox if s.label == "Given up")
    assert [option.split(" · ")[0] for option in again.options] == ["E-mail to ann"]
    again.select_index(0).run()
    assert "Send again" in labels(at)
