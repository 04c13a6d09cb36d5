"""Plotly figures of several columns: scatter, heat map, missing patterns, outliers."""

import plotly.graph_objects as go
import polars as pl

from engines.core.palette import CATEGORICAL, EMPTY, GUIDE
from engines.eda.figures import HEIGHT
from engines.eda.labels import Names, label, labels
from engines.eda.report import Matrix, Report

COLOURS = 10
POINTS = 5_000
WRITTEN = 15  # columns up to which the heat map writes its numbers


def scatter(
    sample: pl.DataFrame, x: str, y: str, colour: str, names: Names, note: str
) -> go.Figure:
    """Points of two columns, coloured by a third.

    `sample` holds `x`, `y` and, unless `colour` is empty, the colour column, in that order.
    """
    points = sample.head(POINTS) if sample.height <= POINTS else sample.sample(POINTS, seed=0)
    across, up = points.to_series(0), points.to_series(1)
    figure = go.Figure()
    if not colour:
        figure.add_trace(_points(across, up, "", None))
    elif points.to_series(2).dtype.is_numeric():
        _add_scaled(figure, across, up, points.to_series(2), names.get(colour, colour))
    else:
        _add_groups(figure, across, up, points.to_series(2))
    title = f"{label(names.get(y, y))} against {label(names.get(x, x))}"
    shown = f"{points.height:,} points from {note}" if points.height < sample.height else note
    figure.update_layout(
        title_text=f"{title}, {shown}",
        xaxis_title_text=label(names.get(x, x)),
        yaxis_title_text=label(names.get(y, y)),
        legend_title_text=label(names.get(colour, colour)) if colour else None,
        height=520,
    )
    return figure


def _points(x: pl.Series, y: pl.Series, name: str, scale: dict[str, object] | None) -> go.Scattergl:
    marker = {"size": 5, "opacity": 0.6, **(scale or {})}
    return go.Scattergl(x=_drawn(x), y=_drawn(y), mode="markers", name=name, marker=marker)


def _drawn(series: pl.Series) -> list[object]:
    if series.dtype == pl.String:
        return [None if value is None else label(value) for value in series.to_list()]
    return series.to_list()


def _add_scaled(
    figure: go.Figure, x: pl.Series, y: pl.Series, values: pl.Series, title: str
) -> None:
    """Points on a colour scale; those without a value are drawn grey below the others."""
    known = values.is_not_null() & values.is_finite().fill_null(False)
    if not known.all():
        x_rest, y_rest = x.filter(~known), y.filter(~known)
        figure.add_trace(_points(x_rest, y_rest, "missing", {"color": GUIDE}))
        figure.update_layout(showlegend=False)
    scale: dict[str, object] = {"color": values.filter(known).to_list(), "showscale": True}
    scale["colorbar"] = {"title": {"text": label(title, 20)}}
    figure.add_trace(_points(x.filter(known), y.filter(known), "", scale))


def _add_groups(figure: go.Figure, x: pl.Series, y: pl.Series, groups: pl.Series) -> None:
    texts = groups.cast(pl.String, strict=False).fill_null("missing").alias("group")
    frequent = texts.value_counts(sort=True)["group"].head(COLOURS - 1).to_list()
    for group in sorted(frequent):
        inside = texts == group
        figure.add_trace(_points(x.filter(inside), y.filter(inside), label(group), None))
    rest = ~texts.is_in(frequent)
    if rest.any():
        figure.add_trace(_points(x.filter(rest), y.filter(rest), "other values", None))


def heat_map(matrix: Matrix, names: Names) -> go.Figure:
    """A matrix of associations: -1 to 1 for correlations, 0 to 1 for the others."""
    axes = labels(names, matrix.columns)
    signed = matrix.method in ("pearson", "spearman")
    figure = go.Figure(
        go.Heatmap(
            z=matrix.values,
            x=axes,
            y=axes,
            zmin=-1 if signed else 0,
            zmax=1,
            autocolorscale=True,
            hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
            texttemplate="%{z:.2f}" if len(axes) <= WRITTEN else None,
        )
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    height = max(HEIGHT, min(1100, 22 * len(axes) + 200))
    figure.update_layout(title_text=f"{matrix.title}, {matrix.rows:,} rows", height=height)
    return figure


def missing_patterns(report: Report, names: Names) -> go.Figure | None:
    """Which columns are missing together: one line per pattern, with its rows."""
    patterns = [p for p in report.missing.patterns if p.columns][:20]
    if not patterns:
        return None
    columns = sorted({name for p in patterns for name in p.columns})[:60]
    cells = [[1 if name in p.columns else 0 for name in columns] for p in patterns]
    lines = [f"{i}. {p.rows:,} rows" for i, p in enumerate(patterns, 1)]
    figure = go.Figure(
        go.Heatmap(
            z=cells, zmin=0, zmax=1, showscale=False, xgap=2, ygap=2,
            x=labels(names, columns), y=lines,
            colorscale=[[0, EMPTY], [1, CATEGORICAL[6]]],
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    height = 24 * len(lines) + 220
    figure.update_layout(title_text="Columns that are missing together", height=height)
    return figure


def outlier_bars(report: Report, names: Names) -> go.Figure | None:
    """Rows beyond the fences and beyond robust z per column, most first; None without any."""
    found = [c for c in report.columns if c.outliers and c.outliers.iqr]
    worst = sorted(found, key=lambda c: -(c.outliers.iqr or 0) if c.outliers else 0)[:40]
    if not worst:
        return None
    axes = labels(names, [column.name for column in worst])
    figure = go.Figure()
    for title, key in (
        ("beyond 1.5 IQR", "iqr"),
        ("|robust z| > 3.5", "robust_z"),
        ("|z| > 3", "z"),
    ):
        counts = [getattr(column.outliers, key) or 0 for column in worst]
        figure.add_trace(go.Bar(x=counts, y=axes, orientation="h", name=title))
    figure.update_yaxes(autorange="reversed", type="category")
    height = max(HEIGHT, 34 * len(axes) + 140)
    figure.update_layout(title_text="Outlying values per column", height=height)
    figure.update_xaxes(title_text="Rows")
    return figure
