"""Figures of drift: how far the hold-out, and each of its periods, is from the rows trained on."""

import pandas as pd
import plotly.graph_objects as go

from engines.core.palette import GUIDE
from engines.explanation.drift import HOLDOUT, PERIOD
from engines.explanation.read import Explanation

SHOWN = 15
MOVED, FAR = 0.10, 0.25  # the usual rule of thumb (Siddiqi, 2006)
INDEX = "Population stability index"


def drift_lines(found: Explanation) -> pd.DataFrame:
    """The hold-out's indices, the largest first, each under the name it is shown by."""
    own = found.drift[found.drift["kind"] == HOLDOUT]
    return named(own).sort_values("psi", ascending=False, kind="stable").reset_index(drop=True)


def drift_bars(found: Explanation) -> go.Figure | None:
    """The index of each column and score, the largest on top, beside what chance explains."""
    own = drift_lines(found).head(SHOWN)
    if own.empty:
        return None
    figure = go.Figure(go.Bar(x=own["psi"], y=own["name"], orientation="h", name=INDEX))
    figure.add_scatter(
        x=own["chance"], y=own["name"], mode="markers", name="exceeded by chance once in 20",
        marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": GUIDE}},
    )  # fmt: skip
    for bound, words in ((MOVED, "moved"), (FAR, "far")):
        figure.add_vline(x=bound, line_width=1, line_dash="dash", line_color=GUIDE,
                         annotation_text=f"{bound:.2f} {words}")  # fmt: skip
    figure.update_yaxes(type="category", autorange="reversed")
    title = f"Hold-out against the {own['trained'].iloc[0]:,} rows trained on"
    figure.update_layout(legend={"orientation": "h", "y": -0.25})
    return figure.update_layout(title=title, xaxis_title=INDEX)


def drift_by_period(found: Explanation) -> go.Figure | None:
    """The index of each column in each period of the hold-out; None without a time column."""
    own = named(found.drift[found.drift["kind"] == PERIOD])
    if own.empty:
        return None
    names = own.groupby("name")["psi"].max().sort_values(ascending=False).index[:SHOWN]
    grid = own.pivot(index="name", columns="part", values="psi").loc[names]
    sizes = own.drop_duplicates("part").set_index("part")["compared"]
    periods = [f"{part} ({sizes[part]:,} rows)" for part in grid.columns]
    heat = go.Heatmap(
        z=grid.to_numpy(), x=periods, y=list(names), zmin=0, autocolorscale=True,
        texttemplate="%{z:.2f}", colorbar={"title": {"text": "PSI"}},
    )  # fmt: skip
    figure = go.Figure(heat)
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    return figure.update_layout(title="Periods of the hold-out against the rows trained on")


def named(own: pd.DataFrame) -> pd.DataFrame:
    """The lines with the name each is shown by: the column's, or “score of” the answer's."""
    scores = own["column"].map(lambda name: f"score of {name}")
    return own.assign(name=own["column"].where(~own["is_score"].astype(bool), scores))
