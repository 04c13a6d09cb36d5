"""What is measured on a table before an algorithm is advised."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engines.core.tables import ColumnType, Table
from engines.recommendation.advice import Task
from engines.recommendation.encoding import CONTINUOUS, Floats, numbers

CATEGORIES = frozenset({ColumnType.CATEGORICAL, ColumnType.BOOLEAN, ColumnType.TEXT})

FEWEST_VALUES = 8


@dataclass(frozen=True)
class Characteristics:
    """Shares are 0 to 1 over the features; target figures are 0 where they do not apply."""

    rows: int
    features: int
    categorical_share: float
    widest_category: int
    missing_share: float
    zero_share: float
    classes: int = 0
    smallest_class: int = 0
    minority_share: float = 0.0
    skew: float = 0.0
    outlier_share: float = 0.0
    all_positive: bool = False


def measure(
    frame: pd.DataFrame, table: Table, features: tuple[str, ...], target: str, task: Task | None
) -> Characteristics:
    """The table's characteristics: counts from the whole table, shares of values from `frame`."""
    columns = [table.column(name) for name in features]
    categories = [column for column in columns if column.type in CATEGORIES]
    cells = max(table.rows * len(columns), 1)
    plain = Characteristics(
        rows=table.rows,
        features=len(columns),
        categorical_share=len(categories) / max(len(columns), 1),
        widest_category=max((column.distinct for column in categories), default=0),
        missing_share=sum(column.missing for column in columns) / cells,
        zero_share=_zero_share(frame, table, features),
    )
    if task in (Task.BINARY, Task.MULTICLASS):
        return _with_classes(plain, frame[target])
    if task is not None and table.column(target).type in CONTINUOUS:
        return _with_spread(plain, numbers(frame[target]))
    return plain


def _zero_share(frame: pd.DataFrame, table: Table, features: tuple[str, ...]) -> float:
    kinds = (ColumnType.INTEGER, ColumnType.NUMERIC)
    shares = [
        float(np.mean(numbers(frame[name]) == 0))
        for name in features
        if table.column(name).type in kinds and len(frame)
    ]
    return float(np.mean(shares)) if shares else 0.0


def _with_classes(plain: Characteristics, column: pd.Series) -> Characteristics:
    shares = column.value_counts(normalize=True).to_numpy(dtype=float)
    smallest = float(shares.min()) if len(shares) else 0.0
    return replace(
        plain,
        classes=len(shares),
        minority_share=smallest,
        smallest_class=round(smallest * plain.rows),
    )


def _with_spread(plain: Characteristics, values: Floats) -> Characteristics:
    known = values[~np.isnan(values)]
    if len(known) < FEWEST_VALUES or np.ptp(known) == 0:
        return plain
    low, high = np.quantile(known, [0.25, 0.75])
    reach = 3 * (high - low)  # Tukey's outer fences
    outside = (known < low - reach) | (known > high + reach)
    centred = known - known.mean()
    return replace(
        plain,
        skew=float((centred**3).mean() / known.std() ** 3),
        outlier_share=float(outside.mean()),
        all_positive=bool((known > 0).all()),
    )
