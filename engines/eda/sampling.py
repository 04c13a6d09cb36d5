"""Which rows are analysed, and whether they stand for the whole table."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from engines.core.errors import InvalidInput
from engines.core.tables import ColumnType, Table
from engines.eda.options import MAX_STRATA, SampleMethod, SamplePlan
from engines.eda.report import SampleCheck, Sampling
from engines.eda.source import Rows, as_type, is_numeric
from engines.eda.statistics import Values

PLOT_ROWS = 20_000
PLOT_SEED = 20_240
ALPHA = 0.05
LEVELS_TESTED = 50


def chosen_rows(table: Table, plan: SamplePlan, strata: pl.Series | None = None) -> Rows | None:
    """Sorted row numbers of the sample, or None for all rows. Raises InvalidInput."""
    generator = np.random.default_rng(plan.seed)
    if plan.method is SampleMethod.RANDOM:
        return np.sort(generator.choice(table.rows, plan.size, replace=False)).astype(np.int64)
    if plan.method is SampleMethod.SYSTEMATIC:
        return systematic(table.rows, plan.size, generator)
    if plan.method is SampleMethod.STRATIFIED and strata is not None:
        return stratified(strata, plan.size, generator)
    return None


def systematic(rows: int, size: int, generator: np.random.Generator) -> Rows:
    """Every k-th row from a random start, k = rows / size (Cochran 1977, chapter 8)."""
    step = rows / size
    start = generator.uniform(0, step)
    picked: Rows = np.floor(start + step * np.arange(size)).astype(np.int64)
    return picked.clip(0, rows - 1)


def stratified(strata: pl.Series, size: int, generator: np.random.Generator) -> Rows:
    """Rows drawn at random in each stratum, in proportion to its size; missing is a stratum."""
    codes = strata.cast(pl.String, strict=False).fill_null("\0missing").rank("dense").to_numpy()
    labels, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(labels) > MAX_STRATA:
        raise InvalidInput(
            f"The column to stratify by has {len(labels):,} different values.",
            hint=f"Choose a column with at most {MAX_STRATA:,}.",
        )
    order = np.lexsort((generator.random(len(inverse)), inverse))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    picked = [
        order[start : start + take]
        for start, take in zip(starts, allocation(counts, size), strict=True)
    ]
    rows: Rows = np.sort(np.concatenate(picked))
    return rows


def allocation(counts: Rows, size: int) -> Rows:
    """Rows per stratum: proportional, largest remainders first, so that they sum to `size`."""
    exact = counts * (size / counts.sum())
    taken: Rows = np.floor(exact).astype(np.int64)
    order = np.argsort(taken - exact, kind="stable")
    taken[order[: size - taken.sum()]] += 1
    return taken


def plot_rows(rows: int) -> Rows:
    """Row numbers behind the plots and associations: all, or always the same random 20,000."""
    if rows <= PLOT_ROWS:
        return np.arange(rows, dtype=np.int64)
    generator = np.random.default_rng(PLOT_SEED)
    return np.sort(generator.choice(rows, PLOT_ROWS, replace=False)).astype(np.int64)


@dataclass(frozen=True)
class Comparison:
    """One column's test before its p-value is adjusted for the number of columns."""

    column: str
    test: str
    statistic: float
    p: float


def compare(name: str, kind: ColumnType, whole: pl.Series, part: pl.Series) -> Comparison | None:
    """Kolmogorov-Smirnov for numbers and dates, chi-squared for categories; else None."""
    if is_numeric(kind) or kind is ColumnType.DATETIME:
        return _kolmogorov(name, _finite(whole, kind), _finite(part, kind))
    if kind in (ColumnType.BOOLEAN, ColumnType.CATEGORICAL):
        return _chi_squared(name, whole, part)
    return None


def _finite(series: pl.Series, kind: ColumnType) -> Values:
    typed = as_type(series, kind)
    numbers = typed.dt.epoch("s").cast(pl.Float64) if typed.dtype.is_temporal() else typed
    values: Values = numbers.drop_nulls().to_numpy()
    finite: Values = values[np.isfinite(values)]
    return finite


def _kolmogorov(name: str, whole: Values, part: Values) -> Comparison | None:
    if len(whole) < 2 or len(part) < 2:
        return None
    result = stats.ks_2samp(whole, part, method="asymp")
    return Comparison(name, "Kolmogorov-Smirnov", float(result.statistic), float(result.pvalue))


def _chi_squared(name: str, whole: pl.Series, part: pl.Series) -> Comparison | None:
    expected = _level_counts(whole)
    if len(expected) < 2 or part.len() == part.null_count():
        return None
    seen = dict(_level_counts(part))
    observed = np.array([seen.get(level, 0) for level, _ in expected], dtype=float)
    shares = np.array([count for _, count in expected], dtype=float)
    observed, shares = _pooled(observed, shares / shares.sum())
    if len(observed) < 2 or observed.sum() == 0:
        return None
    result = stats.chisquare(observed, shares * observed.sum())
    return Comparison(name, "chi-squared", float(result.statistic), float(result.pvalue))


def _level_counts(series: pl.Series) -> list[tuple[str, int]]:
    texts = series.cast(pl.String, strict=False).drop_nulls()
    return list(texts.value_counts(sort=True).iter_rows())


def _pooled(observed: Values, shares: Values) -> tuple[Values, Values]:
    """Levels expected in fewer than 5 rows are pooled, Cochran's rule for chi-squared."""
    rare = shares * observed.sum() < 5
    rare[LEVELS_TESTED:] = True
    if not rare.any():
        return observed, shares
    return (
        np.append(observed[~rare], observed[rare].sum()),
        np.append(shares[~rare], shares[rare].sum()),
    )


def judge(plan: SamplePlan, size: int, rows: int, found: list[Comparison]) -> Sampling:
    """Adjust the p-values after Holm (1979) and say whether the sample stands for the table."""
    checks = _adjusted(found)
    return Sampling(
        method=plan.method,
        size=size,
        of_rows=rows,
        seed=plan.seed,
        by=plan.by,
        checks=checks,
        verdict=_verdict(plan, size, rows, checks),
    )


def _adjusted(found: list[Comparison]) -> list[SampleCheck]:
    checks: list[SampleCheck] = []
    highest = 0.0
    for rank, each in enumerate(sorted(found, key=lambda one: one.p)):
        highest = max(highest, min(1.0, each.p * (len(found) - rank)))
        checks.append(SampleCheck(**each.__dict__, adjusted_p=highest, alike=highest >= ALPHA))
    return checks


def _verdict(plan: SamplePlan, size: int, rows: int, checks: list[SampleCheck]) -> str:
    if plan.method is SampleMethod.ALL:
        return f"All {rows:,} rows were analysed."
    taken = f"A {plan.method} sample of {size:,} of {rows:,} rows (seed {plan.seed})"
    unlike = sum(not check.alike for check in checks)
    if not checks:
        return f"{taken}; no column could be compared with the whole table."
    if unlike:
        return f"{taken} differs from the whole table in {unlike} of {len(checks)} columns."
    return f"{taken} is distributed like the whole table in all {len(checks)} columns compared."
