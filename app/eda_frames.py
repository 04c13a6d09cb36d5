"""The report's tables as data frames. `say` gives the name a column is shown under."""

from collections.abc import Callable

import pandas as pd

from app import moments
from engines.eda import Report
from engines.eda.report import ColumnReport, Matrix, Numbers

Say = Callable[[str], str]

STATISTICS = {
    "count": "Values",
    "mean": "Mean",
    "median": "Median",
    "mode": "Mode",
    "mode_count": "Times the mode occurs",
    "std": "Standard deviation (n - 1)",
    "variance": "Variance (n - 1)",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "iqr": "Interquartile range",
    "mad": "Median absolute deviation",
    "skewness": "Skewness",
    "kurtosis": "Excess kurtosis",
    "zeros": "Zeros",
    "negatives": "Negative values",
    "infinite": "Infinite values",
}


def joined(names: list[str], say: Say) -> str:
    """Several columns in one cell."""
    return ", ".join(say(name) for name in names)


def reasons(report: Report, say: Say) -> pd.DataFrame:
    """Why the score is below 100."""
    lines = [
        (joined(r.columns, say), r.problem, r.repair, r.dimension, f"{r.points:.2f}")
        for r in report.quality.reasons
    ]
    heads = ["Column", "Problem", "What to do", "Part", "Points lost"]
    return pd.DataFrame(lines, columns=heads)


def advice(report: Report, say: Say) -> pd.DataFrame:
    """Cleaning and feature suggestions."""
    lines = [(s.kind, joined(s.columns, say), s.advice, s.reason) for s in report.suggestions]
    return pd.DataFrame(lines, columns=["Kind", "Column", "Advice", "Reason"])


def _short(value: float | None) -> float | None:
    """Five significant digits: a longer figure is cut on its left in a narrow window."""
    return None if value is None else float(f"{value:.5g}")


def overview(report: Report, say: Say) -> pd.DataFrame:
    """One line per column: types, gaps, main figures."""
    return pd.DataFrame([_overview_line(column, say) for column in report.columns])


def _overview_line(column: ColumnReport, say: Say) -> dict[str, object]:
    numbers = column.numbers
    return {
        "Column": say(column.name),
        "Type": column.type.value,
        "Looks like": column.check.inferred.value,
        "Missing, %": round(100 * column.missing_share, 2),
        "Distinct": column.distinct,
        "Mean": _short(numbers.mean) if numbers else None,
        "Median": _short(numbers.median) if numbers else None,
        "Standard deviation": _short(numbers.std) if numbers else None,
        "Skewness": _short(numbers.skewness) if numbers else None,
        "Most frequent": moments.said(column.top[0].value) if column.top else "",
        "Finding": column.check.finding,
    }


def statistics(column: ColumnReport) -> pd.DataFrame:
    """One column's figures."""
    lines: list[tuple[str, object]] = [
        ("Rows", column.rows),
        ("Missing", column.missing),
        ("Distinct", column.distinct),
    ]
    lines += _numbers(column.numbers) if column.numbers else []
    if column.entropy is not None:
        lines += [("Entropy, bits", column.entropy), ("Entropy, share", column.entropy_share)]
    if column.dates:
        ends = {"Earliest": column.dates.earliest, "Latest": column.dates.latest}
        lines += [(name, moments.said(str(end))) for name, end in ends.items()]
        lines += [("Days between", column.dates.days)]
    if column.texts:
        lines += [("Shortest, characters", column.texts.shortest)]
        lines += [("Longest, characters", column.texts.longest), ("Blank", column.texts.blank)]
    return pd.DataFrame(
        [(name, _said(value)) for name, value in lines], columns=["Figure", "Value"]
    )


def _numbers(numbers: Numbers) -> list[tuple[str, object]]:
    lines = [(title, getattr(numbers, key)) for key, title in STATISTICS.items()]
    return lines + [(f"Quantile {share}", cut) for share, cut in numbers.quantiles.items()]


def _said(value: object) -> str:
    if value is None:
        return "not defined"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def top_values(column: ColumnReport) -> pd.DataFrame:
    """The most frequent values."""
    lines = [(moments.said(top.value), top.count, round(100 * top.share, 2)) for top in column.top]
    return pd.DataFrame(lines, columns=["Value", "Rows", "% of filled"])


def missing(report: Report, say: Say) -> pd.DataFrame:
    """Columns with gaps, worst first."""
    gaps = sorted((c for c in report.columns if c.missing), key=lambda c: -c.missing)
    lines = [(say(c.name), c.missing, round(100 * c.missing_share, 2)) for c in gaps]
    return pd.DataFrame(lines, columns=["Column", "Missing", "% of rows"])


def patterns(report: Report, say: Say) -> pd.DataFrame:
    """Which columns are missing together in a row."""
    lines = [
        (joined(p.columns, say) or "(nothing missing)", len(p.columns), p.rows)
        for p in report.missing.patterns
    ]
    return pd.DataFrame(lines, columns=["Missing together", "Columns", "Rows"])


def pairs(report: Report, say: Say) -> pd.DataFrame:
    """Pairs of columns missing in the same rows."""
    lines = [(say(p.first), say(p.second), p.rows, p.phi) for p in report.missing.pairs]
    return pd.DataFrame(lines, columns=["Column", "And", "Rows", "Phi"])


def outliers(report: Report, say: Say) -> pd.DataFrame:
    """Outlying values per column and rule; empty where a rule does not apply."""
    lines = [
        (say(c.name), o.iqr, o.z, o.robust_z, o.low, o.high, o.note)
        for c in report.columns
        if (o := c.outliers)
    ]
    heads = ["Column", "Beyond 1.5 IQR", "|z| > 3", "|robust z| > 3.5", "Lower fence"]
    return pd.DataFrame(lines, columns=[*heads, "Upper fence", "Note"])


def outlier_rows(report: Report, say: Say) -> pd.DataFrame:
    """Rows the isolation forest sets apart; numbered from 1, as in the data preview."""
    lines = [
        (row.row + 1, row.score, ", ".join(f"{say(n)} = {v}" for n, v in row.values.items()))
        for row in report.outliers.rows
    ]
    return pd.DataFrame(lines, columns=["Row", "Score", "Values beyond the fences"])


def matrix(found: Matrix, say: Say) -> pd.DataFrame:
    """A matrix of associations, its first column the names of the lines."""
    names = [say(name) for name in found.columns]
    frame = pd.DataFrame(found.values, columns=pd.Index(names))
    frame.insert(0, "", pd.Series(names), allow_duplicates=True)
    return frame


def checks(report: Report, say: Say) -> pd.DataFrame:
    """Each column of the sample against the whole table."""
    lines = [
        (say(c.column), c.test, c.statistic, c.p, c.adjusted_p, "like" if c.alike else "unlike")
        for c in report.sampling.checks
    ]
    heads = ["Column", "Test", "Statistic", "p", "p after Holm", "The whole table"]
    return pd.DataFrame(lines, columns=heads)


def leaks(report: Report, say: Say) -> pd.DataFrame:
    """How well each column alone predicts the target."""
    lines = [(say(x.column), round(x.power, 3), x.measure, x.finding) for x in report.leaks]
    return pd.DataFrame(lines, columns=["Column", "Power alone", "Measure", "Finding"])
