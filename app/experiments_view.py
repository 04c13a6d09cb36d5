"""Parts of the pages about experiments: the questionnaire, the list's rows, the dictionary."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app.markdown import plain
from app.rows import listed
from app.ui import page_link, state_badge
from engines import projects
from engines.projects import DictionaryEntry, Experiment, Question, Sensitivity

WIDTHS = (5, 2, 2, 3)
TITLES = ("Name", "State", "Owner", "Changed (UTC)")


def ask_all(answers: dict[str, str], form: str = "new") -> dict[str, str]:
    """The whole questionnaire in two columns, filled with `answers`; the answers given."""
    left, right = st.columns(2)
    given = {}
    for number, question in enumerate(projects.QUESTIONS):
        with right if number % 2 else left:
            key = f"{question.key}:{form}"
            given[question.key] = _ask(question, answers.get(question.key, ""), key)
    return given


def _ask(question: Question, answer: str, key: str) -> str:
    if question.choices:
        index = question.choices.index(answer) if answer in question.choices else 0
        return st.selectbox(
            question.text, question.choices, index=index, help=question.help, key=key
        )
    return st.text_input(question.text, answer, help=question.help, max_chars=2_000, key=key)


def experiment_rows(
    found: Sequence[Experiment], busy: set[str], approvals: Mapping[str, str]
) -> None:
    """One row per experiment: its link, state, owner and last change."""
    listed(WIDTHS, TITLES, found, lambda one: _row(one, one.id in busy, approvals.get(one.id, "")))


def _row(experiment: Experiment, busy: bool, approval: str) -> None:
    name, state, owner, changed = st.columns(WIDTHS, vertical_alignment="center")
    with name.container(gap=None):
        page_link(f"**{plain(experiment.name)}**", "experiment", experiment=experiment.id)
        if experiment.description:
            st.caption(plain(experiment.description.splitlines()[0][:140]))
    with state.container(horizontal=True):
        state_badge("archived" if experiment.is_archived else experiment.state)
        if busy:
            state_badge("running")
        if approval:
            state_badge(approval)
    owner.markdown(plain(experiment.owner_name))
    changed.markdown(f"{experiment.updated_at:%Y-%m-%d %H:%M}")


def dictionary_editor(entries: Sequence[DictionaryEntry], editable: bool) -> dict[str, dict]:
    """The dictionary as a table; {column: {field: new value}} for what was changed in it."""
    frame = pd.DataFrame(
        [e.model_dump(include={"column_name", "type", *_EDITABLE}) for e in entries]
    ).set_index("column_name")[["type", *_EDITABLE]]
    edited = st.data_editor(
        frame,
        disabled=True if not editable else ["column_name", "type"],
        column_config=_DICTIONARY_COLUMNS,
        key="dictionary",
    )
    changed = edited.ne(frame)
    return {
        name: {f: edited.at[name, f] or "" for f in _EDITABLE if changed.at[name, f]}
        for name in frame.index[changed.any(axis=1)]
    }


_EDITABLE = ["meaning", "unit", "sensitivity"]
_DICTIONARY_COLUMNS = {
    "column_name": st.column_config.TextColumn("Column", pinned=True),
    "type": st.column_config.TextColumn("Type"),
    "meaning": st.column_config.TextColumn("Meaning", max_chars=500, width="large"),
    "unit": st.column_config.TextColumn("Unit", max_chars=500),
    "sensitivity": st.column_config.SelectboxColumn(
        "Sensitivity", options=[each.value for each in Sensitivity], required=True
    ),
}
