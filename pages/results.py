"""Results page: the verdict, scores, plots, comparison, predictions, downloads."""

import streamlit as st

from app import (
    explanation_view,
    fairness_view,
    results_compare,
    results_forecast,
    results_predict,
)
from app import results_view as view
from app.ui import boundary, header, page_actor, page_experiment
from engines.core.access import Capability

NOTHING = ("No results yet", "Results appear here when a training run has ended.")

actor = page_actor(Capability.RESULTS_READ)
experiment = page_experiment(actor, "Results")
header("Results", experiment, "results")

ended = view.ended_runs(actor, experiment.id, NOTHING)

with boundary():
    opened = view.choose(actor, ended)
    if opened is None:
        st.stop()
    view.verdict(opened)
    parts = {
        "Scores": view.overview,
        "Plots": view.plots,
        "Compare": results_compare.compare,
        "Explain": explanation_view.explain,
        "Predict": results_predict.predict,
        "Download": view.files,
    }
    if opened.files.card.is_supervised:
        parts["Fairness"] = fairness_view.fairness
    if opened.files.task in ("clustering", "anomaly"):
        parts = {"Scores": view.overview, "Groups": view.groups, **parts}
    if "series" in opened.files.card.facts:
        swap = {"Predict": ("Forecast", results_forecast.forecast)}
        parts = dict(swap.get(name, (name, draw)) for name, draw in parts.items())
    tabs = st.tabs(list(parts), key="view", bind="query-params")
    for tab, draw in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab, boundary():
                draw(opened)
