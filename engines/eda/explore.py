"""The exploration itself: each column is read once, then columns are looked at together."""

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from engines.core.errors import InvalidInput
from engines.core.progress import Progress, Silent
from engines.core.tables import Column, ColumnType, Table
from engines.eda import associations, leakage, missing, outliers, quality, sampling, suggestions
from engines.eda.columns import describe
from engines.eda.options import Options, SampleMethod, check_options
from engines.eda.report import ColumnReport, Leak, Outliers, Report
from engines.eda.source import Rows, as_type, columns, is_category, is_numeric

COLUMNS_SHARE = 0.7  # of the progress bar

Sample = dict[str, pl.Series]


@dataclass(frozen=True)
class Explored:
    """A report and the rows its plots are drawn from, columns in table order, named c0, c1 …

    Real names stay out of polars, which reads a name such as `^a.*$` as a pattern.
    """

    report: Report
    sample: pl.DataFrame


@dataclass
class Logged:
    """Passes progress on and keeps its lines for the report."""

    inner: Progress
    started: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def report(self, fraction: float, step: str) -> None:
        """Pass the state on."""
        self.inner.report(fraction, step)

    def log(self, line: str) -> None:
        """Keep the line with the seconds since the start, and pass it on."""
        timed = f"{time.monotonic() - self.started:7.2f} s  {line}"
        self.lines.append(timed)
        self.inner.log(timed)


@dataclass
class Pass:
    """What one pass over the columns gathers."""

    rows: int
    plotted: Rows
    keys: npt.NDArray[np.uint64]
    marks: missing.MissingMarks
    beyond: npt.NDArray[np.bool_]
    reports: list[ColumnReport] = field(default_factory=list)
    sample: list[pl.Series] = field(default_factory=list)
    flags: dict[str, outliers.Flags] = field(default_factory=dict)
    comparisons: list[sampling.Comparison] = field(default_factory=list)


def explore(
    table: Table, options: Options | None = None, progress: Progress | None = None
) -> Report:
    """Explore a table; the same function for a page and for a job.

    Raises InvalidInput when there is nothing to compute, or the options do not fit.
    """
    return examine(table, options or Options(), progress or Silent()).report


def examine(table: Table, options: Options, progress: Progress) -> Explored:
    """Explore a table and keep the rows behind its plots. Raises InvalidInput."""
    check_options(table, options)
    if not table.columns or not table.rows:
        raise InvalidInput(
            "This table has no rows to explore.", hint="Upload a file with at least one row."
        )
    log = Logged(progress)
    log.log(f"{table.rows:,} rows x {len(table.columns):,} columns")
    rows = _rows_to_analyse(table, options)
    with np.errstate(over="ignore", invalid="ignore"):  # such figures come out as None
        gathered = _gather(table, rows, log)
        return _look_together(table, options, gathered, log)


def _rows_to_analyse(table: Table, options: Options) -> Rows | None:
    plan = options.sample
    if plan.method is not SampleMethod.STRATIFIED:
        return sampling.chosen_rows(table, plan)
    names = [column.name for column in table.columns]
    position = names.index(plan.by)
    strata = next(series for at, series in columns(table) if at == position)
    return sampling.chosen_rows(table, plan, strata)


def _gather(table: Table, rows: Rows | None, log: Logged) -> Pass:
    count = table.rows if rows is None else len(rows)
    gathered = Pass(
        rows=count,
        plotted=sampling.plot_rows(count),
        keys=np.zeros(count, dtype=np.uint64),
        marks=missing.MissingMarks(count),
        beyond=np.zeros(count, dtype=bool),
    )
    total = len(table.columns)
    for position, whole in columns(table):
        column = table.columns[position]
        log.report(COLUMNS_SHARE * position / total, f"Column {position + 1} of {total}")
        part = whole if rows is None else whole.gather(pl.Series(rows))
        _take_in(gathered, column, part)
        if rows is not None:
            found = sampling.compare(column.name, column.type, whole, part)
            gathered.comparisons += [found] if found else []
    log.log("columns described")
    return gathered


