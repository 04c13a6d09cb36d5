"""Small parts of the Explore page: a share in words, a table with its CSV."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app.rows import wrapped
from app.ui import download_table

ROW = 35  # pixels of a line in a table
LONG, BOX = 6, 300  # more lines of sentences than these are put in a box of so many pixels


def share(part: float) -> str:
    """A share in per cent; what is little is not said to be nothing."""
    return "under 0.1%" if 0 < part < 0.001 else f"{part:.1%}"


def listing(
    public: Callable[[str], str],
    build: Callable[[Callable[[str], str]], pd.DataFrame],
    name: str,
    height: int | None = None,
    wraps: bool = False,
) -> None:
    """A table under real names, at most `height` pixels, and its CSV under public names.

    One of sentences `wraps`, so that none is cut; when long, it scrolls in a box.
    """
    frame = build(lambda column: column)
    if wraps:
        with st.container(height=BOX if len(frame) > LONG else "content", border=False):
            heads = [str(head) for head in frame.columns]
            lines = frame.astype(str).itertuples(index=False)
            wrapped([dict(zip(heads, line, strict=True)) for line in lines], name)
    else:
        tall = height is not None and ROW * (len(frame) + 1) > height
        st.dataframe(
            frame, hide_index=True, placeholder="–", height=height if tall and height else "auto"
        )
    download_table("CSV", build(public), f"eda-{name}.csv")
