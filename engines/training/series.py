"""A series under training: forecasts from past origins, as they will be made in use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.forecasting import continued, lag_name

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Predict = Callable[[pd.DataFrame], Any]
USUAL_HORIZON = 10  # steps, where there is no season


@dataclass(frozen=True)
class Series:
    """The target on its grid, and the place of each of the material's rows there.

    `told` is the card's fact "series" (see engines.core.forecasting); `grid` has its gaps closed
    from the past; `when` holds the rows' moments.
    """

    told: dict[str, Any]
    target: str
    grid: Floats
    at: Rows
    when: "pd.Series[pd.Timestamp]"

    @property
    def horizon(self) -> int:
        """How many steps ahead are forecast and scored."""
        return int(self.told["horizon"])

    def origin(self, rows: Rows) -> tuple[Rows, Rows]:
        """For each row, how many horizons after the first one it lies, and its step (from 0)."""
        since = self.at[rows] - self.at[rows].min()
        return since // self.horizon, since % self.horizon

    def forecast(self, predict: Predict, features: pd.DataFrame, rows: Rows) -> Floats:
        """Answers for the rows, in turns of one horizon; each turn knows what was before it.

        Within a turn the model's own answers stand in for the values it would look back on.
        """
        turn, step = self.origin(rows)
        table = np.full((int(turn.max()) + 1, self.horizon), -1)
        table[turn, step] = np.arange(len(rows))

        def ask(ahead: int, back: dict[int, Floats]) -> Floats:
            which = table[:, ahead]
            there = which >= 0
            found = np.full(len(which), np.nan)
            if there.any():
                past = {lag_name(self.target, n): v[there] for n, v in back.items()}
                found[there] = predict(features.iloc[rows[which[there]]].assign(**past))
            return found

        return np.asarray(self._continued(ask, rows, len(table))[turn, step])

    def _continued(self, ask: Any, rows: Rows, turns: int) -> Floats:
        starts = int(self.at[rows].min()) + np.arange(turns) * self.horizon
        back = int(self.told["back"])
        known = np.concatenate([np.full(back, self.grid[0]), self.grid, np.zeros(self.horizon)])
        past = np.stack([known[start : start + back] for start in starts])
        return continued(ask, past, self.horizon, self.told["lags"], self.told["season"])

    def repeated(self, rows: Rows, back: int) -> Floats:
        """The naive forecast: what was `back` steps before, again and again after an origin."""
        lag = max(back, 1)

        def ask(_: int, past: dict[int, Floats]) -> Floats:
            return past[lag]

        turn, step = self.origin(rows)
        starts = int(self.at[rows].min()) + np.arange(int(turn.max()) + 1) * self.horizon
        known = np.concatenate([np.full(lag, self.grid[0]), self.grid])
        past = np.stack([known[start : start + lag] for start in starts])
        return np.asarray(continued(ask, past, self.horizon, [lag], lag)[turn, step])

    def naive_error(self, rows: Rows) -> float:
        """What scales MASE: the mean absolute error, over the rows, of repeating one season.

        Hyndman and Koehler, Another Look at Measures of Forecast Accuracy, IJF 22 (2006).
        """
        at, season = self.at[rows], int(self.told["season"])
        at = at[at >= season]
        return float(np.mean(np.abs(self.grid[at] - self.grid[at - season])))


def horizon_of(asked: int, season: int, held_out: int) -> int:
    """The steps to forecast: as asked, else one season; no more than the hold-out can score."""
    return max(1, min(asked or (season if season > 1 else USUAL_HORIZON), held_out))