def _take_in(gathered: Pass, column: Column, part: pl.Series) -> None:
    described = describe(column, part)
    gathered.reports.append(described.report)
    gathered.marks.add(column.name, part.is_null().to_numpy())
    gathered.keys = gathered.keys * np.uint64(31) + part.hash(seed=7).to_numpy()
    gathered.sample.append(described.values.gather(pl.Series(gathered.plotted)))
    if described.flags is not None:
        gathered.beyond |= described.flags
        gathered.flags[column.name] = described.flags[gathered.plotted]


def _look_together(table: Table, options: Options, gathered: Pass, log: Logged) -> Explored:
    reports = gathered.reports
    sample = {c.name: series for c, series in zip(reports, gathered.sample, strict=True)}
    log.report(0.7, "Missing cells and repeated rows")
    empty = gathered.marks.analyse(len(reports))
    duplicates = gathered.rows - len(np.unique(gathered.keys))
    log.log("missing cells and repeated rows counted")
    log.report(0.75, "Associations")
    matrices = associations.associate(*_by_kind(sample, reports))
    log.log("associations computed")
    log.report(0.88, "Isolation forest")
    rare = _outliers(sample, gathered)
    log.log("isolation forest grown")
    log.report(0.94, "Quality and advice")
    leaks = _leaks(sample, reports, options.target)
    verdict = quality.score(reports, gathered.rows, duplicates, options.target, leaks)
    log.log(f"quality scored: {verdict.score:g}")
    report = Report(
        rows=gathered.rows,
        table_rows=table.rows,
        duplicates=duplicates,
        target=options.target,
        columns=reports,
        missing=empty,
        outliers=rare,
        matrices=matrices,
        sampling=sampling.judge(options.sample, gathered.rows, table.rows, gathered.comparisons),
        quality=verdict,
        suggestions=suggestions.suggest(reports, verdict, matrices, options.target),
        leaks=leaks,
        plot_rows=len(gathered.plotted),
        seconds=time.monotonic() - log.started,
        log=log.lines,
    )
    return Explored(report, pl.DataFrame(gathered.sample))


def _by_kind(sample: Sample, reports: list[ColumnReport]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sample's varying numbers as floats, and its categories as texts."""
    numeric = [c.name for c in reports if c.numbers is not None and c.distinct > 1]
    named = [c.name for c in reports if is_category(c.type) and c.distinct > 1]
    index = pd.RangeIndex(_height(sample))
    numbers = {name: sample[name].to_numpy().astype(float) for name in numeric}
    categories = {name: np.array(sample[name].to_list(), dtype=object) for name in named}
    return pd.DataFrame(numbers, index=index), pd.DataFrame(categories, index=index)


def _outliers(sample: Sample, gathered: Pass) -> Outliers:
    names = [c.name for c in gathered.reports if c.numbers is not None and is_numeric(c.type)]
    return outliers.stand_out(
        sample, gathered.plotted, names, gathered.flags, int(gathered.beyond.sum())
    )


def _leaks(sample: Sample, reports: list[ColumnReport], target: str) -> list[Leak]:
    goal = next((c for c in reports if target and c.name == target), None)
    if goal is None or goal.distinct < 2:
        return []
    usable = [
        c for c in reports
        if c.name != target and c.distinct > 1 and not quality.is_identifier(c)
        and c.type is not ColumnType.TEXT
    ]  # fmt: skip
    features = pd.DataFrame({c.name: _as_feature(sample[c.name]) for c in usable})
    order = np.random.default_rng(0).permutation(_height(sample))
    values = pd.Series(_as_feature(sample[target])).iloc[order]
    classify = values.dtype == object or goal.distinct <= 2
    return leakage.find_leaks(features.iloc[order], values, classify)


def _height(sample: Sample) -> int:
    return next(iter(sample.values())).len()


def _as_feature(series: pl.Series) -> npt.NDArray[np.generic]:
    if series.dtype == pl.String:
        return np.array(series.to_list(), dtype=object)
    return as_type(series, ColumnType.NUMERIC).to_numpy().astype(float)
