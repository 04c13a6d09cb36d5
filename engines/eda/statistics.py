"""Statistics of one column: numbers, dates, texts and categories."""

import numpy as np
import numpy.typing as npt
import polars as pl

from engines.eda.report import Box, Dates, Histogram, Numbers, Texts, Top, number
from engines.eda.validation import shown

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
MOST_BINS = 60
TOP = 20
BAR_LEVELS = 30
BEYOND_KEPT = 200
FENCE = 1.5

Values = npt.NDArray[np.float64]


def value_counts(values: pl.Series) -> pl.DataFrame:
    """Distinct values, most frequent first, ties in value order; columns `value`, `count`."""
    counts = values.drop_nulls().value_counts(name="count")
    counts.columns = ["value", "count"]
    return counts.sort(["count", "value"], descending=[True, False])


def summary(numbers: Values) -> Numbers:
    """Statistics of a column of numbers, as pandas and scipy define them.

    Variance and standard deviation divide by n - 1; skewness is G1 and kurtosis the excess
    G2 of Joanes and Gill (1998), as pandas has them; MAD is the unscaled median absolute
    deviation; quantiles interpolate linearly (type 7 of Hyndman and Fan, 1996).
    """
    finite = numbers[np.isfinite(numbers)]
    infinite = len(numbers) - len(finite)
    if not len(finite):
        return _nothing(infinite)
    mode, mode_count = _mode(finite)
    low, q1, median, q3, high = np.quantile(finite, (0, 0.25, 0.5, 0.75, 1))
    skewness, kurtosis = shape(finite)
    many = len(finite) > 1
    return Numbers(
        count=len(finite),
        infinite=infinite,
        zeros=int((finite == 0).sum()),
        negatives=int((finite < 0).sum()),
        mean=number(finite.mean()),
        median=number(median),
        mode=mode,
        mode_count=mode_count,
        std=number(finite.std(ddof=1)) if many else None,
        variance=number(finite.var(ddof=1)) if many else None,
        minimum=number(low),
        maximum=number(high),
        iqr=number(q3 - q1),
        mad=number(np.median(np.abs(finite - median))),
        skewness=skewness,
        kurtosis=kurtosis,
        quantiles=_quantiles(finite),
    )


def _quantiles(finite: Values) -> dict[str, float]:
    cuts = np.quantile(finite, QUANTILES)
    return {f"{share:g}": float(value) for share, value in zip(QUANTILES, cuts, strict=True)}


def _nothing(infinite: int) -> Numbers:
    names = (
        "mean", "median", "mode", "std", "variance", "minimum", "maximum", "iqr", "mad",
        "skewness", "kurtosis",
    )  # fmt: skip
    return Numbers(
        count=0,
        infinite=infinite,
        zeros=0,
        negatives=0,
        mode_count=0,
        quantiles={},
        **dict.fromkeys(names),
    )


def _mode(finite: Values) -> tuple[float, int]:
    """The smallest of the most frequent values, and how often it occurs."""
    values, counts = np.unique(finite, return_counts=True)
    best = int(counts.argmax())
    return float(values[best]), int(counts[best])


def shape(finite: Values) -> tuple[float | None, float | None]:
    """Skewness G1 and excess kurtosis G2; None with too few values or no spread."""
    n = len(finite)
    scale = float(np.abs(finite).max())
    centred = (finite - finite.mean()) / (scale or 1.0)
    m2 = float((centred**2).mean())
    if n < 3 or m2 <= 1e-28:
        return None, None
    g1 = float((centred**3).mean()) / m2**1.5
    skewness = g1 * np.sqrt(n * (n - 1)) / (n - 2)
    if n < 4:
        return number(skewness), None
    g2 = float((centred**4).mean()) / m2**2 - 3
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6)
    return number(skewness), number(kurtosis)


