"""Which plots a task has, and a page of all of them that opens without a network."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import plotly.graph_objects as go
import plotly.io as pio

from engines.core.errors import NotFound
from engines.core.palette import as_file
from engines.results import figures, forecasts, groups
from engines.results.read import TaskFiles, read_task
from engines.results.verdict import verdict

PAGE = "plots.html"


@dataclass(frozen=True)
class Plot:
    """One plot: its key for the address, its title, how to read it, how to draw it."""

    key: str
    title: str
    about: str
    draw: Callable[[TaskFiles], go.Figure]


_ROC = Plot("roc", "ROC", "Further to the upper left is better.", figures.roc)
_PR = Plot(
    "precision_recall",
    "Precision and recall",
    "Higher is better; the dotted line is the share of the class in the data.",
    figures.precision_recall,
)
_CALIBRATION = Plot(
    "calibration",
    "Calibration",
    "On the diagonal, predicted probabilities can be read as frequencies.",
    figures.calibration,
)
_CONFUSION = Plot("confusion", "Confusion", "Right answers are on the diagonal.", figures.confusion)
_GAIN = Plot(
    "gain", "Gain", "Taking the likeliest rows first, how many positives are found.", figures.gain
)
_LIFT = Plot("lift", "Lift", "How many times better than choosing at random.", figures.lift)
_RESIDUALS = Plot(
    "residuals", "Residuals", "Dots should lie around zero without a pattern.", figures.residuals
)
_SPREAD = Plot(
    "residual_histogram",
    "Spread of residuals",
    "Narrow and centred on zero is good.",
    figures.residual_histogram,
)
_TRUTH = Plot("truth", "Predicted and true", "Dots on the line are right.", figures.truth)
_TIME = Plot(
    "over_time",
    "Over time",
    "Where the lines part, the model errs; the band should hold most true values.",
    forecasts.over_time,
)
_IMPORTANCE = Plot(
    "importance",
    "Feature importance",
    "How much the hold-out score falls when one column is shuffled; not a cause.",
    figures.importance,
)
_TELLING = Plot(
    "importance",
    "Telling columns",
    "How strongly each numeric column goes with the model's answer.",
    figures.importance,
)
_PLANE = Plot("plane", "Map of rows", "Near rows are alike.", groups.plane)
_CLASSES = (_ROC, _PR, _CALIBRATION, _CONFUSION, _GAIN, _LIFT, _IMPORTANCE)
_NUMBERS = (_RESIDUALS, _SPREAD, _TRUTH, _IMPORTANCE)
FOR_TASK: dict[str, tuple[Plot, ...]] = {
    "binary": _CLASSES,
    "multiclass": _CLASSES,
    "regression": _NUMBERS,
    "time_series": (_TIME, *_NUMBERS),
    "clustering": (_PLANE, Plot("sizes", "Sizes", "Rows in each cluster.", groups.sizes), _TELLING),
    "anomaly": (
        _PLANE,
        Plot("scores", "Scores", "Flagged rows are the strangest.", groups.scores),
        _TELLING,
    ),
    "dimensionality_reduction": (
        Plot("variance", "Explained variance", "How much each component tells.", groups.variance),
        _PLANE,
        _TELLING,
    ),
}


def plots_of(files: TaskFiles) -> list[Plot]:
    """The plots that can be drawn from what the task's folder holds."""
    shares = any(str(name).startswith("p_") for name in files.holdout)
    needs_shares = {"roc", "precision_recall", "calibration", "gain", "lift"}
    missing = set() if shares else needs_shares
    missing |= set() if len(files.importance) else {"importance"}
    missing |= set() if files.card.facts.get("explained_variance") else {"variance"}
    return [plot for plot in FOR_TASK.get(files.task, ()) if plot.key not in missing]


def draw(files: TaskFiles, key: str) -> go.Figure:
    """One plot by its key. Raises NotFound."""
    found = next((plot for plot in plots_of(files) if plot.key == key), None)
    if found is None:
        raise NotFound("There is no such plot for this task.", hint="Choose one from the list.")
    return found.draw(files)


def write_plots(folder: Path) -> list[Path]:
    """Write every plot of a task's folder into one `plots.html`, complete in itself."""
    page = folder / PAGE
    page.write_text(plots_page(read_task(folder)), "utf-8")
    return [page]


def plots_page(files: TaskFiles) -> str:
    """Every plot of a task as one HTML page, complete in itself."""
    drawn = [(plot, plot.draw(files)) for plot in plots_of(files)]
    if files.leaderboard:
        board = Plot(
            "leaderboard",
            "Candidates",
            "The winner is the star; hollow ones were given up early.",
            figures.leaderboard,
        )
        drawn.insert(0, (board, figures.leaderboard(files)))
    parts = [_part(plot, figure, first=n == 0) for n, (plot, figure) in enumerate(drawn)]
    return _page(files, parts)


def _part(plot: Plot, figure: go.Figure, first: bool) -> str:
    drawn = pio.to_html(
        as_file(figure), full_html=False, include_plotlyjs=first, default_height="480px"
    )
    return f"<section><p>{escape(plot.about)}</p>{drawn}</section>"


def _page(files: TaskFiles, parts: list[str]) -> str:
    said = escape(" ".join(verdict(files)).replace("**", ""))
    title = escape(f"{files.task.replace('_', ' ')}: {files.card.algorithm}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<body style='font-family: sans-serif'><h1>{title}</h1><p>{said}</p>"
        f"{''.join(parts)}</body></html>"
    )
