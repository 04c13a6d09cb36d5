"""What the server holds for good is no longer looked through."""

import gc
import threading
import time

import pytest

from app import memory


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_settled_objects_are_left_out_of_the_next_round():
    before, held = gc.get_freeze_count(), [[n] for n in range(1_000)]
    memory.settle()
    assert gc.get_freeze_count() >= before + len(held)
    assert not any(each is held[0] for each in gc.get_objects())


def test_settling_later_happens_by_itself_and_holds_no_stop_up():
    before = gc.get_freeze_count()
    memory.settle_later([0.01])
    assert all(each.daemon for each in threading.enumerate() if isinstance(each, threading.Timer))
    until = time.monotonic() + 10
    while gc.get_freeze_count() == before and time.monotonic() < until:
        time.sleep(0.01)
    assert gc.get_freeze_count() > before
