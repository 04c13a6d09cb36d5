"""What is remembered of trainings: runs, candidates, trials, files, model versions."""

from engines.tracking.port import Candidate, Model, ModelVersion, Run, Tracker, Trial
from engines.tracking.registry import versions

__all__ = ["Candidate", "Model", "ModelVersion", "Run", "Tracker", "Trial", "versions"]
