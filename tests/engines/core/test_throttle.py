"""Waits after guessing: they come, grow, expire, and spare the victim."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from engines.core import throttle
from engines.core.database import now
from engines.core.errors import NotReady
from engines.core.models import SignInWait


@pytest.fixture
def limits(settings):
    return settings.sessions


def attempt(db, limits, counted):
    try:
        throttle.admit(db, limits, counted)
    except NotReady:
        return False
    return True


def later(db, seconds):
    """Let time pass: everything kept is moved into the past."""
    gone = timedelta(seconds=seconds)
    with db.write() as session:
        for row in session.exec(select(SignInWait)):
            row.counted_at -= gone
            row.waits_until = row.waits_until and row.waits_until - gone


def longest_wait(db):
    with db.read() as session:
        until = [row.waits_until for row in session.exec(select(SignInWait)) if row.waits_until]
    return max(until) - now()


def test_wait_comes_after_the_allowed_attempts_and_says_how_long(db, limits):
    counted = throttle.keys("ann", "10.0.0.1")
    allowed = [attempt(db, limits, counted) for _ in range(limits.failures_before_wait + 1)]
    assert allowed == [True] * limits.failures_before_wait + [False]
    with pytest.raises(NotReady, match=r"(29|30) seconds"):
        throttle.admit(db, limits, counted)


def test_wait_doubles_up_to_the_longest_and_expires(db, limits):
    counted = throttle.keys("ann", "10.0.0.1")
    waits = []
    for _ in range(limits.failures_before_wait + 8):
        assert attempt(db, limits, counted)
        with db.read() as session:
            waiting = any(row.waits_until for row in session.exec(select(SignInWait)))
        if waiting:
            waits.append(round(longest_wait(db).total_seconds()))
            later(db, waits[-1] + 1)
    assert waits[:6] == [30, 60, 120, 240, 480, 900]
    assert set(waits[6:]) == {900}


def test_attempt_during_a_wait_does_not_prolong_it(db, limits):
    counted = throttle.keys("ann", "10.0.0.1")
    for _ in range(50):
        attempt(db, limits, counted)
    later(db, limits.wait_seconds + 1)
    assert attempt(db, limits, counted)


def test_quiet_time_forgets_the_attempts(db, limits):
    counted = throttle.keys("ann", "10.0.0.1")
    for _ in range(limits.failures_before_wait):
        attempt(db, limits, counted)
    later(db, 2 * limits.longest_wait_seconds + 1)
    assert all(attempt(db, limits, counted) for _ in range(limits.failures_before_wait))


def test_victim_elsewhere_is_not_slowed(db, limits):
    for _ in range(30):
        attempt(db, limits, throttle.keys("ann", "10.6.6.6"))
    assert attempt(db, limits, throttle.keys("ann", "10.0.0.1"))


def test_victim_behind_the_same_address_is_not_slowed_in_a_known_browser(db, limits):
    for name in ("ann", "bob", "cat") * 60:
        attempt(db, limits, throttle.keys(name, "10.6.6.6"))
    assert not attempt(db, limits, throttle.keys("ann", "10.6.6.6"))
    assert attempt(db, limits, throttle.keys("ann", "10.6.6.6", browser_hash="hers"))


def test_one_address_guessing_many_names_waits(db, limits):
    guesses = [attempt(db, limits, throttle.keys(f"name{n}", "10.6.6.6")) for n in range(60)]
    assert guesses.count(True) == limits.failures_before_wait * throttle.ADDRESS_SHARE


def test_success_clears_the_person_but_not_the_address(db, limits):
    counted = throttle.keys("ann", "10.0.0.1")
    for _ in range(3):
        attempt(db, limits, counted)
    with db.write() as session:
        throttle.clear(session, counted)
    with db.read() as session:
        assert [row.attempts for row in session.exec(select(SignInWait))] == [2]


def test_parallel_guesses_do_not_slip_through(db, limits):
    counted = throttle.keys("ann", "10.0.0.1")
    with ThreadPoolExecutor(12) as pool:
        admitted = list(pool.map(lambda _: attempt(db, limits, counted), range(40)))
    assert admitted.count(True) == limits.failures_before_wait


def test_forget_old_leaves_recent_counters(db, limits):
    attempt(db, limits, throttle.keys("ann", "10.0.0.1"))
    later(db, 2 * limits.longest_wait_seconds + 1)
    attempt(db, limits, throttle.keys("bob", "10.0.0.2"))
    with db.write() as session:
        throttle.forget_old(session, limits)
    with db.read() as session:
        assert len(session.exec(select(SignInWait)).all()) == 2


@pytest.mark.parametrize(
    ("address", "place"),
    [("10.0.0.1", "10.0.0.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
     ("2001:db8:1:2::1", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"),
     ("::ffff:10.0.0.1", "10.0.0.1"), ("", ""), ("no address", "no address")],
)  # fmt: skip
def test_network_of_an_address_is_what_one_line_has(address, place):
    assert throttle.network(address) == place


def test_moving_about_within_one_line_does_not_outrun_the_wait(db, limits):
    for n in range(limits.failures_before_wait):
        assert attempt(db, limits, throttle.keys("ann", f"2001:db8:1:2::{n:x}"))
    assert not attempt(db, limits, throttle.keys("ann", "2001:db8:1:2:ffff::1"))
    assert attempt(db, limits, throttle.keys("ann", "2001:db8:1:3::1"))
