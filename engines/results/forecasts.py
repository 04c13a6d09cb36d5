"""A forecast in numbers and in one picture: history, hold-out against what came, what is next."""

import pandas as pd
import plotly.graph_objects as go

from engines.core.palette import GUIDE
from engines.results import figures
from engines.results.read import TaskFiles
from engines.results.scores import metric

BAND = "rgba(138,148,166,0.25)"


def over_time(files: TaskFiles) -> go.Figure:
    """History, hold-out values with their forecasts, and the steps ahead with their interval."""
    frame = files.series
    if frame.empty:  # a run from before forecasts were kept
        return figures.over_time(files)
    figure = go.Figure()
    _band(figure, frame[frame["part"] == "holdout"], "interval of the hold-out")
    _band(figure, frame[frame["part"] == "ahead"], "interval ahead")
    known = frame[frame["part"] != "ahead"]
    _line(figure, known, "value", "true")
    _line(figure, frame[frame["part"] == "holdout"], "prediction", "forecast of the hold-out")
    naive = {"line": {"dash": "dot", "color": GUIDE}, "visible": "legendonly"}
    _line(figure, frame[frame["part"] == "holdout"], "naive", "last season repeated", **naive)
    _line(figure, frame[frame["part"] == "ahead"], "prediction", "forecast ahead")
    title = f"Forecast of {files.card.target}"
    return figure.update_layout(title=title, xaxis_title="", yaxis_title=files.card.target)


def _line(figure: go.Figure, frame: pd.DataFrame, column: str, name: str, **style: object) -> None:
    if len(frame):
        figure.add_scatter(x=frame["moment"], y=frame[column], mode="lines", name=name, **style)


def _band(figure: go.Figure, frame: pd.DataFrame, name: str) -> None:
    if frame.empty:
        return
    nothing = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": name}
    figure.add_scatter(x=frame["moment"], y=frame["low"], showlegend=False, **nothing)
    figure.add_scatter(
        x=frame["moment"], y=frame["high"], fill="tonexty", fillcolor=BAND, name=name, **nothing
    )


def forecast_comparison(files: TaskFiles) -> pd.DataFrame:
    """The hold-out scores of the model and of the two naive forecasts, a row each."""
    rows = files.forecast.get("comparison", [])
    names = {"forecast": "forecast", **{key: metric(key).title for key in ("mae", "rmse", "mase")}}
    return pd.DataFrame(rows, columns=list(names)).rename(columns=names)


def forecast_told(files: TaskFiles) -> list[str]:
    """How the hold-out was scored, how the interval was made, and how often it held."""
    series, kept = files.card.facts["series"], files.forecast
    rows, horizon, turns = len(files.holdout), series["horizon"], kept["turns"]
    turn = "one turn" if turns == 1 else f"{turns} turns"
    level = f"{kept['level']:.0%}"
    return [
        f"Scored {horizon} steps ahead: the {rows:,} hold-out rows were forecast in {turn} of at "
        f"most {horizon} steps, each knowing only what came before it; the model's own answers "
        "stand in for the values it would look back on.",
        f"The {level} interval comes from the errors of the folds' forecasts at each step (and the "
        f"nearest steps, until there are 40). It held {kept['coverage']:.0%} of the hold-out.",
    ]
