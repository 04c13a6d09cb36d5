"""Plots of clusters, components and anomalies."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engines.core import drawn
from engines.core.tables import Table
from engines.results.read import TaskFiles

MOST_POINTS = 3_000
SHOWN_COLUMNS = 25


def sizes(files: TaskFiles) -> go.Figure:
    """How many rows each cluster holds."""
    counts = files.assignments["cluster"].value_counts().sort_index()
    names = [_cluster(c) for c in counts.index]
    bars = go.Bar(x=names, y=counts.to_numpy(), text=counts.to_numpy(), texttemplate="%{text:,}")
    return _labelled(go.Figure(bars), "Cluster sizes", "", "Rows")


def plane(files: TaskFiles) -> go.Figure:
    """Rows on the first two principal components, coloured by the model's answer."""
    frame = files.assignments
    if len(frame) > MOST_POINTS:
        frame = frame.sample(MOST_POINTS, random_state=0)
    figure = go.Figure()
    for name, part in _parted(frame):
        figure.add_scattergl(
            x=part["pc1"],
            y=part["pc2"],
            mode="markers",
            name=name,
            marker={"opacity": 0.7},
            text=[f"row {row}" for row in part["row"]],
        )
    axes = ("First principal component", "Second principal component")
    return _labelled(figure, "Rows on two components", *axes)


def _parted(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    if "cluster" in frame:
        return [(_cluster(c), part) for c, part in frame.groupby("cluster")]
    if "anomaly" in frame:
        strange = frame["anomaly"].astype(bool)
        return [("usual", frame[~strange]), ("unusual", frame[strange])]
    return [("rows", frame)]


def _cluster(label: object) -> str:
    return "no cluster (noise)" if label == -1 else f"cluster {label}"


def scores(files: TaskFiles) -> go.Figure:
    """How strange the rows are; the flagged ones apart."""
    frame, figure = files.assignments, go.Figure()
    for name, part in _parted(frame):
        figure.add_histogram(x=part["anomaly_score"], name=name, nbinsx=50)
    figure.update_layout(barmode="stack")
    return _labelled(figure, "Anomaly scores", "Score (higher is stranger)", "Rows")


def variance(files: TaskFiles) -> go.Figure:
    """Share of the variance that each component explains, and their running sum."""
    shares = np.asarray(files.card.facts.get("explained_variance") or [], dtype="float64")
    names = [f"{n + 1}" for n in range(len(shares))]
    figure = go.Figure(go.Bar(x=names, y=shares, name="alone"))
    figure.add_scatter(x=names, y=shares.cumsum(), name="together", mode="lines+markers")
    return _labelled(figure, "Explained variance", "Component", "Share of variance")


def profile(files: TaskFiles, table: Table) -> pd.DataFrame:
    """Mean of every numeric column per cluster (or usual and unusual rows), and overall.

    Rows are columns of the table under real names; columns are the groups.
    """
    return _means(files.assignments, _numbers(files, table))


def _means(groups: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    marks = groups["cluster"].map(_cluster) if "cluster" in groups else _anomalies(groups)
    means = frame.groupby(marks.to_numpy()).mean().T
    means["all rows"] = frame.mean()
    return means


def profile_heat(files: TaskFiles, table: Table) -> go.Figure:
    """The profile in standard deviations from the overall mean, the most telling on top."""
    frame = _numbers(files, table)
    means, spread = _means(files.assignments, frame), frame.std().replace(0, np.nan)
    away = means.drop(columns="all rows").sub(means["all rows"], axis=0).div(spread, axis=0)
    order = away.abs().max(axis=1).sort_values(ascending=False).index[:SHOWN_COLUMNS]
    away = away.loc[order[::-1]]
    heat = go.Heatmap(
        z=away.to_numpy(),
        x=list(away.columns),
        y=[str(name) for name in away.index],
        text=away.round(1).astype(object).where(away.notna(), "").to_numpy(),
        texttemplate="%{text}",
        autocolorscale=True,
        zmid=0,
        colorbar={"title": "std. dev."},
    )
    figure = _labelled(go.Figure(heat), "What sets the groups apart", "", "")
    return figure.update_layout(height=180 + 24 * len(away)).update_yaxes(dtick=1)


def _anomalies(groups: pd.DataFrame) -> pd.Series:
    return groups["anomaly"].astype(bool).map({True: "unusual", False: "usual"})


def _numbers(files: TaskFiles, table: Table) -> pd.DataFrame:
    rows = files.assignments["row"]
    return drawn.read(table.path, np.unique(rows)).loc[rows].select_dtypes("number")


def _labelled(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    return figure.update_layout(title=title, xaxis_title=x, yaxis_title=y)
