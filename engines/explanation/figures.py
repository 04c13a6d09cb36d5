"""Figures of Shapley values: global importance, beeswarm, dependence, interactions, waterfall.

No template is set, so a page's theme gives the colours; a scale takes the palette's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from engines.core.palette import CATEGORICAL, GUIDE, scale
from engines.explanation.read import Explanation

SHOWN = 15
DOTS = 400  # a feature's dots in the beeswarm; more make a browser slow and no picture clearer
LANES = 40
LABEL = 0.3  # of the bars' reach; 900 pixels leave some 350 to bars and labels
LONGEST_NAME = 36  # characters beside a waterfall; the whole text is in the tooltip
UP, DOWN = CATEGORICAL[6], CATEGORICAL[0]
OTHERS = "all other columns"


def importance_bars(found: Explanation) -> go.Figure:
    """Mean absolute value per column, one bar per output, the most important on top."""
    names = found.features[:SHOWN][::-1]
    figure = go.Figure()
    for output in found.outputs:
        own = found.importance[found.importance["output"] == output].set_index("feature").loc[names]
        reach = {"type": "data", "array": 1.96 * own["error"]}
        figure.add_bar(
            x=own["importance"], y=names, orientation="h", name=str(output), error_x=reach
        )
    figure.update_yaxes(type="category")
    axis = f"Mean |Shapley value|, {found.told['space']}"
    figure.update_layout(showlegend=len(found.outputs) > 1)
    return _labelled(figure, "Which columns move the answer", axis, "")


def beeswarm(found: Explanation, output: str = "") -> go.Figure:
    """Each dot is a row: place for its Shapley value, colour for the column's own value."""
    values, rows = of_output(found, output)
    names = found.features[:SHOWN]
    figure = go.Figure()
    for place, name in enumerate(names):
        own = values[name].to_numpy(dtype="float64")[:DOTS]
        lanes = _swarm(own)
        figure.add_scatter(
            x=own, y=len(names) - place + lanes, mode="markers", name=name,
            text=[_said(v) for v in rows[name].head(DOTS)],
            hovertemplate=f"{_safe(name)} = %{{text}}<br>value %{{x:.4g}}<extra></extra>",
            marker={"size": 4, "color": _ranks(rows[name].head(DOTS)), "coloraxis": "coloraxis"},
        )  # fmt: skip
    ticks = list(range(len(names), 0, -1))
    figure.update_yaxes(tickvals=ticks, ticktext=names)
    figure.update_layout(showlegend=False, coloraxis=_low_to_high())
    figure.add_vline(x=0, line_width=1, line_color=GUIDE)
    return _labelled(figure, "How each row is moved", f"Shapley value, {found.told['space']}", "")


def dependence(found: Explanation, feature: str, partner: str = "", output: str = "") -> go.Figure:
    """Shapley value over the column's own value, coloured by a partner column."""
    values, rows = of_output(found, output)
    shown = rows[feature]
    shown = shown if pd.api.types.is_numeric_dtype(shown) else shown.map(_said)
    colour: dict[str, object] = {"size": 5, "opacity": 0.8}
    texts = None
    if partner:
        colour |= {"color": _ranks(rows[partner]), "coloraxis": "coloraxis"}
        texts = [f"{partner} = {_said(value)}" for value in rows[partner]]
    figure = go.Figure(
        go.Scatter(x=shown, y=values[feature], mode="markers", marker=colour, text=texts)
    )
    figure.add_hline(y=0, line_width=1, line_color=GUIDE)
    if partner:
        figure.update_layout(coloraxis=_low_to_high(partner))
    title = f"“{feature}” and its Shapley value" + (f", coloured by “{partner}”" if partner else "")
    return _labelled(figure, title, feature, f"Shapley value, {found.told['space']}")


