"""Shapley values of any model by permutations of raw columns, with their standard error.

Štrumbelj and Kononenko (2014) as in shap's PermutationExplainer: columns of a row take the place
of those of background rows one after the other, forwards and backwards, so shares add up exactly.
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
    import shap

    codes, back, decode = _coded(frame, background.head(BACKGROUND))
    masker = shap.maskers.Independent(back, max_samples=len(back))
    explainer = shap.explainers.Permutation(lambda rows: answer(decode(rows)), masker, seed=SEED)
    evaluations = permutations * (2 * frame.shape[1] + 1)
    found = explainer(codes, max_evals=evaluations, error_bounds=True, silent=True)
    values, spread = _whole(found.values), _whole(found.error_std)
    base = np.atleast_2d(np.asarray(found.base_values, dtype="float64").reshape(len(frame), -1))[0]
    return base, values, spread / np.sqrt(2 * permutations)


def _whole(values: object) -> Numbers:
    found = np.asarray(values, dtype="float64")
    return found[:, :, None] if found.ndim == 2 else found


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
