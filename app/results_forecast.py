"""The Forecast tab of the Results page: what was forecast, how well, and the steps ahead."""

from typing import Any

import pandas as pd
import streamlit as st

from app.charts import chart
from app.results_view import Opened, drawn
from app.services import services
from app.ui import boundary, download_table
from engines import inference, results
from engines.core.forecasting import STEPS_MAX
from engines.core.model_card import read_card


def forecast(opened: Opened) -> None:
    """The picture, the comparison with naive forecasts, then any number of steps ahead."""
    chart(drawn(*opened.key, "over_time"), "forecast")
    for sentence in results.forecast_told(opened.files):
        st.caption(sentence)
    st.subheader("Against naive forecasts", anchor=False)
    st.caption("MASE below 1: better than repeating the last season was in the training rows.")
    compared = results.forecast_comparison(opened.files)
    st.dataframe(compared.round(4), hide_index=True)
    download_table("Comparison as CSV", compared, "forecast_comparison.csv")
    st.subheader("Steps ahead", anchor=False)
    _ask(opened)


def _ask(opened: Opened) -> None:
    series = opened.files.card.facts["series"]
    with st.form(f"forecast:{opened.run.id}", border=False):
        steps = st.number_input(
            "Steps", 1, STEPS_MAX, series["horizon"], key="forecast:steps",
            help=f"The model was scored {series['horizon']} steps ahead; beyond, no interval.",
        )  # fmt: skip
        history = st.file_uploader(
            "Newer history, CSV (optional)", "csv", key="forecast:history", help=_newer(opened)
        )
        future = None
        if series["known"]:
            names = ", ".join(_shown(opened, name) for name in series["known"])
            future = st.file_uploader(f"Future values of {names}, CSV", "csv", key="forecast:known")
        asked = st.form_submit_button("Forecast", type="primary")
    if asked:
        with boundary():
            _show(opened, int(steps), _rows(opened, future), _rows(opened, history))


def _show(
    opened: Opened, steps: int, future: pd.DataFrame | None, history: pd.DataFrame | None
) -> None:
    run, task = opened.run.id, opened.files.task
    where = services().runs, services().gate, opened.actor
    found = inference.forecast(*where, run, task, steps, future, history)
    st.dataframe(found.rename(columns=dict(opened.files.names)), hide_index=True)
    download_table("Forecast as CSV", found, "forecast.csv")


def _rows(opened: Opened, file: Any) -> pd.DataFrame | None:
    """An uploaded CSV under the names the model knows."""
    if file is None:
        return None
    aliases = {real: alias for alias, real in opened.files.names.items()}
    return inference.read_rows(file, file.name).rename(columns=aliases)


def _newer(opened: Opened) -> str:
    series = opened.files.card.facts["series"]
    own = read_card(opened.files.folder).target
    names = [series["time"], *filter(None, [series["clock"]]), own]
    columns = ", ".join(f"“{_shown(opened, name)}”" for name in names)
    return f"Rows since the training data, with the columns {columns}; the forecast goes on there."


def _shown(opened: Opened, name: str) -> str:
    return opened.files.names.get(name, name)
