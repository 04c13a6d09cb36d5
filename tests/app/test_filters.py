"""Filters in the address: values, not words; what is not known is not chosen."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from app.filters import one_of, some_of

    several = {"a": "First letter", "b": "Second letter"}
    st.text(some_of(st.multiselect, "Letters", "letters", several))
    st.text(one_of(st.selectbox, "Days", "days", {90: "90 days", 365: "1 year"}, 365))


def _opened(**query: str) -> AppTest:
    at = AppTest.from_function(_page)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["[]", "365"]),
        ({"letters": "b", "days": "90"}, ["['b']", "90"]),
        ({"letters": "Second letter", "days": "1 year"}, ["[]", "365"]),
    ],
)
def test_address_chooses_by_value(query: dict[str, Any], shown: list[str]) -> None:
    assert [text.value for text in _opened(**query).text] == shown


def test_choice_goes_into_the_address_and_leaves_it() -> None:
    at = _opened()
    at.multiselect[0].select("a").select("b").run()
    at.selectbox[0].select(90).run()
    assert at.query_params["letters"] == ["a", "b"]
    assert at.query_params["days"] == "90"
    at.multiselect[0].set_value([]).run()
    assert "letters" not in at.query_params
    assert [text.value for text in at.text] == ["[]", "90"]
