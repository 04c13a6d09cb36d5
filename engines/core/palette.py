"""The colours of every figure: what the pages' theme names, and the style of figures in files."""

import plotly.graph_objects as go

CATEGORICAL = (
    "#3566d6", "#e07b39", "#2f9e7a", "#b44fa8", "#8a6d3b",
    "#5b6b82", "#d64550", "#3aa0c9", "#7b61d9", "#9aa329",
)  # fmt: skip
SEQUENTIAL = (
    "#eef3fd", "#d3dff9", "#b8ccf6", "#9db8f2", "#7a9de9",
    "#5881df", "#3566d6", "#2b55b9", "#21449c", "#17337f",
)  # fmt: skip
DIVERGING = (
    "#b4303c", "#cb5f68", "#e28e94", "#ecb8bd", "#f1e1e4",
    "#dee6f6", "#b1c7f1", "#84a6e8", "#577cce", "#2a52b5",
)  # fmt: skip
GUIDE = "#8a94a6"  # lines to compare with; seen on white and on the dark page
EMPTY = "rgba(138,148,166,0.15)"
INK, PAPER, GRID = "#1b2333", "#ffffff", "#e6eaf3"


def as_file(figure: go.Figure) -> go.Figure:
    """A copy of the figure in our own style on white, whatever style it was drawn under.

    Pages leave colours to Streamlit, whose template holds placeholders that only a browser with
    the page's theme can read; a file must bring its own.
    """
    return go.Figure(figure).update_layout(template=_style())


def _style() -> go.layout.Template:
    low_to_high = scale(SEQUENTIAL)
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    layout = go.Layout(
        colorway=CATEGORICAL,
        colorscale={
            "sequential": low_to_high,
            "sequentialminus": low_to_high[::-1],
            "diverging": scale(DIVERGING),
        },
        font={"family": "system-ui, sans-serif", "color": INK},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        xaxis=axis,
        yaxis=axis,
    )
    return go.layout.Template(layout=layout)


def scale(colours: tuple[str, ...]) -> list[tuple[float, str]]:
    """Plotly's form of a colour scale: the colours at equal steps from 0 to 1."""
    return [(place / (len(colours) - 1), colour) for place, colour in enumerate(colours)]
