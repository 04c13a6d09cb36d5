"""Upload component: a drop zone that sends a file in slices to the upload routes."""

from pathlib import Path
from typing import TypedDict, cast

import streamlit as st

from engines.data_sources import EXTENSIONS

HERE = Path(__file__).parent


class Arrived(TypedDict):
    """A complete upload."""

    upload_id: str
    name: str


def upload_zone(experiment_id: str, limit: int, key: str = "upload") -> Arrived | None:
    """Show the drop zone; the upload that has just become complete, once. `limit` in bytes."""
    mount = st.components.v2.component(
        "mlaas_upload",
        html=(HERE / "upload.html").read_text(),
        css=(HERE / "upload.css").read_text(),
        js=(HERE / "upload.js").read_text(),
    )
    data = {"experiment": experiment_id, "limit": limit, "kinds": list(EXTENSIONS)}
    result = mount(key=key, data=data, on_done_change=lambda: None)
    return cast("Arrived | None", result.get("done"))
