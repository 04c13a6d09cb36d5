"""Every figure of every page is shown here; its colours are the theme's."""

import streamlit as st
from plotly.graph_objects import Figure

TITLE, FOOT = 48, 8  # pixels; Plotly would leave 100 and 80
LEGEND = 40  # pixels between title and plot for a legend of two lines
BAR = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}


def chart(figure: Figure | None, key: str) -> None:
    """A figure in the page's theme, named by its title; nothing when there is nothing to draw."""
    if figure is not None:
        top = TITLE + (LEGEND if (figure.layout.legend.y or 0) > 1 else 0)
        figure.update_layout(margin_t=top, margin_b=FOOT, title_y=0.98, title_yanchor="top")
        st.plotly_chart(figure, key=key, config=BAR, alt=figure.layout.title.text or None)
