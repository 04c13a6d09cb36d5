"""Numbers written with a unit: 12 %, € 1,200.50, 36 months; or negative as (1,200.50)."""

import re
from collections.abc import Iterable

NEGATIVE = "()"  # the "unit" of a column whose negative numbers stand in brackets

_CURRENCY = (
    r"[€$£¥₹]|(?:EUR|USD|CHF|GBP|JPY|CNY|INR|PLN|CZK|HUF|SEK|NOK|DKK|RON|BGN|TRY|CAD|AUD|BRL|ZAR)"
)
_NUMBER = r"[+-]?\s?(?:\d[\d.,'’\xa0\u202f]*\d|\d)"
_BEFORE = re.compile(rf"([+-]?)({_CURRENCY})\s*({_NUMBER})")
_AFTER = re.compile(rf"()({_NUMBER})(?:\s*({_CURRENCY}|%)|\s+([A-Za-zµ°²³/]{{1,10}}))")
_IN_BRACKETS = re.compile(r"\((\d[^()\s]*)\)")


def apart(text: str) -> tuple[str, str]:
    """The number and its unit; the text itself and no unit when it has none."""
    if found := _BEFORE.fullmatch(text):
        sign, unit, number = found.groups()
        return sign + number.replace(" ", ""), unit
    if found := _AFTER.fullmatch(text):
        _, number, mark, word = found.groups()
        return number.replace(" ", ""), mark or word
    if bracketed := _IN_BRACKETS.fullmatch(text):
        return f"-{bracketed[1]}", NEGATIVE
    return text, ""


def common_unit(texts: Iterable[str]) -> str:
    """The unit that all these texts carry, or an empty one; a plain 0 may do without."""
    units = {apart(text)[1] for text in texts if text != "0"}
    if units == {"", NEGATIVE}:
        return NEGATIVE
    return units.pop() if len(units) == 1 else ""
