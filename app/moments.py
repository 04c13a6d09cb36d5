"""Moments and times as people write them: without the hour where there is none."""

import re

import pandas as pd
import streamlit as st
from pandas.api.types import is_datetime64_any_dtype
from streamlit.elements.lib.column_config_utils import ColumnConfigMappingInput

WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)$")


def days(frame: pd.DataFrame) -> ColumnConfigMappingInput:
    """How to show the frame's moments: as days where none of a column has an hour."""
    moments = {name: frame[name].dropna() for name in frame if is_datetime64_any_dtype(frame[name])}
    return {
        str(name): st.column_config.DatetimeColumn(format="YYYY-MM-DD")
        for name, column in moments.items()
        if (column == column.dt.normalize()).all()
    }


def said(text: str) -> str:
    """A moment's text for people, at midnight the day alone; any other text as it is."""
    found = WRITTEN.match(text)
    if not found:
        return text
    day, hour = found.groups()
    return f"{day} {hour}" if hour.strip("0:.") else day


def duration(seconds: float) -> str:
    """Seconds as a person would say them."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
