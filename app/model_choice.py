"""Choosing a model from a list: by its title and the beginning of its run's id."""

from collections.abc import Iterable, Mapping

import streamlit as st

from engines.governance.register import ModelRecord


def labels(records: Iterable[ModelRecord]) -> dict[str, str]:
    """What each model is called in a list, by its reference."""
    return {str(each.model): f"{each.title} ({each.model.run_id[:8]})" for each in records}


def choose_model(names: Mapping[str, str], start: str, placeholder: str) -> str | None:
    """One of the models in `names`, at first `start` where it is one of them."""
    return st.selectbox(
        "Model", list(names), list(names).index(start) if start in names else None,
        format_func=names.__getitem__, placeholder=placeholder,
    )  # fmt: skip
