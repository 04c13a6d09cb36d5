"""The tabs of the Explore page. Only the open one is drawn."""

import polars as pl
import streamlit as st

from app import eda_frames as frames
from app.charts import chart
from app.eda_parts import listing, share
from app.eda_report_tab import report_tab
from app.eda_view import Opened
from app.markdown import plain
from engines import eda
from engines.core.tables import ColumnType
from engines.eda.report import ColumnReport

NONE = "(none)"


def tabs(opened: Opened) -> None:
    """Every tab by name; a hidden one costs nothing."""
    drawn = {
        "Overview": overview,
        "Columns": columns,
        "Relations": relations,
        "Missing": missing,
        "Outliers": outliers,
        "Sampling": sampling,
        "Report": report_tab,
    }
    for tab, draw in zip(
        st.tabs(list(drawn), key="tab", bind="query-params"), drawn.values(), strict=True
    ):
        if tab.open:
            with tab:
                draw(opened)


def overview(opened: Opened) -> None:
    """Sizes, columns, advice and leakage hints."""
    report = opened.report
    figures = {
        "Rows": f"{report.rows:,}",
        "Columns": f"{len(report.columns):,}",
        "Missing cells": share(report.missing.share),
        "Repeated rows": f"{report.duplicates:,}",
    }
    for place, (title, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        place.metric(title, value, border=True)
    chart(eda.quality_bars(report.quality), "quality")
    st.subheader("Columns and their types", anchor=False)
    listing(opened.public, lambda say: frames.overview(report, say), "columns")
    st.subheader("Cleaning and features worth trying", anchor=False)
    listing(opened.public, lambda say: frames.advice(report, say), "advice", wraps=True)
    if report.leaks:
        st.subheader("What predicts the target alone", anchor=False)
        st.caption(
            "A column that nearly determines the target may be known only after the outcome."
        )
        listing(opened.public, lambda say: frames.leaks(report, say), "leakage")


def columns(opened: Opened) -> None:
    """One column: figures, histogram, box plot, also split by another column."""
    names = [column.name for column in opened.report.columns]
    name = st.selectbox("Column", names, _telling(opened), key="column", bind="query-params")
    column = opened.report.column(name)
    position = names.index(name) + 1
    if column.check.finding:
        st.warning(plain(column.check.finding), icon=":material/rule:")
    left, right = st.columns([2, 3])
    with left:
        listing(opened.public, lambda _: frames.statistics(column), f"statistics-C{position}")
    with right:
        _plots(column)
    if column.top:
        st.markdown("**Most frequent values**")
        listing(opened.public, lambda _: frames.top_values(column), f"values-C{position}", 300)
    if column.numbers:
        _split(opened, column)


def _telling(opened: Opened) -> int:
    """The place of the column to begin with: the target, else the first that can be drawn."""
    found = opened.report.columns
    wanted = [c.name == opened.report.target for c in found]
    drawn = [c.type not in (ColumnType.IDENTIFIER, ColumnType.TEXT) for c in found]
    return next((marks.index(True) for marks in (wanted, drawn) if any(marks)), 0)


def _plots(column: ColumnReport) -> None:
    figure = eda.histogram(column, {})
    if figure is None:
        st.info("There is nothing to draw for this column.", icon=":material/info:")
    chart(figure, "histogram")
    chart(eda.box(column, {}), "box")


def _split(opened: Opened, column: ColumnReport) -> None:
    groups = [c.name for c in opened.report.columns if c.name != column.name and _splits(c)]
    if not groups:
        return
    target = opened.report.target
    at = groups.index(target) if target in groups else 0
    by = st.selectbox("Box plots by", groups, at, key=f"by:{target}")
    pair = _sample(opened, [column.name, by])
    chart(eda.box_by(pair, column.name, by, {}, eda.sample_note(opened.report)), "box-by")


def _splits(column: ColumnReport) -> bool:
    keyed = column.type in (ColumnType.IDENTIFIER, ColumnType.TEXT, ColumnType.DATETIME)
    return column.distinct > 1 and not keyed


def _sample(opened: Opened, wanted: list[str]) -> pl.DataFrame:
    """Columns of the plotted rows; a column wanted twice comes twice."""
    names = [column.name for column in opened.report.columns]
    once = sorted({names.index(name) for name in wanted})
    frame = eda.plotted(opened.study, opened.actor, opened.standing.row.id, once)
    return pl.DataFrame(
        [
            frame.to_series(once.index(names.index(name))).alias(f"p{place}")
            for place, name in enumerate(wanted)
        ]
    )


def relations(opened: Opened) -> None:
    """Heat map of associations and a scatter plot."""
    matrices = opened.report.matrices
    if matrices:
        method = st.segmented_control(
            "Association",
            list(matrices),
            default=next(reversed(matrices)),
            required=True,
            format_func=lambda key: matrices[key].title,
            key="association",
            bind="query-params",
        )
        found = matrices[method]
        chart(eda.heat_map(found, {}), "heat-map")
        left_out = f" {found.note}" if found.note else ""
        st.caption(f"From {found.rows:,} rows. Source: {found.source}.{left_out}")
        listing(opened.public, lambda say: frames.matrix(found, say), f"association-{method}", 240)
    else:
        st.info("Associations need two columns that vary.", icon=":material/info:")
    _scatter(opened)


def _scatter(opened: Opened) -> None:
    numeric = [c.name for c in opened.report.columns if c.numbers and c.numbers.count]
    if len(numeric) < 2:
        return
    st.subheader("Scatter plot", anchor=False)
    colours = [NONE, *(c.name for c in opened.report.columns if _splits(c))]
    across, up, shade = st.columns(3)
    first, second = _varied(opened, numeric)
    x = across.selectbox("Across", numeric, first, key="x", bind="query-params")
    y = up.selectbox("Up", numeric, second, key="y", bind="query-params")
    target = opened.report.target
    at = colours.index(target) if target in colours else 0
    colour = shade.selectbox("Colour", colours, at, key=f"colour:{target}")
    third = "" if colour == NONE else colour
    rows = _sample(opened, [x, y, *([third] if third else [])])
    chart(eda.scatter(rows, x, y, third, {}, eda.sample_note(opened.report)), "scatter")


def _varied(opened: Opened, names: list[str]) -> list[int]:
    """The places of the two columns with the most different values: points, not stripes."""
    distinct = [opened.report.column(name).distinct for name in names]
    return sorted(sorted(range(len(names)), key=lambda place: -distinct[place])[:2])


def missing(opened: Opened) -> None:
    """Gaps per column, and which columns are empty together."""
    report = opened.report
    if not report.missing.cells:
        st.success("No cell is missing.", icon=":material/check_circle:")
        return
    st.markdown(
        f"**{report.missing.cells:,} cells are missing ({report.missing.share:.2%}); "
        f"{report.missing.complete_rows:,} of {report.rows:,} rows are complete.**"
    )
    chart(eda.missing_bars(report, {}), "missing")
    listing(opened.public, lambda say: frames.missing(report, say), "missing", 240)
    if sum(column.missing > 0 for column in report.columns) < 2:
        return  # one column is missing alone
    st.subheader("Missing together", anchor=False)
    shown = len(report.missing.patterns)
    st.caption(f"The {shown} most frequent of {report.missing.pattern_count:,} patterns.")
    chart(eda.missing_patterns(report, {}), "patterns")
    listing(opened.public, lambda say: frames.patterns(report, say), "missing-patterns", 240)
    if report.missing.pairs:
        st.caption(f"Pairs; phi is the correlation of their missing marks. {report.missing.note}")
        listing(opened.public, lambda say: frames.pairs(report, say), "missing-pairs", 240)


def outliers(opened: Opened) -> None:
    """Outlying values per column, and rows that stand out altogether."""
    report = opened.report
    found = report.outliers
    st.markdown(f"**{found.rows_beyond_fences:,} of {report.rows:,} rows lie beyond a fence.**")
    chart(eda.outlier_bars(report, {}), "outliers")
    listing(opened.public, lambda say: frames.outliers(report, say), "outliers", 300)
    st.subheader("Rows set apart by the isolation forest", anchor=False)
    if found.forest_count is None:
        st.info(found.note, icon=":material/info:")
        return
    st.caption(
        f"{found.forest_count:,} of {found.forest_rows:,} rows score above 0.6 over "
        f"{len(found.forest_columns)} numeric columns (Liu, Ting and Zhou 2008); the "
        f"{len(found.rows)} highest are shown."
    )
    listing(opened.public, lambda say: frames.outlier_rows(report, say), "outlier-rows", 300)


def sampling(opened: Opened) -> None:
    """Which rows were analysed, and whether they stand for the whole table."""
    report = opened.report
    st.markdown(f"**{plain(report.sampling.verdict)}**")
    st.caption(f"Plots and associations stand on {eda.sample_note(report)}.")
    if report.sampling.checks:
        st.caption(
            "Kolmogorov-Smirnov for numbers and dates, chi-squared for categories; p-values "
            "adjusted after Holm, unlike below 0.05."
        )
        listing(opened.public, lambda say: frames.checks(report, say), "sample-check")
    elif opened.may_run:
        st.info(
            "Choose a random, stratified or systematic sample under “Target and sample”; it is "
            "compared here with the whole table, column by column.",
            icon=":material/tune:",
        )
