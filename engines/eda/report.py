"""What an exploration finds, as one JSON-serialisable value."""

import math
from typing import Any

from pydantic import BaseModel, ConfigDict

from engines.core.tables import ColumnType

VERSION = 1  # part of the cache key: raise it when the meaning of a figure changes


class Part(BaseModel):
    """A frozen part of the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Histogram(Part):
    """Counts per bin: `edges` for numbers and dates (epoch seconds), `labels` for categories."""

    counts: list[int]
    edges: list[float] = []
    labels: list[str] = []


class Box(Part):
    """Five numbers after Tukey (1977): whiskers end at the last value within 1.5 IQR."""

    low: float
    q1: float
    median: float
    q3: float
    high: float
    beyond: list[float] = []


class Numbers(Part):
    """Statistics of the finite values; None where a figure is not defined."""

    count: int
    infinite: int
    zeros: int
    negatives: int
    mean: float | None
    median: float | None
    mode: float | None
    mode_count: int
    std: float | None
    variance: float | None
    minimum: float | None
    maximum: float | None
    iqr: float | None
    mad: float | None
    skewness: float | None
    kurtosis: float | None
    quantiles: dict[str, float]


class Dates(Part):
    """The span of a date column, in ISO format and days."""

    earliest: str
    latest: str
    days: float


class Texts(Part):
    """Lengths in characters, and how many values are blank or have stray spaces."""

    shortest: int
    mean: float
    longest: int
    blank: int
    padded: int


class Top(Part):
    """One frequent value, its count and its share of the filled cells."""

    value: str
    count: int
    share: float


class TypeCheck(Part):
    """The type on record against the type the values suggest."""

    recorded: ColumnType
    inferred: ColumnType
    misfits: int
    examples: list[str] = []
    finding: str = ""


class OutlierCounts(Part):
    """Rows beyond each rule; None and a note when the rule does not apply."""

    iqr: int | None
    z: int | None
    robust_z: int | None
    low: float | None
    high: float | None
    note: str = ""


class ColumnReport(Part):
    """All that was found in one column."""

    name: str
    type: ColumnType
    rows: int
    missing: int
    distinct: int
    check: TypeCheck
    top: list[Top] = []
    entropy: float | None = None
    entropy_share: float | None = None
    numbers: Numbers | None = None
    dates: Dates | None = None
    texts: Texts | None = None
    histogram: Histogram | None = None
    box: Box | None = None
    outliers: OutlierCounts | None = None
    disguised: list[Top] = []
    variants: list[str] = []
    note: str = ""

    @property
    def missing_share(self) -> float:
        """Missing cells over rows, 0 to 1."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def is_constant(self) -> bool:
        """True when there are values, and they are all the same."""
        return self.distinct == 1


class MissingPattern(Part):
    """A set of columns that are missing together, and in how many rows."""

    columns: list[str]
    rows: int


class MissingPair(Part):
    """Two columns missing together: rows, and the phi coefficient of their missing marks."""

    first: str
    second: str
    rows: int
    phi: float | None


class Missing(Part):
    """Where cells are empty, and which columns are empty together."""

    cells: int
    share: float
    complete_rows: int
    patterns: list[MissingPattern]
    pattern_count: int
    pairs: list[MissingPair]
    note: str = ""


class OutlierRow(Part):
    """One suspicious row: its number (from 0), the forest's score, the columns that stand out."""

    row: int
    score: float | None
    columns: list[str]
    values: dict[str, str] = {}


class Outliers(Part):
    """Rows that stand out over all columns together."""

    forest_count: int | None
    forest_rows: int
    forest_columns: list[str]
    rows_beyond_fences: int
    rows: list[OutlierRow]
    note: str = ""


class Matrix(Part):
    """A square table of associations; None where it cannot be computed."""

    method: str
    title: str
    source: str
    columns: list[str]
    values: list[list[float | None]]
    rows: int
    note: str = ""


class SampleCheck(Part):
    """One column of the sample against the same column of the whole table."""

    column: str
    test: str
    statistic: float
    p: float
    adjusted_p: float
    alike: bool


class Sampling(Part):
    """How the analysed rows were chosen, and whether they stand for the whole."""

    method: str
    size: int
    of_rows: int
    seed: int
    by: str = ""
    checks: list[SampleCheck] = []
    verdict: str = ""


class Reason(Part):
    """Points lost for one problem, and what repairs it. Texts never name a column."""

    dimension: str
    columns: list[str]
    problem: str
    repair: str
    points: float


class Quality(Part):
    """The score (0 to 100), its verdict, its parts (0 to 1), and every point lost."""

    score: float
    verdict: str
    dimensions: dict[str, float]
    reasons: list[Reason]


class Suggestion(Part):
    """One piece of advice: `kind` is "cleaning" or "feature"."""

    kind: str
    columns: list[str]
    advice: str
    reason: str


class Leak(Part):
    """How well one column alone predicts the target (0 to 1), and what follows from it."""

    column: str
    power: float
    measure: str
    finding: str = ""


class Report(Part):
    """Everything an exploration found in one table."""

    version: int = VERSION
    rows: int
    table_rows: int
    duplicates: int
    target: str = ""
    columns: list[ColumnReport]
    missing: Missing
    outliers: Outliers
    matrices: dict[str, Matrix]
    sampling: Sampling
    quality: Quality
    suggestions: list[Suggestion]
    leaks: list[Leak]
    plot_rows: int
    seconds: float
    log: list[str] = []

    def column(self, name: str) -> ColumnReport:
        """The column of that name. Raises KeyError."""
        return {c.name: c for c in self.columns}[name]

    @property
    def numeric(self) -> list[str]:
        """Names of the columns with numbers."""
        return [c.name for c in self.columns if c.numbers is not None]


def number(value: Any) -> float | None:
    """A plain finite float, or None."""
    result = float(value) if value is not None else math.nan
    return result if math.isfinite(result) else None
