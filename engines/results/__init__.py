"""Results of trainings: verdict, scores, plots, comparison, downloads."""

from engines.results.compare import compare, comparison_figure
from engines.results.figures import leaderboard as leaderboard_figure
from engines.results.forecasts import forecast_comparison, forecast_told
from engines.results.groups import profile, profile_heat
from engines.results.package import model_package, run_package
from engines.results.plots import Plot, draw, plots_of, write_plots
from engines.results.read import TaskFiles, finished_tasks, open_task, read_task
from engines.results.scores import (
    Estimate,
    fold_estimate,
    holdout_estimate,
    leaderboard_frame,
    metric,
    metrics_frame,
    settings_text,
)
from engines.results.verdict import verdict

__all__ = [
    "Estimate",
    "Plot",
    "TaskFiles",
    "compare",
    "comparison_figure",
    "draw",
    "finished_tasks",
    "fold_estimate",
    "forecast_comparison",
    "forecast_told",
    "holdout_estimate",
    "leaderboard_figure",
    "leaderboard_frame",
    "metric",
    "metrics_frame",
    "model_package",
    "open_task",
    "plots_of",
    "profile",
    "profile_heat",
    "read_task",
    "run_package",
    "settings_text",
    "verdict",
    "write_plots",
]
