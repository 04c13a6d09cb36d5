"""Figures of the dashboard; their colours are the page's theme's."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from engines.core.palette import CATEGORICAL
from engines.governance.register.analytics import AGES, Overview

LONGEST_LABEL = 60  # characters; the whole text is in the tooltip
FEWEST_PLACES = 5
FEW = 10  # counts up to here get a tick each; above it Plotly's own steps are whole
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}


def waiting_figure(found: Overview) -> go.Figure | None:
    """Waiting submissions by role, stacked by how long they wait."""
    if not found.waiting:
        return None
    roles = sorted({role for role, _ in found.waiting})
    high = [sum(n for (role, _), n in found.waiting.items() if role == each) for each in roles]
    figure = go.Figure()
    for place, (age, _) in enumerate(AGES):
        counts = [found.waiting.get((role, age), 0) for role in roles]
        if any(counts):  # an age has its colour whether or not the others are there
            figure.add_bar(name=age, x=roles, y=counts, marker_color=CATEGORICAL[place])
    figure.update_layout(
        title="Waiting approvals by role and age",
        barmode="stack",
        bargap=0.5,
        yaxis_title="Submissions",
        legend=LEGEND,
        showlegend=True,
    )
    return figure.update_yaxes(**_whole(max(high)))


def cycle_figure(found: Overview) -> go.Figure | None:
    """Days from submission to answer, month by month."""
    if not found.cycle:
        return None
    months = [each.month for each in found.cycle]
    figure = go.Figure(
        [
            go.Scatter(name="Median", x=months, y=[each.median for each in found.cycle]),
            go.Scatter(name="90th percentile", x=months, y=[each.p90 for each in found.cycle]),
        ]
    )
    figure.update_traces(mode="lines+markers", cliponaxis=False)
    figure.update_layout(title="Days from submission to answer", yaxis_title="Days", legend=LEGEND)
    figure.update_xaxes(type="category", title="Month of the answer")
    # Answers of the same hour must not fill the plot with millionths of a day.
    return figure.update_yaxes(range=[0, max(1.0, *(1.1 * each.p90 for each in found.cycle))])


def reasons_figure(found: Overview) -> go.Figure | None:
    """Why submissions were returned or rejected."""
    labels = [(f"{state}: {reason}", n) for state, reason, n in found.reasons]
    return _ranking("Why submissions were returned or rejected", labels, "Submissions")


def refusals_figure(found: Overview) -> go.Figure | None:
    """What the gate refused, and why."""
    labels = [(f"{purpose}: {reason}", n) for purpose, reason, n in found.refusals]
    return _ranking("What the gate refused", labels, "Refusals")


def _ranking(title: str, rows: Sequence[tuple[str, int]], axis: str) -> go.Figure | None:
    """The most frequent on top; two texts that begin alike stay two bars."""
    if not rows:
        return None
    texts = [text for text, _ in rows]
    bar = go.Bar(
        y=list(range(len(rows))),
        x=[n for _, n in rows],
        orientation="h",
        customdata=texts,
        hovertemplate="%{customdata}: %{x}<extra></extra>",
    )
    shown = [t if len(t) <= LONGEST_LABEL else f"{t[:LONGEST_LABEL]}…" for t in texts]
    figure = go.Figure(bar).update_layout(title=title, xaxis_title=axis)
    figure.update_xaxes(**_whole(max(n for _, n in rows)))
    ticks = {"tickmode": "array", "tickvals": list(range(len(rows))), "ticktext": shown}
    places = [max(len(rows), FEWEST_PLACES) - 0.5, -0.5]  # one alone is no thicker than of five
    return figure.update_yaxes(range=places, automargin=True, **ticks)


def _whole(highest: int) -> dict[str, Any]:
    """Ticks of a count's axis: whole numbers from zero on."""
    return {"tickformat": ",d", "rangemode": "tozero"} | ({"dtick": 1} if highest <= FEW else {})
