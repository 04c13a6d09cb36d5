"""Values and rows that stand out: fences, z-scores, isolation forest."""

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.ensemble import IsolationForest

from engines.eda.report import OutlierCounts, OutlierRow, Outliers
from engines.eda.source import Rows
from engines.eda.statistics import FENCE, Values

Z_LIMIT = 3.0
ROBUST_Z_LIMIT = 3.5
FEWEST_LEVELS = 11
FEWEST_ROWS = 10
FOREST_LIMIT = 0.6
FOREST_COLUMNS = 60
ROWS_SHOWN = 50

Flags = npt.NDArray[np.bool_]


def fences(values: Values) -> tuple[float, float]:
    """Lower and upper fence, 1.5 IQR beyond the quartiles (Tukey 1977)."""
    q1, q3 = np.quantile(values, (0.25, 0.75))
    reach = FENCE * (q3 - q1)
    return float(q1 - reach), float(q3 + reach)


def z_scores(values: Values) -> Values:
    """Distance from the mean in standard deviations; zeros without spread."""
    spread = values.std(ddof=1) if len(values) > 1 else 0.0
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


def robust_z_scores(values: Values) -> Values:
    """0.6745 (x - median) / MAD (Iglewicz and Hoaglin 1993); zeros when the MAD is zero."""
    centred = values - np.median(values)
    mad = np.median(np.abs(centred))
    return 0.6745 * centred / mad if mad > 0 else np.zeros_like(values)


def count_outliers(numbers: Values) -> tuple[OutlierCounts, Flags]:
    """Counts per rule over a column (NaN = missing), and the rows beyond its fences."""
    flags = np.zeros(len(numbers), dtype=bool)
    finite = numbers[np.isfinite(numbers)]
    why_not = _not_applicable(finite)
    if why_not:
        return OutlierCounts(
            iqr=None, z=None, robust_z=None, low=None, high=None, note=why_not
        ), flags
    low, high = fences(finite)
    narrow = low == high
    if not narrow:
        with np.errstate(invalid="ignore"):
            flags = (numbers < low) | (numbers > high)
        flags &= np.isfinite(numbers)
    mad = np.median(np.abs(finite - np.median(finite)))
    return OutlierCounts(
        iqr=None if narrow else int(flags.sum()),
        z=int((np.abs(z_scores(finite)) > Z_LIMIT).sum()),
        robust_z=int((np.abs(robust_z_scores(finite)) > ROBUST_Z_LIMIT).sum()) if mad else None,
        low=None if narrow else low,
        high=None if narrow else high,
        note="" if not narrow else "The middle half of the values are all the same.",
    ), flags


def _not_applicable(finite: Values) -> str:
    if len(finite) < FEWEST_ROWS:
        return f"Fewer than {FEWEST_ROWS} numbers."
    if len(np.unique(finite)) < FEWEST_LEVELS:
        return f"Fewer than {FEWEST_LEVELS} different numbers: these are rather codes."
    return ""


def forest_scores(numbers: Values, seed: int) -> Values:
    """Anomaly score per row, 0 to 1 (Liu, Ting and Zhou 2008); gaps are filled with medians."""
    filled = np.where(np.isfinite(numbers), numbers, np.nan)
    medians = np.nanmedian(filled, axis=0)
    filled = np.where(np.isnan(filled), medians, filled).astype(np.float32)
    depth = min(256, len(filled))
    forest = IsolationForest(n_estimators=100, max_samples=depth, random_state=seed, n_jobs=1)
    scores: Values = -forest.fit(filled).score_samples(filled)
    return scores


def stand_out(
    sample: dict[str, pl.Series], rows: Rows, names: list[str], flags: dict[str, Flags], beyond: int
) -> Outliers:
    """Rows ranked by the isolation forest over the numeric columns.

    `sample` holds the columns `names` for the table's `rows`; `flags` says which of those
    rows lie beyond a column's fences.
    """
    usable = [name for name in names if _spread(sample[name])][:FOREST_COLUMNS]
    if not usable or len(rows) < FEWEST_ROWS:
        note = "The isolation forest needs numeric columns that vary, and at least 10 rows."
        return Outliers(
            forest_count=None, forest_rows=0, forest_columns=[], rows_beyond_fences=beyond,
            rows=[], note=note,
        )  # fmt: skip
    scores = forest_scores(_matrix(sample, usable), seed=0)
    order = np.argsort(-scores, kind="stable")[:ROWS_SHOWN]
    kept = [int(i) for i in order if scores[i] > FOREST_LIMIT]
    return Outliers(
        forest_count=int((scores > FOREST_LIMIT).sum()),
        forest_rows=len(rows),
        forest_columns=usable,
        rows_beyond_fences=beyond,
        rows=[_outlier_row(sample, i, rows, scores, flags) for i in kept],
    )


def _spread(series: pl.Series) -> bool:
    values = series.drop_nulls().to_numpy()
    finite = values[np.isfinite(values)]
    return (
        len(finite) > 1
        and float(finite.min()) < float(finite.max())
        and bool((np.abs(finite) < np.finfo(np.float32).max).all())
    )


def _matrix(sample: dict[str, pl.Series], names: list[str]) -> Values:
    return np.column_stack([sample[name].cast(pl.Float64).to_numpy() for name in names])


def _outlier_row(
    sample: dict[str, pl.Series], at: int, rows: Rows, scores: Values, flags: dict[str, Flags]
) -> OutlierRow:
    columns = [name for name, flagged in flags.items() if flagged[at]]
    values = {name: f"{sample[name][at]:g}" for name in columns}
    return OutlierRow(row=int(rows[at]), score=float(scores[at]), columns=columns, values=values)
