"""The outbox: nothing lost, nothing taken twice, and what was given up can be sent again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from engines.core.access import Actor
from engines.core.database import now
from engines.core.errors import BackendUnavailable, InvalidInput, NotFound, NotReady
from engines.governance.notices import Channel, DeliveryState, Kind, deliveries, outbox, send_again
from engines.governance.notices.models import Notice
from tests.engines.governance.notices.conftest import Outgoing
from tests.harness.audit import acts

HOOKS = {"chat": {"url": "https://example.org"}, "log": {"url": "https://example.org"}}


def test_nothing_leaves_when_nothing_is_set(outgoing: Outgoing) -> None:
    outgoing.post()
    assert outgoing.courier().carry() == 0
    assert outgoing.rows() == []


def test_deliveries_are_written_once_whoever_looks(outgoing: Outgoing) -> None:
    outgoing.post()
    settings = outgoing.settings(webhooks=HOOKS).notices
    assert [outbox.sort_out(outgoing.db, settings) for _ in range(2)] == [1, 0]
    assert sorted(row.target for row in outgoing.rows()) == ["chat", "log"]


def test_notices_from_before_the_channel_was_set_stay_inside(outgoing: Outgoing) -> None:
    old = outgoing.post("Old")
    with outgoing.db.write() as session:
        session.get_one(Notice, old).made_at = now() - timedelta(hours=25)
    new = outgoing.post("New")
    outbox.sort_out(outgoing.db, outgoing.settings(webhooks=HOOKS).notices)
    assert {row.notice_id for row in outgoing.rows()} == {new}


def test_couriers_at_once_never_take_the_same_try(outgoing: Outgoing) -> None:
    settings = outgoing.settings(webhooks=HOOKS).notices
    for number in range(10):
        outgoing.post(f"No. {number}")

    def carry(_: int) -> list[str]:
        outbox.sort_out(outgoing.db, settings)
        taken = [outbox.claim(outgoing.db, settings) for _ in range(20)]
        return [delivery.id for delivery in taken if delivery]

    with ThreadPoolExecutor(4) as pool:
        taken = [each for ids in pool.map(carry, range(4)) for each in ids]
    while rest := outbox.claim(outgoing.db, settings):
        taken.append(rest.id)
    assert len(taken) == len(set(taken)) == 20


def test_delivery_of_a_courier_that_died_is_taken_again_later(outgoing: Outgoing) -> None:
    settings = outgoing.settings(webhooks=HOOKS, tries=2).notices
    outgoing.post()
    outbox.sort_out(outgoing.db, settings)
    first = outbox.claim(outgoing.db, settings)
    other = outbox.claim(outgoing.db, settings)
    assert first
    assert other
    assert outbox.claim(outgoing.db, settings) is None
    outgoing.make_due()
    again = outbox.claim(outgoing.db, settings)
    assert again
    assert again.id in {first.id, other.id}
    assert again.tries == 2


def test_try_that_was_overtaken_cannot_say_how_it_ended(outgoing: Outgoing) -> None:
    settings = outgoing.settings(webhooks={"chat": HOOKS["chat"]}).notices
    outgoing.post()
    outbox.sort_out(outgoing.db, settings)
    slow = outbox.claim(outgoing.db, settings)
    outgoing.make_due()
    quick = outbox.claim(outgoing.db, settings)
    assert slow
    assert quick
    outbox.sent(outgoing.db, quick)
    outbox.not_sent(outgoing.db, slow, BackendUnavailable("Too late."), settings)
    assert [(row.state, row.error) for row in outgoing.rows()] == [("sent", "")]


def test_delivery_killed_in_every_try_is_given_up_with_the_reason(outgoing: Outgoing) -> None:
    notices = {"webhooks": {"chat": HOOKS["chat"]}, "tries": 2}
    outgoing.post()
    outbox.sort_out(outgoing.db, outgoing.settings(**notices).notices)
    for _ in range(2):
        assert outbox.claim(outgoing.db, outgoing.settings(**notices).notices)
        outgoing.make_due()
    assert outgoing.courier(**notices).carry() == 1
    [row] = outgoing.rows()
    assert (row.state, row.error) == (
        "failed",
        "Sending was broken off in the middle of the last try.",
    )


def test_administrator_sees_what_failed_and_sends_it_again(
    outgoing: Outgoing, make_actor: Callable[..., Actor]
) -> None:
    admin, db = make_actor("admin"), outgoing.db
    settings = outgoing.settings(webhooks=HOOKS).notices
    outgoing.post()
    outbox.sort_out(db, settings)
    taken = outbox.claim(db, settings)
    assert taken
    outbox.not_sent(db, taken, InvalidInput("It may not go there."), settings)
    failed = deliveries(db, admin, DeliveryState.FAILED)
    assert (failed.total, deliveries(db, admin).total) == (1, 2)
    [row] = failed.rows
    assert (row.channel, row.to, row.kind) == (Channel.WEBHOOK, taken.target, Kind.APPROVAL_ASKED)
    assert (row.error, row.due_at) == ("It may not go there.", None)
    with pytest.raises(InvalidInput, match="reason"):
        send_again(db, admin, row.id, " ")
    send_again(db, admin, row.id, "the address is right now")
    with pytest.raises(NotReady):
        send_again(db, admin, row.id, "once more")
    with pytest.raises(NotFound):
        send_again(db, admin, "nothing", "once more")
    assert deliveries(db, admin, DeliveryState.FAILED).total == 0
    assert acts(db)[-2:] == ["notice.given_up", "notice.sent_again"]


def test_waits_double_up_to_the_longest(outgoing: Outgoing) -> None:
    settings = outgoing.settings(first_wait_seconds=30, longest_wait_seconds=100).notices
    assert [outbox.wait(settings, tries) for tries in (1, 2, 3, 50)] == [30, 60, 100, 100]
