"""Moments as people write them."""

import pandas as pd
import pytest

from app.moments import days, said


def test_days_are_shown_without_an_hour_and_moments_with_it() -> None:
    known = pd.to_datetime(pd.Series(["2024-01-31", "2024-02-01", None]))
    frame = pd.DataFrame({"day": known, "moment": known + pd.Timedelta(hours=5), "n": [1, 2, 3]})
    assert list(days(frame)) == ["day"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2024-01-31T00:00:00", "2024-01-31"),
        ("2024-01-31 00:00:00.000", "2024-01-31"),
        ("2024-01-31T17:30:00", "2024-01-31 17:30:00"),
        ("Two year", "Two year"),
    ],
)
def test_said_moment_has_an_hour_only_when_there_is_one(text: str, shown: str) -> None:
    assert said(text) == shown