def interaction_heat(found: Explanation) -> go.Figure | None:
    """How strongly pairs of columns act together; None for fewer than two columns."""
    pairs = found.interactions
    if pairs.empty:
        return None
    names = list(dict.fromkeys([*pairs["one"], *pairs["two"]]))
    grid = np.full((len(names), len(names)), np.nan)
    for one, two, strength in zip(pairs["one"], pairs["two"], pairs["strength"], strict=True):
        grid[names.index(one), names.index(two)] = strength
        grid[names.index(two), names.index(one)] = strength
    heat = go.Heatmap(
        z=grid, x=names, y=names, autocolorscale=True, hoverongaps=False,
        colorbar={"title": {"text": "strength"}},
    )  # fmt: skip
    figure = go.Figure(heat)
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    paired = found.told["paired"]
    title = f"Which columns act together ({paired['method']}, {paired['rows']:,} rows)"
    return _labelled(figure, title, "", "")


def waterfall(
    base: float, answer: float, shares: Mapping[str, float], values: Mapping[str, object],
    space: str, most: int = 10,
) -> go.Figure:  # fmt: skip
    """From the base to one row's answer, the largest steps first; the rest as one step."""
    order = sorted(shares, key=lambda name: -abs(shares[name]))
    steps = [(f"{name} = {_said(values.get(name))}", shares[name]) for name in order[:most]]
    rest = sum(shares[name] for name in order[most:])
    steps += [(OTHERS, rest)] if order[most:] else []
    names = ["base", *(name for name, _ in steps), "answer"]
    bars = go.Waterfall(
        orientation="h", y=names, x=[base, *(share for _, share in steps), answer],
        measure=["absolute", *["relative"] * len(steps), "total"],
        increasing={"marker": {"color": UP}}, decreasing={"marker": {"color": DOWN}},
        totals={"marker": {"color": GUIDE}}, connector={"line": {"color": GUIDE, "width": 1}},
        text=[f"{base:,.4g}", *(f"{share:+,.3g}" for _, share in steps), f"{answer:,.4g}"],
        textposition="outside", cliponaxis=False,
        customdata=names, hovertemplate="%{customdata}: %{text}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(bars).update_xaxes(range=_room([base, *(share for _, share in steps)]))
    figure.update_yaxes(
        type="category", autorange="reversed", tickvals=names, ticktext=[_short(n) for n in names]
    )
    return _labelled(figure, "From the base to this answer", space[:1].upper() + space[1:], "")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _room(steps: Sequence[float]) -> tuple[float, float]:
    """The range of all ends of the steps, wide enough for labels beyond them on both sides."""
    ends = np.append(np.cumsum(steps), 0.0)
    low, high = float(ends.min()), float(ends.max())
    reach = (high - low or 1.0) * LABEL
    return low - (reach if low < 0 or np.min(steps) < 0 else 0.0), high + reach


def of_output(found: Explanation, output: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The values of one output (the first when empty), and the rows they belong to."""
    wanted = output or found.outputs[0]
    values = found.values[found.values["output"] == wanted].reset_index(drop=True)
    return values, found.rows.reset_index(drop=True)


def _swarm(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Offsets within a lane: dots of near values are spread, alone ones stay in the middle."""
    reach = float(np.ptp(values)) if len(values) else 0.0
    bins = np.zeros(len(values), dtype=int)
    if reach > 0:
        bins = ((values - values.min()) / reach * LANES).astype(int)
    place = pd.Series(bins).groupby(bins).cumcount().to_numpy()
    most = max(int(np.bincount(bins).max(initial=1)), 1)
    side = np.where(place % 2 == 0, 1, -1) * ((place + 1) // 2)
    return np.asarray(side / most * 0.8)


def _ranks(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column's values as shares of the way from its lowest to its highest, for colour."""
    is_text = values.dtype == object
    ordered = pd.Series(pd.factorize(values, sort=True)[0]) if is_text else values
    ranks: pd.Series[Any] = ordered.rank(pct=True)
    return ranks


def _low_to_high(title: str = "column's value") -> dict[str, object]:
    bar = {"title": {"text": title}, "tickvals": [0.05, 1], "ticktext": ["low", "high"]}
    return {"colorscale": scale((DOWN, UP)), "colorbar": bar}


def _said(value: object) -> str:
    if value is None or value != value:
        return "missing"
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)


def _safe(text: str) -> str:
    """A name inside a hover template, whose marks Plotly would read."""
    return text.replace("%{", "% {").replace("<", "&lt;")


def _labelled(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    return figure.update_layout(title=title, xaxis_title=x, yaxis_title=y)
