"""Every figure of a report by name, for the report file, the archive and the tracker."""

import plotly.graph_objects as go
import polars as pl

from engines.core.tables import Table
from engines.eda import figures, figures_relations
from engines.eda.labels import Names
from engines.eda.report import Report
from engines.eda.sampling import plot_rows
from engines.eda.source import as_type, columns

COLUMNS_DRAWN = 100
SCATTERS = 6
BOXES = 12


def gallery(report: Report, sample: pl.DataFrame | None, names: Names) -> dict[str, go.Figure]:
    """All figures by file stem, in reading order; stems carry positions, never column names.

    `sample` holds the plotted rows, columns in the report's order; without it there are no
    scatter plots and no boxes by target.
    """
    found: dict[str, go.Figure | None] = {"quality": figures.quality_bars(report.quality)}
    for position, column in enumerate(report.columns[:COLUMNS_DRAWN], 1):
        found[f"histogram-C{position}"] = figures.histogram(column, names)
        found[f"box-C{position}"] = figures.box(column, names)
    if sample is not None:
        found |= _boxes_by_target(report, sample, names)
        found |= _scatters(report, sample, names)
    for method, matrix in report.matrices.items():
        found[f"association-{method}"] = figures_relations.heat_map(matrix, names)
    found["missing-cells"] = figures.missing_bars(report, names)
    found["missing-patterns"] = figures_relations.missing_patterns(report, names)
    found["outliers"] = figures_relations.outlier_bars(report, names)
    return {stem: figure for stem, figure in found.items() if figure is not None}


def sample_note(report: Report) -> str:
    """How many rows a plot stands on, in words."""
    if report.plot_rows == report.rows:
        return f"all {report.rows:,} rows"
    return f"a random {report.plot_rows:,} of {report.rows:,} rows"


def picked(sample: pl.DataFrame, report: Report, wanted: list[str]) -> pl.DataFrame:
    """The wanted columns by position, so that no name is read as a pattern."""
    order = [column.name for column in report.columns]
    chosen = [sample.to_series(order.index(name)).alias(f"p{i}") for i, name in enumerate(wanted)]
    return pl.DataFrame(chosen)


def _boxes_by_target(
    report: Report, sample: pl.DataFrame, names: Names
) -> dict[str, go.Figure | None]:
    if not report.target:
        return {}
    numeric = [name for name in report.numeric if name != report.target][:BOXES]
    return {
        f"box-by-target-{i}": figures.box_by(
            picked(sample, report, [name, report.target]),
            name, report.target, names, sample_note(report),
        )
        for i, name in enumerate(numeric, 1)
    }  # fmt: skip


def _scatters(report: Report, sample: pl.DataFrame, names: Names) -> dict[str, go.Figure | None]:
    """The most strongly correlated pairs of numbers, coloured by the target when there is one."""
    if "spearman" not in report.matrices:
        return {}
    pairs = top_pairs(report)
    colour = report.target
    return {
        f"scatter-{i}": figures_relations.scatter(
            picked(sample, report, [x, y, *([colour] if colour else [])]),
            x, y, colour, names, sample_note(report),
        )
        for i, (x, y) in enumerate(pairs, 1)
    }  # fmt: skip


def top_pairs(report: Report) -> list[tuple[str, str]]:
    """The pairs of numeric columns with the strongest rank correlation, at most six."""
    matrix = report.matrices["spearman"]
    pairs = [
        (abs(value), matrix.columns[i], matrix.columns[j])
        for i, line in enumerate(matrix.values)
        for j, value in enumerate(line[:i])
        if value is not None
    ]
    strongest = sorted(pairs, key=lambda pair: -pair[0])[:SCATTERS]
    return [(first, second) for _, first, second in strongest]


def plotted_sample(table: Table) -> pl.DataFrame:
    """The rows behind the plots of a report on all rows, read again from the table."""
    rows = pl.Series(plot_rows(table.rows))
    parts = [
        as_type(series, table.columns[position].type).gather(rows)
        for position, series in columns(table)
    ]
    return pl.DataFrame(parts)
