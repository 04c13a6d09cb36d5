"""The scheduler port. Its nouns live in the core, because every engine may submit work."""

from engines.core.scheduling import LIVE, JobRequest, JobState, JobStatus, Scheduler

__all__ = ["LIVE", "JobRequest", "JobState", "JobStatus", "Scheduler"]
