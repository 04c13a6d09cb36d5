"""The Fairness tab of the Results page: groups of people, and how steady the score is."""

import pandas as pd
import streamlit as st

from app.charts import chart
from app.explanation_view import again, model_of, present
from app.markdown import plain
from app.results_view import Opened
from app.services import services
from app.ui import download_table
from engines import explanation, results
from engines.explanation import Explanation

DIFFERENCES = {
    "selection_rate_difference": "Selection rate",
    "equal_opportunity_difference": "Equal opportunity",
    "false_positive_rate_difference": "False positive rate",
    "calibration_difference": "Calibration",
    "error_difference": "Mean absolute error",
}
CURVE = "calibration"


def fairness(opened: Opened) -> None:
    """By protected attribute, then by segment and over time."""
    found = present(opened)
    if found is None:
        return
    public = explanation.read(services().explaining, opened.actor, model_of(opened))
    st.subheader("By protected attribute", anchor=False)
    _groups(found, public)
    st.subheader("Stability of the score", anchor=False)
    _stability(found, public)
    again(opened)


def _groups(found: Explanation, public: Explanation) -> None:
    for note in found.told["notes"]:
        st.caption(plain(note))
    if found.groups.empty:
        st.info("No protected attribute of this data is named in the experiment's questionnaire.")
        return
    _worst(found)
    attribute = st.selectbox(
        "Attribute", list(dict.fromkeys(found.groups["attribute"])), key="fair:attribute"
    )
    own = found.groups[found.groups["attribute"] == attribute]
    output = str(own["output"].iloc[0])
    if own["output"].nunique() > 1:
        output = str(st.selectbox("Output", list(dict.fromkeys(own["output"])), key="fair:output"))
    measures = [name for name in explanation.MEASURES if name in set(own["measure"])]
    shown = {name: explanation.MEASURES[name] for name in measures}
    if len(found.curves):
        shown[CURVE] = "Calibration curve"
    measure = st.selectbox("Measure", list(shown), format_func=lambda m: shown[m], key="fair:what")
    if measure == CURVE:
        chart(explanation.calibration_curves(found, attribute, output), "fair:curve")
    else:
        chart(explanation.group_rates(found, attribute, measure, output), "fair:rates")
    st.caption("Bars: 95 % intervals (Wilson; bootstrap for errors). Hollow: too few rows.")
    download_table("Groups as CSV", public.groups, "fairness.csv")


def _worst(found: Explanation) -> None:
    """The largest difference of each measure over all attributes, first of all."""
    if found.differences.empty:
        st.info("No two groups are large enough to be compared.")
        return
    worst = found.differences.sort_values("value", ascending=False).drop_duplicates("measure")
    for line in worst.to_dict("records"):
        reach = (
            "" if pd.isna(line["low"]) else f" (95 % CI {line['low']:.3f} to {line['high']:.3f})"
        )
        st.markdown(
            f"**{DIFFERENCES[line['measure']]}** differs by {line['value']:.3g}{reach} between "
            f"“{plain(line['highest'])}” and “{plain(line['lowest'])}” of "
            f"{plain(line['attribute'])}."
        )


def _stability(found: Explanation, public: Explanation) -> None:
    steady = found.stability
    if steady.empty:
        st.info("Without hold-out answers there is no score to compare.")
        return
    title = results.metric(found.told["metric"]).title
    spread = found.told["facts"].get(f"stability.{found.told['metric']}_spread")
    if spread is not None:
        st.markdown(f"**{title}** differs by at most {spread:.3g} between parts of one column.")
    pairs = list(dict.fromkeys(zip(steady["kind"], steady["column"], strict=True)))
    kind, column = st.selectbox("Parts by", pairs, format_func=_part, key="fair:parts")
    chart(explanation.stability_figure(found, kind, column, title), "fair:stability")
    download_table("Stability as CSV", public.stability, "stability.csv")


def _part(pair: tuple[str, str]) -> str:
    kind, column = pair
    return f"{column}, over time" if kind == "time" else column
