"""The inbox: what is posted reaches whom it is for, and nobody else."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlmodel import select

from engines.core import users
from engines.core.access import Actor, Role
from engines.core.database import Database, now
from engines.core.errors import InvalidInput
from engines.governance.notices import (
    InboxFilter,
    Kind,
    Link,
    choose,
    chosen,
    inbox,
    mark_all_read,
    mark_read,
    mark_unread,
    post,
    unread,
)
from engines.governance.notices.kinds import ASKING, LABELS
from engines.governance.notices.models import Notice

MakeActor = Callable[..., Actor]


def tell(
    db: Database, to: Role | list[str] | str, title: str = "Please decide", **more
) -> str | None:
    with db.write() as session:
        return post(session, to, more.pop("kind", Kind.APPROVAL_ASKED), title, **more)


@pytest.fixture
def checkers(db: Database) -> list[Actor]:
    """Three people, two of whom are checkers and one of those disabled later by the test."""
    roles = {"ann": [Role.CHECKER], "bob": [Role.ANALYST, Role.CHECKER], "cid": [Role.ANALYST]}
    with db.write() as session:
        added = [users.add(session, users.SYSTEM, n, r, None) for n, r in roles.items()]
        return [user.actor for user in added]


def test_post_reaches_the_named_people_once(db: Database, make_actor: MakeActor) -> None:
    ann, bob = make_actor("checker", name="ann"), make_actor("analyst", name="bob")
    tell(db, [ann.id, ann.id], "Decide on churn", text="Tier 1", link=Link("approvals", {"s": "1"}))
    [row] = inbox(db, ann).rows
    assert (row.title, row.text, row.is_read) == ("Decide on churn", "Tier 1", False)
    assert row.link == Link("approvals", {"s": "1"})
    assert (unread(db, ann), unread(db, bob)) == (1, 0)
    assert inbox(db, bob).rows == []


def test_post_to_a_role_reaches_its_enabled_holders_but_the_spared(
    db: Database, checkers: list[Actor]
) -> None:
    ann, bob, _ = checkers
    tell(db, Role.CHECKER)
    assert [unread(db, each) for each in checkers] == [1, 1, 0]
    tell(db, Role.CHECKER, spare=[ann.id])
    assert [unread(db, each) for each in checkers] == [1, 2, 0]
    with db.write() as session:
        users.find(session, bob.id).disabled_at = now()
    assert tell(db, Role.CHECKER, spare=[ann.id]) is None
    assert unread(db, bob) == 2


def test_post_to_a_role_by_its_word_reaches_its_holders(
    db: Database, checkers: list[Actor]
) -> None:
    tell(db, "checker")
    assert [unread(db, each) for each in checkers] == [1, 1, 0]
    with pytest.raises(ValueError, match="chequer"):
        tell(db, "chequer")


def test_post_in_a_transaction_that_fails_says_nothing(db: Database, analyst: Actor) -> None:
    def fail() -> None:
        with db.write() as session:
            post(session, [analyst.id], Kind.JOB, "Never happened")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert unread(db, analyst) == 0
    with db.read() as session:
        assert session.exec(select(Notice)).all() == []


def test_title_becomes_one_line_and_long_texts_are_cut(db: Database, analyst: Actor) -> None:
    tell(db, [analyst.id], "One\r\nBcc: all@example.org\x00", text="a\nb\x00" + "c" * 3_000)
    [row] = inbox(db, analyst).rows
    assert row.title == "One Bcc: all@example.org"
    assert row.text.startswith("a\nb c")
    assert len(row.text) == 2_000


@pytest.mark.parametrize("page", ["https://evil.example", "../x", "//evil", "", "a b", "A"])
def test_link_to_what_is_no_page_is_refused(page: str) -> None:
    with pytest.raises(InvalidInput):
        Link(page)


def test_link_carries_its_query_safely() -> None:
    link = Link("approvals", {"submission": "a&b=c #"})
    assert link.address("https://m") == "https://m/approvals?submission=a%26b%3Dc+%23"


def test_read_and_unread_follow_the_person_alone(db: Database, make_actor: MakeActor) -> None:
    ann, bob = make_actor("checker", name="ann"), make_actor("checker", name="bob")
    tell(db, [ann.id, bob.id])
    [row] = inbox(db, ann).rows
    mark_read(db, bob, [row.id])
    assert (unread(db, ann), unread(db, bob)) == (1, 1)
    mark_read(db, ann, [row.id])
    assert (unread(db, ann), unread(db, bob)) == (0, 1)
    assert inbox(db, ann).rows[0].is_read
    mark_unread(db, bob, [row.id])
    assert unread(db, ann) == 0
    mark_unread(db, ann, [row.id])
    assert unread(db, ann) == 1


def test_all_are_marked_read_at_once_and_counted(db: Database, make_actor: MakeActor) -> None:
    ann, bob = make_actor("checker", name="ann"), make_actor("checker", name="bob")
    for number in range(3):
        tell(db, [ann.id, bob.id], f"No. {number}")
    assert mark_all_read(db, ann) == 3
    assert mark_all_read(db, ann) == 0
    assert (unread(db, ann), unread(db, bob)) == (0, 3)


def test_inbox_is_filtered_and_paged_newest_first(db: Database, analyst: Actor) -> None:
    for number in range(25):
        kind = Kind.JOB if number % 5 == 0 else Kind.FINDING
        tell(db, [analyst.id], f"No. {number}", kind=kind)
    first, second = inbox(db, analyst), inbox(db, analyst, InboxFilter(page=2))
    assert (first.total, len(first.rows), len(second.rows)) == (25, 20, 5)
    assert (first.rows[0].title, second.rows[-1].title) == ("No. 24", "No. 0")
    assert inbox(db, analyst, InboxFilter(page=99)).rows == second.rows
    jobs = inbox(db, analyst, InboxFilter(kind=Kind.JOB))
    assert (jobs.total, {row.kind for row in jobs.rows}) == (5, {Kind.JOB})
    mark_read(db, analyst, [row.id for row in jobs.rows])
    assert inbox(db, analyst, InboxFilter(unread=True)).total == 20
    assert inbox(db, analyst, InboxFilter(unread=True, kind=Kind.JOB)).total == 0


def test_unread_count_uses_the_index(db: Database, analyst: Actor) -> None:
    planned = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
    counted = "SELECT count(id) FROM notice_copy WHERE user_id = :u AND read_at IS NULL"
    with db.read() as session:
        if not db.is_sqlite:  # an empty table is read whole unless that is forbidden
            session.connection().execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.connection().execute(text(planned + counted), {"u": analyst.id}).all()
    assert "ix_notice_copy_user_id_" in str(plan)


def test_choice_begins_with_what_asks_something_and_is_kept(
    db: Database, make_actor: MakeActor
) -> None:
    ann, bob = make_actor("checker", name="ann"), make_actor("checker", name="bob")
    assert chosen(db, ann) == ASKING
    choose(db, ann, [Kind.JOB])
    assert chosen(db, ann) == {Kind.JOB}
    choose(db, ann, [])
    assert chosen(db, ann) == frozenset()
    assert chosen(db, bob) == ASKING


def test_every_kind_has_words() -> None:
    assert set(LABELS) == set(Kind)
