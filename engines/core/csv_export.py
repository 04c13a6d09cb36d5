"""CSV that a spreadsheet program cannot be tricked into running."""

import re

import pandas as pd

# A cell is a formula to a spreadsheet when it starts with one of these, blanks set aside;
# the wide forms are what some locales turn into them.
FORMULA = re.compile(r"^[\t\r\n]|^\s*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"^\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*$")


def escape_cell(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would run; leave all else as it is."""
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.match(value):
        return "'" + value
    return value


def escape_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, same shape, with formula cells and formula column names escaped.

    After OWASP, "CSV Injection". Numbers, dates and plain negative numbers stay as they are.
    """
    safe = frame.copy()
    types = pd.api.types
    for position, dtype in enumerate(frame.dtypes):
        if not (types.is_numeric_dtype(dtype) or types.is_datetime64_any_dtype(dtype)):
            column = frame.iloc[:, position].astype(object)
            safe.isetitem(position, column.map(escape_cell, na_action="ignore").to_numpy())
    safe.columns = pd.Index([escape_cell(name) for name in frame.columns])
    return safe


def to_safe_csv(frame: pd.DataFrame) -> bytes:
    """The frame as CSV without its index, formulas escaped, UTF-8 with a byte-order mark.

    The mark makes spreadsheet programs read the file as UTF-8.
    """
    return escape_formulas(frame).to_csv(index=False).encode("utf-8-sig")
