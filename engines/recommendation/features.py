"""Which features to leave out, and which to ask about before trusting them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engines.core.tables import Column, ColumnType, Table
from engines.recommendation.advice import Choice, Concern
from engines.recommendation.encoding import encode
from engines.recommendation.signals import Probe, mutual_information

MOSTLY_MISSING = 0.95
SAME = 0.999
LEAK = 0.95
STANDS_IN = 0.5
STANDS_OUT = 1.6
FEWEST_RIVALS = 3  # among fewer columns one must stand out
MOST_COMPARED = 1_000  # classes
WIDEST_COMPARED = 300  # comparing each pair of more columns than this costs too long
AFTERWARDS = re.compile(
    r"duration|outcome|result|closed?|ended|end_?date|cancel|refund|settled|resolved|recover"
    r"|after|actual|final|paid_?off|charge_?off|exit|reason",
    re.IGNORECASE,
)


def leave_out(
    frame: pd.DataFrame, table: Table, target: str, objective: Mapping[str, Any]
) -> tuple[Choice, ...]:
    """Columns that should not be features, each with its reason; the target is never among them."""
    protected = protected_attributes(table, objective)
    columns = [column for column in table.columns if column.name != target]
    found: dict[str, str] = {}
    for column in columns:
        reason = _reason(column, table.rows, frame) or _protected(column, protected)
        if reason:
            found[column.name] = reason
    rest = tuple(column.name for column in columns if column.name not in found)
    found.update(_copies(frame, table, rest))
    return tuple(Choice(name, reason) for name, reason in found.items())


def protected_attributes(table: Table, objective: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns the questionnaire names as protected; case and surrounding space do not count."""
    said = objective.get("protected_attributes", "")
    parts = said if isinstance(said, list | tuple) else re.split(r"[,;\n]", str(said))
    wanted = {str(part).strip().lower() for part in parts}
    return tuple(column.name for column in table.columns if column.name.lower() in wanted)


def concerns(
    frame: pd.DataFrame, table: Table, probe: Probe, protected: tuple[str, ...]
) -> tuple[Concern, ...]:
    """Features that may know the answer beforehand, or that stand in for a protected column.

    A column cannot show when it becomes known, so all but a near-perfect one is put as a question.
    """
    return (*_hindsight(probe), *_proxies(frame, table, probe, protected))


def spellings(frame: pd.DataFrame, target: str) -> tuple[Concern, ...]:
    """A warning when classes of the target differ only in case or in blanks."""
    if not target or not pd.api.types.is_object_dtype(frame[target]):
        return ()
    first: dict[str, str] = {}
    for value in map(str, frame[target].value_counts().index[:MOST_COMPARED]):
        known = first.setdefault(" ".join(value.casefold().split()), value)
        if known != value:
            text = f"“{target}” holds “{known}” and “{value}”, which count as different classes."
            return (Concern(target, f"{text} Make them one in the data.", question=False),)
    return ()


def _proxies(
    frame: pd.DataFrame, table: Table, probe: Probe, protected: tuple[str, ...]
) -> Iterator[Concern]:
    names = tuple(signal.feature for signal in probe.signals if signal.feature not in protected)
    if not names or not protected or len(names) > WIDEST_COMPARED:
        return
    rows = frame.head(4_000)
    codes = encode(rows, table, names).codes
    for name, column in zip(protected, encode(rows, table, protected).codes.T, strict=True):
        for feature, share in zip(names, mutual_information(codes, column), strict=True):
            if share > STANDS_IN:
                text = f"“{feature}” gives away {share:.0%} of the protected “{name}”."
                yield Concern(feature, f"{text} May it stay in?", question=True)


def _hindsight(probe: Probe) -> Iterator[Concern]:
    ranked = sorted(probe.alone.items(), key=lambda item: -item[1])
    comparable = len(ranked) >= FEWEST_RIVALS
    for place, (name, skill) in enumerate(ranked):
        rival = ranked[place + 1][1] if place + 1 < len(ranked) else 0.0
        if skill >= LEAK:
            yield Concern(name, _leak_text(name), question=False)
        elif comparable and place == 0 and skill >= 0.3 and skill > STANDS_OUT * rival:
            yield Concern(name, _question(name, "tells far more than any other column"), True)
        elif AFTERWARDS.search(name) and skill >= 0.1:
            yield Concern(name, _question(name, "has a name that sounds like hindsight"), True)


def _leak_text(name: str) -> str:
    return (
        f"“{name}” alone predicts the target almost perfectly. That is most often a leak: "
        "leave it out unless you are sure it is known in advance."
    )


def _question(name: str, why: str) -> str:
    return f"“{name}” {why}. Is it known at the moment the prediction is needed?"


def _reason(column: Column, rows: int, frame: pd.DataFrame) -> str:
    if column.type is ColumnType.EMPTY or column.missing >= rows:
        return "It has no values."
    if column.distinct <= 1:
        return "It has the same value in every row."
    if column.missing / max(rows, 1) > MOSTLY_MISSING:
        return f"{column.missing / rows:.1%} of its values are missing."
    if column.type is ColumnType.IDENTIFIER or _counts_rows(column, rows, frame):
        return "It names each row and says nothing about rows not seen yet."
    if column.type is ColumnType.TEXT and column.distinct > 0.5 * rows:
        return "It is free text, nearly different in every row."
    return ""


def _counts_rows(column: Column, rows: int, frame: pd.DataFrame) -> bool:
    """True for a running number: whole, distinct in each row, and only ever rising."""
    if column.type is not ColumnType.INTEGER or column.distinct < rows or rows < 10:
        return False
    return bool(frame[column.name].is_monotonic_increasing)


def _protected(column: Column, protected: tuple[str, ...]) -> str:
    return "The objective names it as protected." if column.name in protected else ""


def _copies(frame: pd.DataFrame, table: Table, names: tuple[str, ...]) -> dict[str, str]:
    """Later columns that repeat an earlier one: numbers that move as one, categories that agree."""
    if not 1 < len(names) <= WIDEST_COMPARED or len(frame) < 10:
        return {}
    encoded = encode(frame.head(4_000), table, names)
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = np.abs(np.nan_to_num(np.corrcoef(encoded.values, rowvar=False)))
    same_kind = encoded.continuous[:, None] == encoded.continuous[None, :]
    found: dict[str, str] = {}
    for first, later in zip(*np.where(np.triu(same_kind & (alike > SAME), k=1)), strict=True):
        if names[first] not in found:
            found.setdefault(names[later], f"It repeats “{names[first]}”.")
    return found


def usable(table: Table, target: str, left_out: tuple[Choice, ...]) -> tuple[str, ...]:
    """The features that remain: every column but the target, and what is left out."""
    gone = {choice.value for choice in left_out} | {target}
    return tuple(column.name for column in table.columns if column.name not in gone)
