"""Figures of fairness and stability: one dot per group with its interval."""

import pandas as pd
import plotly.graph_objects as go

from engines.core.palette import GUIDE
from engines.explanation.read import Explanation

MEASURES = {
    "selection_rate": "Selection rate",
    "true_positive_rate": "True positive rate (equal opportunity)",
    "false_positive_rate": "False positive rate",
    "calibration_gap": "Mean predicted minus observed rate (calibration)",
    "mean_absolute_error": "Mean absolute error",
    "mean_error": "Mean error (predicted minus true)",
}


def group_rates(found: Explanation, attribute: str, measure: str, output: str = "") -> go.Figure:
    """One measure for each group of an attribute with its 95 % interval; small groups hollow."""
    own = found.groups[
        (found.groups["attribute"] == attribute)
        & (found.groups["measure"] == measure)
        & (found.groups["output"] == (output or found.outputs[0]))
    ]
    named = own["group"].astype(str) + own["count"].map(lambda n: f" ({n:,} rows)")
    figure = go.Figure(_dots(own, named))
    if measure in ("calibration_gap", "mean_error"):
        figure.add_vline(x=0, line_width=1, line_color=GUIDE)
    figure.update_yaxes(type="category", autorange="reversed")
    title = MEASURES[measure]
    return figure.update_layout(title=f"{title} by {attribute}", xaxis_title=title)


def calibration_curves(found: Explanation, attribute: str, output: str = "") -> go.Figure:
    """Observed frequency over predicted probability, a line per group that is large enough."""
    curves = found.curves
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="perfectly calibrated",
        line={"dash": "dash", "width": 1, "color": GUIDE},
    )  # fmt: skip
    if len(curves):
        wanted = output or found.outputs[0]
        own = curves[(curves["attribute"] == attribute) & (curves["output"] == wanted)]
        for group, line in own.groupby("group", sort=False):
            reach = {
                "type": "data", "symmetric": False, "width": 3,
                "array": line["high"] - line["observed"],
                "arrayminus": line["observed"] - line["low"],
            }  # fmt: skip
            figure.add_scatter(
                x=line["predicted"], y=line["observed"], error_y=reach, name=str(group),
                mode="lines+markers", text=[f"{n:,} rows" for n in line["count"]],
            )  # fmt: skip
    return figure.update_layout(
        title=f"Calibration by {attribute}",
        xaxis_title="Predicted probability",
        yaxis_title="Observed frequency",
    )


def stability_figure(found: Explanation, kind: str, column: str, metric: str) -> go.Figure:
    """The score per segment, or per period, with its 95 % interval; small parts hollow."""
    whole = found.stability
    own = whole[(whole["kind"] == kind) & (whole["column"] == column)]
    named = own["segment"].astype(str) + own["count"].map(lambda n: f" ({n:,} rows)")
    figure = go.Figure(_dots(own, named))
    figure.update_yaxes(type="category", autorange="reversed")
    when = "over time" if kind == "time" else f"by {column}"
    return figure.update_layout(title=f"{metric} {when}", xaxis_title=metric)


def _dots(own: pd.DataFrame, named: "pd.Series[str]") -> go.Scatter:
    reach = {
        "type": "data", "symmetric": False,
        "array": (own["high"] - own["value"]).clip(lower=0),
        "arrayminus": (own["value"] - own["low"]).clip(lower=0),
    }  # fmt: skip
    shapes = own["small"].map({True: "circle-open", False: "circle"})
    return go.Scatter(
        x=own["value"], y=named, mode="markers", error_x=reach,
        marker={"size": 10, "symbol": list(shapes)},
    )  # fmt: skip
