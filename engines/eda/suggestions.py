"""Advice in words: what to clean, and which features to make, each with its reason."""

from collections.abc import Iterator

from engines.core.tables import ColumnType
from engines.eda.associations import strongest
from engines.eda.quality import HIGH_CARDINALITY, is_identifier
from engines.eda.report import ColumnReport, Matrix, Quality, Suggestion
from engines.eda.source import is_category

SKEWED = 1.0
NEARLY_SAME = 0.95
OUTLYING = 0.01
LADDERS = (
    {"po", "fa", "ta", "gd", "ex"},
    {"low", "medium", "high"},
    {"bad", "poor", "fair", "good", "very good", "excellent"},
    {"small", "medium", "large"},
    {"never", "rarely", "sometimes", "often", "always"},
)


def suggest(
    columns: list[ColumnReport], quality: Quality, matrices: dict[str, Matrix], target: str
) -> list[Suggestion]:
    """Cleaning first (the quality reasons, most costly first), then features."""
    cleaning = [
        Suggestion(kind="cleaning", columns=r.columns, advice=r.repair, reason=r.problem)
        for r in quality.reasons
    ]
    inputs = [column for column in columns if column.name != target]
    features = [each for column in inputs for each in _features(column)]
    return cleaning + list(_outlying(inputs)) + list(_redundant(matrices, target)) + features


def _outlying(columns: list[ColumnReport]) -> Iterator[Suggestion]:
    for column in columns:
        beyond = column.outliers.robust_z if column.outliers else None
        if beyond and beyond > OUTLYING * column.filled:
            yield Suggestion(
                kind="cleaning",
                columns=[column.name],
                advice="Look at the extreme values; cap them at the 1 % and 99 % quantiles, or "
                "use a model that ignores scale, such as trees.",
                reason=f"{beyond:,} values have a robust z-score beyond 3.5.",
            )


def _redundant(matrices: dict[str, Matrix], target: str) -> Iterator[Suggestion]:
    if "mixed" not in matrices:
        return
    for first, second, strength in strongest(matrices["mixed"], NEARLY_SAME)[:20]:
        if target not in (first, second):
            yield Suggestion(
                kind="feature",
                columns=[first, second],
                advice="Keep one of the two, or their difference or ratio.",
                reason=f"They say nearly the same: association {strength:.2f}.",
            )


def _features(column: ColumnReport) -> Iterator[Suggestion]:
    if column.is_constant or is_identifier(column) or not column.filled:
        return
    if column.numbers is not None:
        yield from _from_numbers(column)
    elif column.type is ColumnType.DATETIME:
        yield _feature(
            column,
            "Make year, month, weekday and hour out of it, or days since a fixed date; sort by "
            "it before splitting when the future is predicted.",
            "Models cannot read a date as it is.",
        )
    elif column.type is ColumnType.TEXT:
        advice = "Count words or use TF-IDF; its length alone may help."
        yield _feature(column, advice, "Free text is not a category.")
    elif is_category(column.type):
        yield from _from_category(column)


def _feature(column: ColumnReport, advice: str, reason: str) -> Suggestion:
    return Suggestion(kind="feature", columns=[column.name], advice=advice, reason=reason)


def _from_numbers(column: ColumnReport) -> Iterator[Suggestion]:
    found = column.numbers
    if found is None or found.skewness is None or column.distinct < 11:
        return
    if abs(found.skewness) > SKEWED:
        positive = found.minimum is not None and found.minimum >= 0
        advice = "Take log(1 + x)" if positive and found.skewness > 0 else "Use Yeo-Johnson"
        reason = f"Skewness is {found.skewness:.1f}."
        yield _feature(column, f"{advice} before linear models.", reason)
    share = found.zeros / found.count if found.count else 0
    if 0.3 < share < 1:
        advice = "Add a yes/no column “is zero” beside the amount."
        yield _feature(column, advice, f"{share:.0%} of the values are zero.")


def _from_category(column: ColumnReport) -> Iterator[Suggestion]:
    values = {top.value.strip().lower() for top in column.top}
    if len(values) >= 3 and any(values <= ladder for ladder in LADDERS):
        advice = "Encode it as ordered numbers, lowest first."
        yield _feature(column, advice, "The values have an order.")
    elif column.distinct > HIGH_CARDINALITY:
        return  # already a cleaning reason
    elif column.top and column.top[-1].share < 0.01 and column.distinct > 3:
        advice = "Group values below 1 % into one."
        yield _feature(column, advice, "Rare values cannot be learnt from.")
