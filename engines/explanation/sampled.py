"""Shapley values of any model by permutations of raw columns, with their standard error.

Štrumbelj and Kononenko (Knowledge and Information Systems 41, 2014): columns of a row take the
place of those of background rows one after the other, forwards and backwards, so shares add up.
It is shap's PermutationExplainer without its compiler, which costs seconds in every new process.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Answer = Callable[[pd.DataFrame], Numbers]  # raw rows to answers (rows, outputs)
PERMUTATIONS = 6
BACKGROUND = 50
SEED = 7


def sampled_shares(
    answer: Answer, frame: pd.DataFrame, background: pd.DataFrame, permutations: int = PERMUTATIONS
) -> tuple[Numbers, Numbers, Numbers]:
    """Base (outputs), values and their standard errors (rows, columns, outputs)."""
    codes, back, decode = _coded(frame, background.head(BACKGROUND))
    draw = np.random.default_rng(SEED)
    base = answer(decode(back)).mean(axis=0)
    passes = np.zeros((len(codes), 2 * permutations, frame.shape[1], len(base)))
    for place, row in enumerate(codes):
        for number in range(permutations):
            order = draw.permutation(np.flatnonzero((back != row).any(axis=0)))
            forth, home = _steps(lambda rows: answer(decode(rows)), row, back, order)
            passes[place, 2 * number, order] = forth
            passes[place, 2 * number + 1, order] = home
    return base, passes.mean(axis=1), passes.std(axis=1) / np.sqrt(2 * permutations)


def _steps(
    answer: Callable[[Numbers], Numbers], row: Numbers, back: Numbers, order: NDArray[np.int64]
) -> tuple[Numbers, Numbers]:
    """What each column in `order` adds as it comes, and takes as it goes (columns, outputs).

    A background row is asked again only when the column differs there.
    """
    now, asked = back.copy(), [back]
    places = [np.arange(len(back))]  # in all rows asked, for each background row after each step
    count = len(back)
    for number, column in enumerate([*order, *order]):
        differs = back[:, column] != row[column]
        now[:, column] = row[column] if number < len(order) else back[:, column]
        place = places[-1].copy()
        place[differs] = count + np.arange(differs.sum())
        count += int(differs.sum())
        asked.append(now[differs])
        places.append(place)
    answers = answer(np.concatenate(asked))
    rises = np.diff(answers[np.array(places)].mean(axis=1), axis=0)
    return rises[: len(order)], -rises[len(order) :]


def _coded(
    frame: pd.DataFrame, background: pd.DataFrame
) -> tuple[Numbers, Numbers, Callable[[Numbers], pd.DataFrame]]:
    """Rows as numbers of their values, -1 for missing, and the way back to raw values."""
    both = pd.concat([frame, background], ignore_index=True)
    pairs = {name: pd.factorize(both[name]) for name in both}
    codes = np.column_stack([numbers for numbers, _ in pairs.values()]).astype("float64")

    def decode(rows: Numbers) -> pd.DataFrame:
        whole = np.asarray(rows).astype("int64")
        columns = {
            name: pd.Series(known).reindex(whole[:, place]).array
            for place, (name, (_, known)) in enumerate(pairs.items())
        }
        return pd.DataFrame(columns, columns=list(frame.columns))

    return codes[: len(frame)], codes[len(frame) :], decode
