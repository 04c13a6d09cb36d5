"""Rows dealt out by time: the newest are held out, and each fold tests on what came after it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.errors import InvalidInput
from engines.training.pycaret_setup import Rows, Setup

FEWEST_TO_FIT = 10


def by_time(
    setup: Setup,
    when: "pd.Series[Any]",
    target: NDArray[Any],
    share: float,
    folds: int,
    classes: tuple[Any, ...] = (),
    test_rows: int = 0,
) -> Setup:
    """The set-up with hold-out and folds by time, for rows in order of `when` (n moments).

    Rows of one moment stay together. Folds expand; each tests on at least `test_rows` rows, so
    there may be fewer than asked for. Raises InvalidInput when too little is left to learn from.
    """
    moments = when.to_numpy()
    cut = _start(moments, round(len(moments) * (1 - share)))
    if cut < FEWEST_TO_FIT or cut >= len(moments):
        raise InvalidInput(
            "By time, too few rows are left to learn from or to hold out.",
            hint="Choose another time column, another held-out share, or a random split.",
        )
    _check_classes(target, cut, classes)
    made = expanding(moments[:cut], target[:cut], folds, bool(classes), test_rows)
    return replace(setup, train=np.arange(cut), holdout=np.arange(cut, len(moments)), folds=made)


def expanding(
    moments: NDArray[Any],
    target: NDArray[Any],
    folds: int,
    is_classification: bool,
    test_rows: int = 0,
) -> tuple[tuple[Rows, Rows], ...]:
    """Folds that fit on all rows before their test rows; those without two classes are dropped."""
    rows = len(moments)
    size = max(rows // (folds + 1), min(test_rows, rows // 3), 1)
    ends = [_start(moments, rows - n * size) for n in range(min(folds, rows // size), -1, -1)]
    pairs = [(np.arange(a), np.arange(a, b)) for a, b in pairwise(ends)]
    usable = [pair for pair in pairs if len(pair[0]) >= FEWEST_TO_FIT and len(pair[1])]
    if is_classification:
        usable = [p for p in usable if all(len(np.unique(target[part])) > 1 for part in p)]
    if not usable:
        raise InvalidInput(
            "By time, no fold has enough rows, or two classes, on both of its sides.",
            hint="Choose fewer folds, a random split, or more rows.",
        )
    return tuple(usable)


def _start(moments: NDArray[Any], place: int) -> int:
    """The first row of the moment that row `place` belongs to."""
    if place >= len(moments):
        return len(moments)
    return int(np.searchsorted(moments, moments[place], side="left"))


def _check_classes(target: NDArray[Any], cut: int, classes: tuple[Any, ...]) -> None:
    seen = set(np.unique(target[:cut]).tolist())
    new = [name for name in classes if name not in seen]
    if new:
        raise InvalidInput(
            f"The class “{new[0]}” occurs only in the newest rows, which are held out.",
            hint="Choose a random split, or a smaller held-out share.",
        )
