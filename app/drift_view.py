"""Drift on the Explain tab: how far the hold-out is from the rows the model was trained on."""

import streamlit as st

from app.charts import chart
from app.ui import download_table
from engines import explanation
from engines.explanation import Explanation

SHOWN = {
    "name": "Column",
    "psi": "Stability index",
    "chance": "By chance, 1 in 20",
    "bins": "Bins",
    "trained": "Rows trained on",
    "compared": "Rows compared",
}


def moved(found: Explanation) -> str:
    """The largest index of the hold-out in a sentence."""
    lines = explanation.drift_lines(found)
    if lines.empty:
        return "Drift is not measured: there are no hold-out answers to compare."
    worst = lines.iloc[0]
    where = "close to" if worst["psi"] < explanation.MOVED else "moved from"
    where = "far from" if worst["psi"] > explanation.FAR else where
    return (
        f"The hold-out is {where} the rows trained on: largest population stability index "
        f"{worst['psi']:.3f}, “{worst['name']}”; chance alone exceeds {worst['chance']:.3f} once "
        "in 20 times."
    )


def drift(found: Explanation, public: Explanation) -> None:
    """Bars and table of the whole hold-out, then its periods."""
    lines = explanation.drift_lines(found)
    if lines.empty:
        st.info("Drift is measured where a model has a hold-out. Explain an older model again.")
        return
    chart(explanation.drift_bars(found), "explain:drift")
    st.caption(
        "Population stability index over deciles or categories of the rows trained on; the "
        "score's by answers of models that had not seen them. Below 0.10 little has moved, above "
        "0.25 much. This is the data of the training, not of the use: watch that after deployment."
    )
    st.dataframe(lines[list(SHOWN)].rename(columns=SHOWN).round(4), hide_index=True)
    chart(explanation.drift_by_period(found), "explain:drift:periods")
    download_table("Drift as CSV", public.drift, "drift.csv")
