"""Small parts of the Explore page: a table with its CSV, a figure, literal text."""

from collections.abc import Callable

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from app.ui import download_table

ROW = 35  # pixels of a line in a table
MARKDOWN = "\\`*_{}[]()<>#+-!|:~$"


def plain(text: str) -> str:
    """The text with Markdown's own signs taken literally."""
    return "".join(f"\\{sign}" if sign in MARKDOWN else sign for sign in text)


def listing(
    public: Callable[[str], str],
    build: Callable[[Callable[[str], str]], pd.DataFrame],
    name: str,
    height: int | None = None,
) -> None:
    """A table under real names, at most `height` pixels, and its CSV under public names."""
    frame = build(lambda column: column)
    tall = height is not None and ROW * (len(frame) + 1) > height
    st.dataframe(frame, hide_index=True, height=height if tall and height else "auto")
    download_table("CSV", build(public), f"eda-{name}.csv")


def chart(figure: Figure | None, key: str) -> None:
    """A figure in the page's theme; nothing when there is nothing to draw."""
    if figure is not None:
        st.plotly_chart(figure, key=key, config={"displaylogo": False})