def box(numbers: Values) -> Box | None:
    """Five numbers of a box plot and up to 200 values beyond its whiskers."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return None
    q1, median, q3 = (float(cut) for cut in np.quantile(finite, (0.25, 0.5, 0.75)))
    reach = FENCE * (q3 - q1)
    inside = (finite >= q1 - reach) & (finite <= q3 + reach)
    beyond = np.unique(finite[~inside])
    if len(beyond) > BEYOND_KEPT:
        beyond = beyond[np.linspace(0, len(beyond) - 1, BEYOND_KEPT).astype(int)]
    kept = finite[inside]
    return Box(
        low=float(kept.min()),
        q1=q1,
        median=median,
        q3=q3,
        high=float(kept.max()),
        beyond=[float(value) for value in beyond],
    )


def histogram(numbers: Values) -> Histogram | None:
    """Equal bins, as wide as Freedman and Diaconis (1981) say, at most 60 of them."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        bins = bin_count(finite)
        if not np.isfinite(finite.max() - finite.min()):
            return None
        counts, edges = np.histogram(finite, bins=bins)
    return Histogram(counts=counts.tolist(), edges=edges.tolist())


def bin_count(finite: Values) -> int:
    """Number of bins; whole numbers get bins of whole width."""
    spread = float(finite.max() - finite.min())
    q1, q3 = np.quantile(finite, (0.25, 0.75))
    width = 2 * float(q3 - q1) / len(finite) ** (1 / 3)
    sturges = int(np.ceil(np.log2(len(finite)) + 1))
    wanted = spread / width if width > 0 and np.isfinite(spread) else sturges
    wanted = int(np.clip(np.ceil(wanted), 1, MOST_BINS)) if spread > 0 else 1
    whole = spread < MOST_BINS and bool((finite == np.floor(finite)).all())
    return int(spread) + 1 if whole else wanted


def bars(counts: pl.DataFrame) -> Histogram:
    """Counts of the most frequent categories; the rest in one last bar."""
    head = counts.head(BAR_LEVELS)
    labels = [shown(value) for value in head["value"].to_list()]
    tally = [int(count) for count in head["count"].to_list()]
    if counts.height > BAR_LEVELS:
        labels.append(f"{counts.height - BAR_LEVELS:,} other values")
        tally.append(int(counts["count"].sum()) - sum(tally))
    return Histogram(counts=tally, labels=labels)


def top_values(counts: pl.DataFrame) -> list[Top]:
    """The most frequent values with their share of the filled cells."""
    total = int(counts["count"].sum())
    return [
        Top(value=shown(value), count=int(count), share=int(count) / total)
        for value, count in counts.head(TOP).iter_rows()
    ]


def entropy(counts: pl.DataFrame) -> tuple[float | None, float | None]:
    """Shannon entropy in bits, and its share of the largest possible, log2 of the levels."""
    if counts.is_empty():
        return None, None
    shares = counts["count"].to_numpy() / counts["count"].sum()
    bits = abs(float(-(shares * np.log2(shares)).sum()))
    return bits, bits / float(np.log2(counts.height)) if counts.height > 1 else 0.0


def date_summary(dates: pl.Series) -> Dates | None:
    """First and last moment and the days between; None without a date."""
    first, last = dates.min(), dates.max()
    if first is None or last is None:
        return None
    days = (last - first).total_seconds() / 86_400  # type: ignore[operator, union-attr]
    return Dates(earliest=first.isoformat(), latest=last.isoformat(), days=days)  # type: ignore[union-attr]


def text_summary(values: pl.Series) -> Texts | None:
    """Lengths in characters; blanks, and values with spaces around them."""
    texts = values.drop_nulls()
    if texts.dtype != pl.String or texts.is_empty():
        return None
    lengths = texts.str.len_chars()
    stripped = texts.str.strip_chars()
    blank = stripped == ""
    return Texts(
        shortest=int(lengths.min()),  # type: ignore[arg-type]
        mean=float(lengths.mean()),  # type: ignore[arg-type]
        longest=int(lengths.max()),  # type: ignore[arg-type]
        blank=int(blank.sum()),
        padded=int(((stripped != texts) & ~blank).sum()),
    )
