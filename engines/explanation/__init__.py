"""Explain a model for its reviewers: Shapley values, reasons, fairness, stability, drift."""

from engines.explanation.drift_reading import drift_by_column, drift_over_time, reading
from engines.explanation.explain import run_explain
from engines.explanation.figures import (
    beeswarm,
    dependence,
    importance_bars,
    interaction_heat,
    waterfall,
)
from engines.explanation.figures_drift import FAR, MOVED, drift_bars, drift_by_period, drift_lines
from engines.explanation.figures_groups import (
    MEASURES,
    calibration_curves,
    group_rates,
    stability_figure,
)
from engines.explanation.port import Desk, Origin, Origins, Tables
from engines.explanation.read import Explanation, exists, facts, hashes, read
from engines.explanation.reasons import Direction, Ready, Reason, Reasons, ready, reasons
from engines.explanation.requests import follow, request

__all__ = [
    "FAR",
    "MEASURES",
    "MOVED",
    "Desk",
    "Direction",
    "Explanation",
    "Origin",
    "Origins",
    "Ready",
    "Reason",
    "Reasons",
    "Tables",
    "beeswarm",
    "calibration_curves",
    "dependence",
    "drift_bars",
    "drift_by_column",
    "drift_by_period",
    "drift_lines",
    "drift_over_time",
    "exists",
    "facts",
    "follow",
    "group_rates",
    "hashes",
    "importance_bars",
    "interaction_heat",
    "read",
    "reading",
    "ready",
    "reasons",
    "request",
    "run_explain",
    "stability_figure",
    "waterfall",
]
