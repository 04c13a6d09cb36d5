"""A table of the Explore page with its CSV."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app.ui import download_table

ROW = 35  # pixels of a line in a table


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
