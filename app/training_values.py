"""Starting values in the request form: suggested, editable, and tried only when chosen."""

from typing import Any

import streamlit as st

from app.training_draft import Draft
from engines.recommendation import Hyperparameter, Recommendation
from engines.training import SUPERVISED, Task, TrainingRequest, algorithms, settable

ACROSS = 3


def starting_values(
    advice: Recommendation, request: TrainingRequest, draft: Draft
) -> dict[str, dict[str, Any]]:
    """The values of each chosen algorithm; none are chosen to begin with."""
    task = next((task for task in request.tasks if task in SUPERVISED), None)
    offered = _offered(advice, task) if task else {}
    if task is None or not offered:
        return {}
    names = {algorithm.id: algorithm.name for algorithm in algorithms(task)}
    chosen = st.multiselect(
        "Also try starting values of",
        list(offered),
        default=[key for key in request.starting_values if key in offered],
        format_func=names.__getitem__,
        placeholder="None: the platform's own values",
        help="Each algorithm chosen here is tried once more, with the values below, beside its "
        "usual ones. The folds choose.",
        **draft.keep(f"values:{task}", by_target=True),
    )
    known = request.starting_values
    return {key: _fields(names[key], offered[key], known.get(key, {}), draft) for key in chosen}


def _offered(advice: Recommendation, task: Task) -> dict[str, list[Hyperparameter]]:
    found: dict[str, list[Hyperparameter]] = {}
    for value in advice.hyperparameters:
        if value.name in settable(task, value.algorithm):
            found.setdefault(value.algorithm, []).append(value)
    return found


def _fields(
    title: str, offered: list[Hyperparameter], known: dict[str, Any], draft: Draft
) -> dict[str, Any]:
    """A field per suggested value; an emptied one keeps the default."""
    st.caption(f"{title}: empty a field to keep its default.")
    places = st.columns(ACROSS)
    given = {}
    for number, value in enumerate(offered):
        start = known.get(value.name, "") if known else value.start
        key = f"value:{value.algorithm}:{value.name}"
        field = places[number % ACROSS].text_input(
            value.name, str(start), help=value.reason, **draft.keep(key, by_target=True)
        )
        if field.strip():
            given[value.name] = _parsed(field.strip())
    return given


def _parsed(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
