"""A table as CSV that is made when its button is pressed, not whenever the page is drawn."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from engines.core.csv_export import to_safe_csv


def csv_button(label: str, rows: Callable[[], list[dict[str, Any]]], file_name: str) -> None:
    """A button that fetches the rows and hands them out; cells that are formulas are escaped."""
    st.download_button(
        label,
        lambda: to_safe_csv(pd.DataFrame(rows())),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv:{file_name}",
    )
