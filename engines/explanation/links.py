"""From a learner's own margin to its answer, for margins and for the shares columns have in them.

A learner is exact where its parts add up: log-odds, scores before softmax, the log of a target.
A blend adds answers, so each member's shares are carried over into answers first: along the
straight line from the base to the row, by Aumann and Shapley's rule. Shares still add up exactly
(Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, ICML 2017); for one output
it is one factor a row, the rescale rule (Shrikumar et al., DeepLIFT, ICML 2017).
"""

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, roots_legendre, softmax

Numbers = NDArray[np.float64]
NODES = 64  # of the Gauss-Legendre rule along the line; softmax is smooth
NEAR = 1e-6


class Link(StrEnum):
    """How a margin becomes an answer."""

    SAME = "same"
    LOGISTIC = "logistic"
    SOFTMAX = "softmax"
    EXPONENTIAL = "exponential"


def answers(link: Link, margin: Numbers) -> Numbers:
    """Answers (rows, outputs) for margins of the same shape."""
    if link == Link.LOGISTIC:
        return np.asarray(expit(margin))
    if link == Link.SOFTMAX:
        return np.asarray(softmax(margin, axis=1))
    return np.expm1(margin) if link == Link.EXPONENTIAL else margin


def carried(link: Link, base: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """Base (outputs) and shares (rows, columns, outputs) of margins, carried over into answers."""
    starts = answers(link, base[None, :])[0]
    if link == Link.SAME:
        return base, values
    ends = base[None, :] + values.sum(axis=1)
    if link == Link.SOFTMAX:
        return starts, np.einsum("nkl,njl->njk", _mean_slope(base, ends), values)
    way = ends - base
    rise = (answers(link, ends) - starts) / np.where(np.abs(way) < NEAR, 1.0, way)
    factor = np.where(np.abs(way) < NEAR, _slope(link, base), rise)
    return starts, values * factor[:, None, :]


def _slope(link: Link, margin: Numbers) -> Any:
    if link == Link.LOGISTIC:
        return expit(margin) * expit(-margin)
    return np.exp(margin)


def _mean_slope(base: Numbers, ends: Numbers) -> Numbers:
    """Softmax's Jacobian (rows, outputs, outputs), averaged along the line from `base`."""
    places, weights = roots_legendre(NODES)
    total = np.zeros((len(ends), len(base), len(base)))
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        share = softmax(base + place * (ends - base), axis=1)
        total -= weight * share[:, :, None] * share[:, None, :]
        diagonal = np.arange(len(base))
        total[:, diagonal, diagonal] += weight * share
    return total
