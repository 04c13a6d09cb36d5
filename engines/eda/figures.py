"""Plotly figures of single columns. They name no template: the page's applies, or the file's.

`names` maps real column names to the names to be drawn.
"""

from datetime import UTC, datetime
from itertools import pairwise

import plotly.graph_objects as go
import polars as pl

from engines.eda.labels import Names, label
from engines.eda.report import ColumnReport, Quality, Report

GROUPS = 12
HEIGHT = 380


def histogram(column: ColumnReport, names: Names) -> go.Figure | None:
    """Rows per bin or category; None when there is nothing to draw."""
    found = column.histogram
    if found is None or not found.counts:
        return None
    name = label(names.get(column.name, column.name))
    if found.labels:
        figure = go.Figure(_bars(found.labels, found.counts))
        figure.update_yaxes(autorange="reversed", type="category")
        figure.update_layout(height=max(HEIGHT, 24 * len(found.labels) + 120))
        return _titled(figure, f"Rows per value of {name}", "Rows", name)
    figure = go.Figure(_columns(found.edges, found.counts, column.dates is not None))
    return _titled(figure, f"Distribution of {name}", name, "Rows")


def _bars(values: list[str], counts: list[int]) -> go.Bar:
    texts = [f"{position}. {label(value)}" for position, value in enumerate(values, 1)]
    return go.Bar(x=counts, y=texts, orientation="h", hovertemplate="%{y}: %{x:,}<extra></extra>")


def _columns(edges: list[float], counts: list[int], dates: bool) -> go.Bar:
    bins = list(pairwise(edges))
    middles = [(low + high) / 2 for low, high in bins]
    widths = [high - low for low, high in bins]
    hover = [f"{_edge(low, dates)} to {_edge(high, dates)}" for low, high in bins]
    return go.Bar(
        x=[_moment(value) for value in middles] if dates else middles,
        y=counts,
        width=[1000 * width for width in widths] if dates else widths,
        customdata=hover,
        hovertemplate="%{customdata}: %{y:,} rows<extra></extra>",
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(sep=" ")


def _edge(value: float, dates: bool) -> str:
    return _moment(value)[:16] if dates else f"{value:,.6g}"


def _titled(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    figure.update_layout(title_text=title, xaxis_title_text=x, yaxis_title_text=y, bargap=0.04)
    return figure


def box(column: ColumnReport, names: Names) -> go.Figure | None:
    """Box plot from the five numbers of the report; None for columns without numbers."""
    found = column.box
    if found is None:
        return None
    name = label(names.get(column.name, column.name))
    figure = go.Figure(
        go.Box(
            name="",
            orientation="h",
            lowerfence=[found.low],
            q1=[found.q1],
            median=[found.median],
            q3=[found.q3],
            upperfence=[found.high],
            y=[""],
        )
    )
    beyond = go.Scatter(x=found.beyond, y=[""] * len(found.beyond), mode="markers", name="")
    figure.add_trace(beyond)
    figure.update_layout(showlegend=False, height=260)
    return _titled(figure, f"Box plot of {name} (whiskers at 1.5 IQR)", name, "")


def box_by(sample: pl.DataFrame, column: str, by: str, names: Names, note: str) -> go.Figure:
    """Box plots of one column per value of another; rare values are left out beyond twelve.

    `sample` holds the columns `column` (numbers) and `by`, in that order.
    """
    values, groups = sample.to_series(0), _grouped(sample.to_series(1))
    kept = _largest(groups)
    figure = go.Figure()
    for group in kept:
        inside = values.filter(groups == group).to_list()
        figure.add_trace(go.Box(y=inside, name=label(group), boxpoints="outliers"))
    name, other = (label(names.get(each, each)) for each in (column, by))
    figure.update_layout(showlegend=False)
    return _titled(figure, f"{name} by {other}, {note}", other, name)


def _grouped(series: pl.Series) -> pl.Series:
    """Groups as texts: the values themselves, or quarters of a column of many numbers."""
    if series.dtype.is_numeric() and series.n_unique() > GROUPS:
        return series.qcut(4, allow_duplicates=True).cast(pl.String).fill_null("missing")
    return series.cast(pl.String, strict=False).fill_null("missing")


def _largest(groups: pl.Series) -> list[str]:
    counts = groups.alias("group").value_counts(sort=True).head(GROUPS)
    return sorted(counts["group"].to_list())


def missing_bars(report: Report, names: Names) -> go.Figure | None:
    """Share of missing cells per column, worst first; None when nothing is missing."""
    gaps = sorted((c for c in report.columns if c.missing), key=lambda c: -c.missing)[:60]
    if not gaps:
        return None
    texts = [f"{i}. {label(names.get(c.name, c.name))}" for i, c in enumerate(gaps, 1)]
    shares = [100 * column.missing_share for column in gaps]
    bar = go.Bar(
        x=shares, y=texts, orientation="h", hovertemplate="%{y}: %{x:.2f} %<extra></extra>"
    )
    figure = go.Figure(bar)
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(height=22 * len(gaps) + 160)
    return _titled(figure, "Missing cells per column", "Missing, % of rows", "").update_layout(
        bargap=0.3
    )


def quality_bars(quality: Quality) -> go.Figure:
    """The parts of the quality score, 0 to 100 each."""
    parts = list(quality.dimensions)
    values = [100 * quality.dimensions[part] for part in parts]
    figure = go.Figure(
        go.Bar(x=values, y=parts, orientation="h", texttemplate="%{x:.0f}", textangle=0)
    )
    figure.update_xaxes(range=[0, 101])
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=280)
    return _titled(figure, f"Quality {quality.score:g} of 100", "Part kept, %", "").update_layout(
        bargap=0.3
    )
