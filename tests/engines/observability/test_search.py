"""Reading the audit trail."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from engines.core.access import Actor, Role
from engines.core.database import Database, now
from engines.core.errors import InvalidInput, NotAllowed
from engines.observability import (
    EventFilter,
    acts,
    export_events,
    people,
    search_events,
    verify_chain,
)

AUDITOR = Actor("user-aud", "aud", frozenset({Role.AUDITOR}))


def test_events_are_paged_newest_first(trail: Database) -> None:
    first, second = (search_events(trail, AUDITOR, page=page, size=4) for page in (1, 9))
    assert [event.number for event in first.events] == [6, 5, 4, 3]
    assert [event.number for event in second.events] == [2, 1]
    assert first.total == second.total == 6


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (EventFilter(text="ANN"), [6, 4, 2, 1]),
        (EventFilter(text="größer"), [1]),
        (EventFilter(text="wrong job:9"), [6]),
        (EventFilter(text="100%"), [1]),
        (EventFilter(text="0_5"), [4]),
        (EventFilter(text="click-5"), [5]),
        (EventFilter(text="7043"), [2]),
        (EventFilter(act="user.created"), [3]),
        (EventFilter(actor_id="user-Ben"), [5, 3]),
        (EventFilter(subject="experiment:1", text="training"), [4]),
        (EventFilter(text="'; DROP TABLE audit_event; --"), []),
    ],
)
def test_events_are_narrowed(trail: Database, chosen: EventFilter, numbers: list[int]) -> None:
    found = search_events(trail, AUDITOR, chosen)
    assert [event.number for event in found.events] == numbers
    assert found.total == len(numbers)


def test_events_are_narrowed_by_time(trail: Database) -> None:
    hour = timedelta(hours=1)
    assert search_events(trail, AUDITOR, EventFilter(since=now() - hour)).total == 6
    assert search_events(trail, AUDITOR, EventFilter(since=now() + hour)).total == 0
    assert search_events(trail, AUDITOR, EventFilter(until=now() - hour)).total == 0
    with pytest.raises(InvalidInput, match="first day lies after"):
        search_events(trail, AUDITOR, EventFilter(since=now(), until=now() - hour))


def test_export_holds_all_matching_events_with_their_hashes(trail: Database) -> None:
    rows = export_events(trail, AUDITOR, EventFilter(actor_id="user-Ben"))
    assert [row["number"] for row in rows] == [5, 3]
    assert rows[1]["detail"] == '{"roles": ["analyst"]}'
    assert rows[0]["previous_hash"] != rows[0]["hash"]


def test_people_and_acts_fill_the_filters(trail: Database) -> None:
    assert people(trail, AUDITOR) == {"user-ann": "ann", "user-Ben": "Ben"}
    assert acts(trail, AUDITOR)[0] == "dataset.attached"
    assert len(acts(trail, AUDITOR)) == 6


@pytest.mark.parametrize("role", ["analyst", "checker", "validator", "deployer"])
def test_audit_is_closed_to_other_roles(
    trail: Database, make_actor: Callable[..., Actor], role: str
) -> None:
    for ask in (search_events, export_events, acts, people, verify_chain):
        with pytest.raises(NotAllowed, match=r"audit\.read"):
            ask(trail, make_actor(role))
