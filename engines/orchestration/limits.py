"""The rules a worker keeps: how many jobs at once, for how long, and how patiently."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerLimits:
    """All times in seconds.

    `alone` names the kinds of which one machine runs a single job at a time: a training spreads
    over all cores by itself, and two of them would only slow each other down.
    """

    slots: int
    job_seconds: float = 4 * 3600.0
    poll_seconds: float = 0.25
    beat_seconds: float = 5.0
    lease_seconds: float = 60.0
    grace_seconds: float = 3.0
    backoff_seconds: float = 5.0
    longest_backoff_seconds: float = 300.0
    alone: frozenset[str] = frozenset({"train"})

    def backoff(self, attempt: int) -> float:
        """Seconds to wait after a failed attempt: doubled each time, up to the longest."""
        return min(self.backoff_seconds * 2.0 ** (attempt - 1), self.longest_backoff_seconds)


def slots(workers: int) -> int:
    """Jobs to run side by side: the configured number, or one per usable core when it is 0."""
    return workers or len(os.sched_getaffinity(0))
