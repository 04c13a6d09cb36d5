"""Explain a model for its reviewers: Shapley values, reason codes, fairness, stability."""

from engines.explanation.explain import run_explain
from engines.explanation.figures import (
    beeswarm,
    dependence,
    importance_bars,
    interaction_heat,
    waterfall,
)
from engines.explanation.figures_groups import (
    MEASURES,
    calibration_curves,
    group_rates,
    stability_figure,
)
from engines.explanation.interactions import COLUMNS as PAIRED
from engines.explanation.port import Desk, Origin, Origins, Tables
from engines.explanation.read import Explanation, exists, facts, hashes, read
from engines.explanation.reasons import Direction, Ready, Reason, Reasons, ready, reasons
from engines.explanation.requests import follow, request

__all__ = [
    "MEASURES",
    "PAIRED",
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
    "exists",
    "facts",
    "follow",
    "group_rates",
    "hashes",
    "importance_bars",
    "interaction_heat",
    "read",
    "ready",
    "reasons",
    "request",
    "run_explain",
    "stability_figure",
    "waterfall",
]
