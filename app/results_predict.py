"""Predictions on the Results page: the sample, and one record typed into a form."""

from typing import Any

import pandas as pd
import streamlit as st

from app import moments
from app.results_view import Opened
from app.services import services
from app.ui import boundary, download_table
from engines import inference
from engines.core.gate import Purpose
from engines.core.model_card import Feature, read_card
from engines.core.model_ref import ModelRef
from engines.core.tables import Table

FIRST = 12  # fields shown at once; the rest, less important, waits in an expander
COLUMNS = 3
MOMENT = "A day, as 2024-01-31, or a moment, as 2024-01-31 17:00."
SAMPLE = (100, 1_000, 10_000)


def predict(opened: Opened) -> None:
    """The form for one record, then the sample."""
    st.subheader("One record", anchor=False)
    _one(opened)
    st.subheader("Rows of the data", anchor=False)
    if opened.table is None:
        st.info("These are rows of the data, which your role may not see.")
        return
    rows = st.segmented_control(
        "Rows", SAMPLE, default=SAMPLE[0], required=True, format_func="{:,}".format, key="rows"
    )
    with boundary():
        _sample(opened, opened.table, rows)


def _sample(opened: Opened, table: Table, rows: int) -> None:
    # Asked each time, cache or not.
    services().datasets.table(opened.actor, table.dataset_id)
    model = ModelRef(opened.run.id, opened.files.task)
    services().gate.may_use(opened.actor, model, Purpose.TRIAL)
    found = _answers(opened.stamp, opened.run.id, opened.files.task, table, rows, opened.actor)
    st.dataframe(
        found.rename(columns=_heads(opened)), hide_index=True, column_config=moments.days(found)
    )
    leaving = found.rename(columns=table.public_names)
    download_table("Predictions as CSV", leaving, "predictions.csv")


def _heads(opened: Opened) -> dict[str, str]:
    """The model's own columns in words; a column of the data keeps its name."""
    chances = {f"p_{name}": f"P({name})" for name in opened.files.card.classes}
    return {"prediction": "Prediction", **chances}


@st.cache_data(max_entries=20, ttl=600, show_spinner="Asking the model",
               hash_funcs={Table: lambda table: (table.dataset_id, table.anonymised)})  # fmt: skip
def _answers(
    stamp: int, run_id: str, task: str, table: Table, rows: int, _actor: Any
) -> pd.DataFrame:
    svc = services()
    return inference.predict_sample(svc.runs, svc.gate, _actor, run_id, task, table, rows)


def _one(opened: Opened) -> None:
    shown = _by_importance(opened)
    with st.form(f"record:{opened.run.id}:{opened.files.task}"):
        record = _fields(shown[:FIRST])
        if shown[FIRST:]:
            with st.expander(f"{len(shown) - FIRST} more columns, filled with usual values"):
                record |= _fields(shown[FIRST:])
        asked = st.form_submit_button("Predict", type="primary")
    if asked:
        with boundary():
            svc, run, task = services(), opened.run.id, opened.files.task
            where = svc.runs, svc.gate, opened.actor
            _answer(inference.predict_record(*where, run, task, record))


def _by_importance(opened: Opened) -> list[tuple[Feature, str]]:
    """The model's features with their labels, the most important first."""
    order = {name: n for n, name in enumerate(opened.files.importance["feature"])}
    own = read_card(opened.files.folder).features
    named = [(f, shown.name) for f, shown in zip(own, opened.files.card.features, strict=True)]
    return sorted(named, key=lambda pair: order.get(pair[1], len(order)))


def _fields(features: list[tuple[Feature, str]]) -> dict[str, Any]:
    places = st.columns(COLUMNS)
    return {
        feature.name: _field(places[n % COLUMNS], feature, label)
        for n, (feature, label) in enumerate(features)
    }


def _field(place: Any, feature: Feature, label: str) -> Any:
    """A field fit for the feature's type, at a usual value; emptied, it stands for missing."""
    key = f"field:{feature.name}"
    if feature.dtype in ("integer", "numeric"):
        return _number(place, feature, label, key)
    if feature.dtype == "boolean":
        options: list[Any] = [True, False]
        return _choice(place, feature, label, options)
    if feature.categories:
        return _choice(place, feature, label, list(feature.categories))
    shown = str(feature.example or "")
    if feature.dtype == "datetime":
        return place.text_input(label, moments.said(shown), key=key, help=MOMENT) or None
    return place.text_input(label, shown, key=key) or None


def _choice(place: Any, feature: Feature, label: str, known: list[Any]) -> Any:
    start = known.index(feature.example) if feature.example in known else None
    key = f"field:{feature.name}"
    return place.selectbox(label, known, start, key=key, placeholder="missing")


def _number(place: Any, feature: Feature, label: str, key: str) -> Any:
    whole = feature.dtype == "integer" and float(feature.example or 0).is_integer()
    cast = int if whole else float
    start = None if feature.example is None else cast(feature.example)
    seen = ""
    if feature.minimum is not None and feature.maximum is not None:
        seen = f"Seen in training: {feature.minimum:g} to {feature.maximum:g}."
    step = 1 if whole else None
    return place.number_input(label, value=start, step=step, key=key, help=seen or None)


def _answer(answer: dict[str, Any]) -> None:
    """The answer, with a bar for each probability."""
    shares = {k.removeprefix("p_"): v for k, v in answer.items() if k.startswith("p_")}
    others = {k: v for k, v in answer.items() if not k.startswith("p_")}
    for place, (name, value) in zip(st.columns(max(len(others), 1)), others.items(), strict=False):
        shown = f"{value:,.4g}" if isinstance(value, float) else str(value)
        place.metric(name.replace("_", " ").capitalize(), shown, border=True)
    for name, share in sorted(shares.items(), key=lambda item: -item[1]):
        st.progress(float(share), text=f"{name}: {share:.1%}")
