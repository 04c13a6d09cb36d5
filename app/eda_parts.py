"""Small parts of the Explore page: a share in words, a table with its CSV."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app.ui import download_table

ROW = 35  # pixels of a line in a table


def share(part: float) -> str:
    """A share in per cent; what is little is not said to be nothing."""
    return "under 0.1%" if 0 < part < 0.001 else f"{part:.1%}"


def listing(
    public: Callable[[str], str],
    build: Callable[[Callable[[str], str]], pd.DataFrame],
    name: str,
    height: int | None = None,
) -> None:
    """A table under real names, at most `height` pixels, and its CSV under public names."""
    frame = build(lambda column: column)
    tall = height is not None and ROW * (len(frame) + 1) > height
    st.dataframe(
        frame, hide_index=True, placeholder="–", height=height if tall and height else "auto"
    )
    download_table("CSV", build(public), f"eda-{name}.csv")
