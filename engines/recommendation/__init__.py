"""Recommendation: which target, task, metric, algorithms and values suit a table, and why."""

from engines.recommendation.advice import (
    Algorithm,
    Choice,
    Concern,
    Evaluation,
    Hyperparameter,
    Recommendation,
    Signal,
    Split,
    Task,
    TimeClass,
)
from engines.recommendation.recommend import advise, recommend

__all__ = [
    "Algorithm",
    "Choice",
    "Concern",
    "Evaluation",
    "Hyperparameter",
    "Recommendation",
    "Signal",
    "Split",
    "Task",
    "TimeClass",
    "advise",
    "recommend",
]
