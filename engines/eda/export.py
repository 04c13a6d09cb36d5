"""The report as files: one self-contained HTML page, its figures, its JSON."""

import html
from collections.abc import Iterable

import plotly.graph_objects as go
import plotly.offline
import polars as pl

from engines.core.palette import as_file
from engines.core.tables import Table
from engines.eda.gallery import gallery, plotted_sample
from engines.eda.labels import visible
from engines.eda.public import under_public_names
from engines.eda.report import ColumnReport, Report

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:"
)
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;"
    "color:#1c2530;background:#fff}table{border-collapse:collapse;width:100%;margin:1rem 0;"
    "display:block;overflow-x:auto}th,td{border:1px solid #d5dbe3;padding:.3rem .6rem;"
    "text-align:left}th{background:#f1f4f8}h1,h2{line-height:1.2}.score{font-size:2rem}"
    "bdi{unicode-bidi:isolate}"
)


def report_files(
    report: Report, table: Table, sample: pl.DataFrame | None = None
) -> dict[str, bytes]:
    """Every file of a report by name, under public names: HTML, JSON, log, figures.

    The plotted rows are read from the table when `sample` is not given and the report stands
    on all rows. Names are flat, so they fit into a folder or an archive.
    """
    names = table.public_names
    if sample is None and report.rows == report.table_rows:
        sample = plotted_sample(table)
    drawn = gallery(report, sample, names)
    shown = under_public_names(report, names)
    files = {
        "eda_report.html": html_report(shown, drawn),
        "eda_report.json": shown.model_dump_json(indent=1).encode(),
        "eda_log.txt": "\n".join(report.log).encode(),
    }
    return files | {f"eda_{stem}.json": figure_json(f) for stem, f in drawn.items()}


def figure_json(figure: go.Figure) -> bytes:
    """A figure in Plotly's JSON, with the characters that could end a script escaped."""
    return str(as_file(figure).to_json(engine="json")).encode()


def html_report(report: Report, figures: dict[str, go.Figure]) -> bytes:
    """One page that needs no network: texts escaped, plotly.js inside, everything else refused."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        "<meta name='viewport' content='width=device-width'><title>Exploration</title>",
        f"<style>{STYLE}</style><script>{plotly.offline.get_plotlyjs()}</script></head><body>",
        *_verdict(report),
        *_tables(report),
        "<h2>Figures</h2>",
        *(_figure(figure) for figure in figures.values()),
        "<h2>Log</h2><pre>",
        html.escape("\n".join(report.log)),
        "</pre></body></html>",
    ]
    return "\n".join(parts).encode()


def _figure(figure: go.Figure) -> str:
    return str(
        as_file(figure).to_html(
            full_html=False, include_plotlyjs=False, config={"displaylogo": False}
        )
    )


def _verdict(report: Report) -> list[str]:
    quality = report.quality
    return [
        "<h1>Exploration</h1>",
        f"<p class='score'>Quality {quality.score:g} of 100</p><p>{cell(quality.verdict)}</p>",
        f"<p>{report.rows:,} rows, {len(report.columns):,} columns. "
        f"{cell(report.sampling.verdict)}</p>",
    ]


def _tables(report: Report) -> list[str]:
    return [
        "<h2>Reasons</h2>",
        _table(
            ("Columns", "Problem", "Repair", "Points lost"),
            (
                (_list(r.columns), r.problem, r.repair, f"{r.points:.2f}")
                for r in report.quality.reasons
            ),
        ),
        "<h2>Suggestions</h2>",
        _table(
            ("Kind", "Columns", "Advice", "Reason"),
            ((s.kind, _list(s.columns), s.advice, s.reason) for s in report.suggestions),
        ),
        "<h2>Columns</h2>",
        _table(
            (
                "Column",
                "Type",
                "Missing",
                "Distinct",
                "Mean",
                "Median",
                "Deviation",
                "Most frequent",
            ),
            (_column(column) for column in report.columns),
        ),
        "<h2>Missing together</h2>",
        _table(
            ("Columns", "Rows"),
            ((_list(p.columns) or "none missing", f"{p.rows:,}") for p in report.missing.patterns),
        ),
        "<h2>Sources of the association measures</h2>",
        _table(("Measure", "Source"), ((m.title, m.source) for m in report.matrices.values())),
    ]


def _list(columns: list[str]) -> str:
    return ", ".join(columns)


def _column(column: ColumnReport) -> tuple[str, ...]:
    found = column.numbers
    figures = (found.mean, found.median, found.std) if found else (None, None, None)
    most = column.top[0].value if column.top else ""
    return (
        column.name,
        column.type,
        f"{column.missing_share:.1%}",
        f"{column.distinct:,}",
        *("" if value is None else f"{value:,.6g}" for value in figures),
        most,
    )


def _table(heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{cell(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell(t)}</td>' for t in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body or _none(heads)}</tbody></table>"


def _none(heads: tuple[str, ...]) -> str:
    return f"<tr><td colspan='{len(heads)}'>None.</td></tr>"


def cell(text: str) -> str:
    """Text for HTML: escaped, isolated in direction, hidden characters made visible."""
    return f"<bdi>{html.escape(visible(str(text), 2_000))}</bdi>"
