"""Sizes of files in words."""

import pytest

from app.sizes import file_size


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (15_021, "15.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (977_501_000, "977.5 MB"),
        (2_081_755_474, "2.1 GB"),
        (5 * 10**15, "5,000.0 TB"),
    ],
)
def test_file_size_takes_the_unit_that_reads_best(size: int, words: str) -> None:
    assert file_size(size) == words
