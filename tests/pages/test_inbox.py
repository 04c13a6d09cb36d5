"""The Inbox page: one's own notices, read and unread, and the number in the menu."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.navigation import PAGES, title
from engines.core.access import Actor
from engines.core.database import Database
from engines.governance.notices import Kind, Link, inbox, mark_read, post, unread
from engines.wiring import Services

OpenPage = Callable[..., AppTest]


def words(at: AppTest) -> str:
    parts = [at.markdown, at.caption, at.subheader, at.error]
    return " ".join(each.value for part in parts for each in part)


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label).click()
    return at.run()


@pytest.fixture
def say(app_services: Services, analyst: Actor) -> Callable[..., None]:
    """Say something to the analyst."""

    def tell(title: str, kind: Kind = Kind.APPROVAL_RETURNED, **more: object) -> None:
        with app_services.db.write() as session:
            post(session, more.pop("to", [analyst.id]), kind, title, **more)

    return tell


def left(db: Database, actor: Actor) -> int:
    return unread(db, actor)


def test_inbox_without_notices_says_what_comes_here(open_page: OpenPage) -> None:
    at = open_page("analyst", "inbox")
    assert not at.exception
    assert "Nothing yet" in words(at)
    assert next(b for b in at.button if b.label == "Mark all as read").disabled


def test_notice_is_shown_as_it_is_and_only_to_its_person(
    open_page: OpenPage, say: Callable[..., None]
) -> None:
    say("Churn *came* back <b>", text="Say more\nabout [bias](http://x)")
    shown = words(open_page("analyst", "inbox"))
    assert "Churn \\*came\\* back \\<b\\>" in shown
    assert "about \\[bias\\]" in shown
    assert "1 notice, newest first · 1 unread" in shown
    assert "A submission came back" in shown
    assert "Nothing yet" in words(open_page("checker", "inbox"))


def test_notice_turns_read_and_unread(
    open_page: OpenPage, app_services: Services, analyst: Actor, say: Callable[..., None]
) -> None:
    say("One")
    at = press(open_page("analyst", "inbox"), "Mark as read")
    assert left(app_services.db, analyst) == 0
    press(at, "Mark as unread")
    assert left(app_services.db, analyst) == 1


def test_open_leads_to_the_page_and_marks_as_read(
    open_page: OpenPage, app_services: Services, analyst: Actor, say: Callable[..., None]
) -> None:
    say("A job ended", kind=Kind.JOB, link=Link("jobs", {"job": "no-such-job"}))
    at = press(open_page("analyst", "inbox"), "Open")
    assert left(app_services.db, analyst) == 0
    assert at.query_params["job"] == "no-such-job"
    assert "There is no job “no-such-job”" in words(at)


def test_link_to_a_page_that_is_not_here_is_not_offered(
    open_page: OpenPage, say: Callable[..., None]
) -> None:
    say("Elsewhere", link=Link("nowhere"))
    at = open_page("analyst", "inbox")
    assert "Open" not in {button.label for button in at.button}
    assert not at.exception


def test_all_are_marked_as_read_at_once(
    open_page: OpenPage, app_services: Services, analyst: Actor, say: Callable[..., None]
) -> None:
    for number in range(3):
        say(f"No. {number}")
    at = press(open_page("analyst", "inbox"), "Mark all as read")
    assert left(app_services.db, analyst) == 0
    assert "3 notices, newest first · 0 unread" in words(at)


def test_filters_and_page_come_from_the_address(
    open_page: OpenPage, app_services: Services, analyst: Actor, say: Callable[..., None]
) -> None:
    for number in range(22):
        say(f"Number {number} end", kind=Kind.JOB if number else Kind.FINDING)
    second = words(open_page("analyst", "inbox", notices="2"))
    assert "Number 1 end" in second
    assert "Number 5 end" not in second
    assert "1 notice," in words(open_page("analyst", "inbox", about=Kind.FINDING.value))
    assert "Nothing matches" in words(open_page("analyst", "inbox", about=Kind.POLICY.value))
    mark_read(app_services.db, analyst, [row.id for row in inbox(app_services.db, analyst).rows])
    assert "2 notices," in words(open_page("analyst", "inbox", unread="true"))


def test_unread_filter_with_everything_read_says_so(open_page: OpenPage) -> None:
    assert "Everything is read" in words(open_page("analyst", "inbox", unread="true"))


@pytest.mark.parametrize(("count", "shown"), [(0, "Inbox"), (3, "Inbox (3)"), (100, "Inbox (99+)")])
def test_menu_counts_what_is_unread(count: int, shown: str) -> None:
    inbox_page = next(spec for spec in PAGES if spec.key == "inbox")
    others = [spec.title for spec in PAGES if spec.key != "inbox"]
    assert title(inbox_page, count) == shown
    assert [title(spec, count) for spec in PAGES if spec.key != "inbox"] == others
