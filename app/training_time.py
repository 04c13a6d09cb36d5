"""Time in the request form: how rows are dealt out, and what a time series is asked for."""

from dataclasses import replace

import streamlit as st

from app.training_draft import Draft
from engines.core.tables import ColumnType, Table
from engines.recommendation import Recommendation
from engines.recommendation import Split as Advised
from engines.training import HORIZON_MAX, Split, Task, TrainingRequest

SPLITS = {Split.RANDOM: "Random", Split.TIME: "By time"}


def over_time(
    table: Table, advice: Recommendation, request: TrainingRequest, draft: Draft
) -> TrainingRequest:
    """The request with its split; a series also with its horizon and the columns known ahead."""
    dates = [c.name for c in table.columns if c.type is ColumnType.DATETIME]
    if Task.TIME_SERIES in request.tasks:
        return _series(table, replace(request, split=Split.TIME), dates, draft)
    plain = replace(request, split=Split.RANDOM, time_column="", horizon=0, known_ahead=())
    if not dates:
        return plain
    split = st.segmented_control(
        "Split",
        list(SPLITS),
        default=request.split,
        required=True,
        format_func=lambda option: _marked(option, advice),
        help="By time, the newest rows are held out, and each fold is tried on rows that came "
        f"after those it learnt from. {advice.evaluation.reason}",
        **draft.keep("split", by_target=True),
    )
    if split is not Split.TIME:
        return plain
    return replace(plain, split=Split.TIME, time_column=_column(dates, request, draft))


def _marked(option: Split, advice: Recommendation) -> str:
    is_advised = (option is Split.TIME) == (advice.evaluation.split is Advised.TIME)
    return f"{SPLITS[option]} (suggested)" if is_advised else SPLITS[option]


def _column(dates: list[str], request: TrainingRequest, draft: Draft) -> str:
    index = dates.index(request.time_column) if request.time_column in dates else 0
    help_text = "The moment of each row; the newest rows are held out."
    chosen = st.selectbox("Time column", dates, index=index, help=help_text, **draft.keep("time"))
    return chosen or ""


def _series(
    table: Table, request: TrainingRequest, dates: list[str], draft: Draft
) -> TrainingRequest:
    when = _column(dates, request, draft)
    horizon = st.number_input(
        "Steps ahead to forecast and score", 0, HORIZON_MAX, request.horizon,
        help="0 takes one season: 12 months, 24 hours, 7 days …", **draft.keep("horizon"),
    )  # fmt: skip
    options = [c.name for c in table.columns if c.name not in {request.target, when}]
    known = st.multiselect(
        "Columns known ahead",
        options,
        default=[name for name in request.known_ahead if name in options],
        placeholder="None: only time and past values are used",
        help="Columns whose future values you will have when forecasting, such as holidays or "
        "planned prices. Other columns are left out: nobody knows them in time.",
        **draft.keep("known", by_target=True),
    )
    return replace(request, time_column=when, horizon=int(horizon), known_ahead=tuple(known))
