"""Explore page: the verdict on the data first, then its statistics, plots and report."""

from app.eda_tabs import tabs
from app.eda_view import open_report, verdict
from app.ui import boundary, header, page_actor, page_experiment
from engines.core.access import Capability

actor = page_actor(Capability.EDA_READ)
experiment = page_experiment(actor, "Explore")
header("Explore", experiment, "eda")

with boundary():
    opened = open_report(actor, experiment)
    if opened:
        verdict(opened)
        tabs(opened)
