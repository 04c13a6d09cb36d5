"""What a server holds for good, kept out of the garbage collector's rounds.

Modules, caches and the services are a million objects: looking through them again and again held
every page up for a quarter of a second, once in seven reruns of the inventory.
"""

import gc
from collections.abc import Sequence
from threading import Timer

LATER = (60.0, 600.0)  # seconds: pages import what they draw with when they are first opened


def settle() -> None:
    """Collect what is garbage, and never look at the rest again; references still free it."""
    gc.collect()
    gc.freeze()


def settle_later(moments: Sequence[float] = LATER) -> None:
    """Settle once at each of the moments, in seconds from now."""
    for seconds in moments:
        timer = Timer(seconds, settle)
        timer.daemon = True  # a stop does not wait for it
        timer.start()
