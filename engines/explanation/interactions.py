"""How much two columns act together: the second difference of the model's score.

For rows x and z, f(x) − f(x with i of z) − f(x with j of z) + f(x with both of z): zero for every
pair of columns whose effects add up (Friedman and Popescu, Predictive Learning via Rule
Ensembles, Annals of Applied Statistics 2, 2008). Its mean size over pairs of rows is shown.
"""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SECOND = "second differences"
COLUMNS = 6
PAIRS = 200
SEED = 3
ROUNDING = 1e-9  # of the greatest answer
Score = Callable[[pd.DataFrame], NDArray[np.float64]]


def interactions(score: Score, rows: pd.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    """Each pair of `names` with its strength and standard error, the strongest first.

    `score` gives (rows, outputs); strengths are meaned over outputs.
    """
    draw = np.random.default_rng(SEED)
    count = min(PAIRS, len(rows))
    ours = rows.iloc[draw.choice(len(rows), count, replace=False)].reset_index(drop=True)
    others = rows.iloc[draw.integers(0, len(rows), count)].reset_index(drop=True)
    plain = score(ours)
    single = {name: score(ours.assign(**{name: others[name]})) for name in names}
    found = []
    for one, two in combinations(names, 2):
        both = score(ours.assign(**{one: others[one], two: others[two]}))
        size = np.abs(plain - single[one] - single[two] + both).mean(axis=1)
        size[size < ROUNDING * np.abs(plain).max()] = 0  # what adds up leaves no more than this
        found.append(pair(one, two, size))
    return strongest_first(found)


def pair(one: str, two: str, sizes: NDArray[np.float64]) -> dict[str, Any]:
    """How strong a pair of columns is over rows: the mean size, and its standard error."""
    error = float(sizes.std() / np.sqrt(len(sizes)))
    return {"one": one, "two": two, "strength": float(sizes.mean()), "error": error}


def strongest_first(pairs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pairs in the order they are shown in."""
    return sorted(pairs, key=lambda found: -float(found["strength"]))
