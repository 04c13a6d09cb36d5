"""Intervals for what is measured on few rows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Z95 = 1.959963984540054
DRAWS = 2_000
RESAMPLES = 200
SEED = 5
FEWEST = 30  # rows behind a rate; below, it is shown but marked and left out of differences


def wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share of `count` rows (Wilson, JASA 22, 1927)."""
    if count == 0:
        return float("nan"), float("nan")
    middle = share + Z95**2 / (2 * count)
    reach = Z95 * np.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    scale = 1 + Z95**2 / count
    return max(0.0, float((middle - reach) / scale)), min(1.0, float((middle + reach) / scale))


def difference_of_rates(shares: Numbers, counts: NDArray[np.int64]) -> tuple[float, float]:
    """95 % bootstrap interval of the largest difference between groups' rates.

    Drawing a group's rows again with replacement draws its rate from a binomial distribution.
    """
    drawn = np.random.default_rng(SEED).binomial(counts, shares, (DRAWS, len(shares))) / counts
    spread = drawn.max(axis=1) - drawn.min(axis=1)
    low, high = np.quantile(spread, [0.025, 0.975])
    return float(low), float(high)


def bootstrap(count: int, measure: Callable[[NDArray[np.int64]], float]) -> tuple[float, float]:
    """95 % percentile interval of `measure(rows)` over resampled row numbers."""
    draw = np.random.default_rng(SEED)
    found = np.array([measure(draw.integers(0, count, count)) for _ in range(RESAMPLES)])
    found = found[np.isfinite(found)]
    if len(found) < RESAMPLES / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
