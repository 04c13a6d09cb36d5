"""What is remembered of trainings: runs, candidates, trials, files, model versions."""

from engines.tracking.port import ModelVersion, Tracker
from engines.tracking.registry import versions

__all__ = ["ModelVersion", "Tracker", "versions"]
