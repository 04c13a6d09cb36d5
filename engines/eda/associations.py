"""How columns go together: numbers with numbers, categories with categories, and mixed."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from engines.eda.report import Matrix, number

MOST_COLUMNS = 60
MOST_LEVELS = 100
PAIR_ROWS = 20_000_000  # rows times pairs of columns that rank correlation may cost

Values = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

SOURCES = {
    "pearson": ("Pearson correlation", "Pearson (1895), pairwise complete rows"),
    "spearman": ("Spearman rank correlation", "Spearman (1904), pairwise complete rows"),
    "cramers_v": ("Cramér's V, bias-corrected", "Bergsma (2013), J. Korean Stat. Soc. 42(3)"),
    "mixed": (
        "Association of all columns (0 to 1)",
        "|Pearson| between numbers, bias-corrected Cramér's V between categories, "
        "correlation ratio (Fisher 1925) between a number and a category",
    ),
}


def associate(numbers: pd.DataFrame, categories: pd.DataFrame) -> dict[str, Matrix]:
    """Matrices by method: "pearson", "spearman", "cramers_v", "mixed"; none without two columns.

    `numbers` holds floats, `categories` texts; both the same rows. Columns beyond the 60th of
    each kind, and categories of more than 100 values, are left out and said so.
    """
    codes, left_out = coded(categories)
    numbers_used = numbers.iloc[:, :MOST_COLUMNS].replace([np.inf, -np.inf], np.nan)
    note = _note(left_out, max(0, numbers.shape[1] - MOST_COLUMNS))
    matrices = {
        "pearson": numbers_used.corr(min_periods=3).to_numpy(),
        "spearman": spearman(numbers_used),
        "cramers_v": categorical(codes),
    }
    matrices["mixed"] = mixed(matrices["pearson"], matrices["cramers_v"], numbers_used, codes)
    numeric, named = list(numbers_used.columns), list(codes)
    axes = {"pearson": numeric, "spearman": numeric, "cramers_v": named, "mixed": numeric + named}
    return {
        method: _matrix(method, axes[method], values, len(numbers), note)
        for method, values in matrices.items()
        if len(axes[method]) > 1
    }


def _matrix(method: str, columns: list[str], values: Values, rows: int, note: str) -> Matrix:
    title, source = SOURCES[method]
    cells = [[number(value) for value in line] for line in values]
    return Matrix(
        method=method, title=title, source=source, columns=columns, values=cells, rows=rows,
        note=note,
    )  # fmt: skip


def _note(left_out: int, numbers_left: int) -> str:
    parts = []
    if left_out:
        parts.append(f"{left_out} columns of more than {MOST_LEVELS} values or past the limit")
    if numbers_left:
        parts.append(f"{numbers_left} numeric columns past the first {MOST_COLUMNS}")
    return f"Left out: {' and '.join(parts)}." if parts else ""


def coded(categories: pd.DataFrame) -> tuple[dict[str, Codes], int]:
    """Each usable category as whole numbers, -1 for missing; and how many were left out."""
    codes: dict[str, Codes] = {}
    for name in categories.columns:
        values, levels = pd.factorize(categories[name])
        if 1 < len(levels) <= MOST_LEVELS and len(codes) < MOST_COLUMNS:
            codes[name] = values.astype(np.int64)
    return codes, categories.shape[1] - len(codes)


def spearman(numbers: pd.DataFrame) -> Values:
    """Spearman's correlation on pairwise complete rows.

    Past 20 million pair-rows with gaps, ranks are taken once per column.
    """
    pairs = numbers.shape[1] * (numbers.shape[1] - 1) / 2
    gaps = numbers.isna().to_numpy().any()
    if gaps and pairs * len(numbers) <= PAIR_ROWS:
        table = numbers.corr(method="spearman", min_periods=3)
    else:
        table = numbers.rank().corr(min_periods=3)
    values: Values = table.to_numpy()
    return values


def categorical(codes: dict[str, Codes]) -> Values:
    """Bias-corrected Cramér's V between all pairs of categories; shape (k, k)."""
    columns = list(codes.values())
    values = np.eye(len(columns))
    for i in range(len(columns)):
        for j in range(i):
            values[i, j] = values[j, i] = cramers_v(columns[i], columns[j])
    return values


def cramers_v(first: Codes, second: Codes) -> float:
    """Bias-corrected Cramér's V (Bergsma 2013), 0 to 1; NaN when a side does not vary.

    phi² is lowered by (r-1)(c-1)/(n-1), and r and c by their own expected bias.
    """
    table = crossed(first, second)
    n, (r, c) = table.sum(), table.shape
    if n < 2 or min(r, c) < 2:
        return float("nan")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(phi2 / smaller))) if smaller > 0 else float("nan")


def crossed(first: Codes, second: Codes) -> Values:
    """Contingency table of the rows where both have a value, empty lines dropped."""
    both = (first >= 0) & (second >= 0)
    a, b = first[both], second[both]
    if not len(a):
        return np.zeros((0, 0))
    width = int(b.max()) + 1
    table = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width)
    table = table.reshape(-1, width).astype(float)
    kept: Values = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return kept


def mixed(
    pearson: Values, cramer: Values, numbers: pd.DataFrame, codes: dict[str, Codes]
) -> Values:
    """One matrix over numbers and categories, strengths from 0 to 1."""
    k, m = len(numbers.columns), len(codes)
    values = np.full((k + m, k + m), np.nan)
    values[:k, :k] = np.abs(pearson)
    values[k:, k:] = cramer
    columns = numbers.to_numpy(dtype=float)
    for position, code in enumerate(codes.values()):
        ratios = correlation_ratios(columns, code)
        values[:k, k + position] = values[k + position, :k] = ratios
    return values


def correlation_ratios(columns: Values, codes: Codes) -> Values:
    """Eta = sqrt(between-group / total sum of squares) of each column given the category."""
    result = np.full(columns.shape[1], np.nan)
    for position in range(columns.shape[1]):
        both = (codes >= 0) & np.isfinite(columns[:, position])
        result[position] = correlation_ratio(columns[both, position], codes[both])
    return result


def correlation_ratio(values: Values, codes: Codes) -> float:
    """Fisher's correlation ratio, 0 to 1; NaN without spread or without two groups."""
    if len(values) < 3 or len(np.unique(codes)) < 2:
        return float("nan")
    centred = values - values.mean()
    sums = np.bincount(codes, weights=centred)
    counts = np.bincount(codes)
    total = float((centred**2).sum())
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    return float(np.sqrt(min(1.0, between / total))) if total > 0 else float("nan")


def strongest(matrix: Matrix, at_least: float) -> list[tuple[str, str, float]]:
    """Pairs of columns whose strength reaches the limit, strongest first."""
    values = np.array(matrix.values, dtype=float)
    rows, columns = np.nonzero(np.triu(np.nan_to_num(np.abs(values)), 1) >= at_least)
    pairs = [
        (matrix.columns[i], matrix.columns[j], float(values[i, j]))
        for i, j in zip(rows, columns, strict=True)
    ]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))
