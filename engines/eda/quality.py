"""The quality score: 100 less the points of every reason, so the reasons add up to it."""

from collections.abc import Iterator
from dataclasses import dataclass

from engines.core.tables import ColumnType
from engines.eda.report import ColumnReport, Leak, Quality, Reason
from engines.eda.source import is_category

# Dimensions after ISO/IEC 25012, weighted by what hurts a model most.
WEIGHTS = {
    "Completeness": 30.0,
    "Uniqueness": 15.0,
    "Validity": 20.0,
    "Consistency": 15.0,
    "Usefulness": 20.0,
}
HIGH_CARDINALITY = 50
IMBALANCED = 0.2
MILD = 0.05  # share of missing cells that imputation hardly notices

SEVERITY = 3.0  # a dimension is lost when a third of its columns are ruined
LEAK_DAMAGE = 0.4
IMBALANCE_DAMAGE = 0.3


@dataclass(frozen=True)
class Flaw:
    """One problem: `damage` is a share (0 to 1) of the column, or of the table when `whole`."""

    dimension: str
    columns: list[str]
    problem: str
    repair: str
    damage: float
    whole: bool = False


def score(
    columns: list[ColumnReport], rows: int, duplicates: int, target: str, leaks: list[Leak]
) -> Quality:
    """Score from 0 to 100 with a reason for every point lost.

    A column's damage is a share (0 to 1) of it and counts 3 / k in a table of k columns, so a
    dimension is lost when a third of the columns are ruined; damage to the whole table
    (repeats, target) counts in full. A dimension cannot lose more than its weight.
    """
    flaws = list(_column_flaws(columns, target))
    flaws += _duplicate_flaws(rows, duplicates)
    flaws += _target_flaws(columns, target, leaks)
    reasons = [
        reason for dimension in WEIGHTS for reason in _reasons(dimension, flaws, len(columns))
    ]
    lost = {d: sum(r.points for r in reasons if r.dimension == d) for d in WEIGHTS}
    total = 100 - sum(lost.values())
    return Quality(
        score=round(total, 1),
        verdict=_verdict(total),
        dimensions={d: 1 - lost[d] / weight for d, weight in WEIGHTS.items()},
        reasons=sorted(reasons, key=lambda reason: -reason.points),
    )


def _verdict(total: float) -> str:
    if total >= 90:
        return "Good: ready to train on."
    if total >= 75:
        return "Fair: repair the first reasons before training."
    return "Poor: repair the data before training."


def _reasons(dimension: str, flaws: list[Flaw], k: int) -> list[Reason]:
    """The dimension's reasons, their points scaled down when together they pass its weight."""
    mine = [flaw for flaw in flaws if flaw.dimension == dimension]
    damages = [flaw.damage * (1 if flaw.whole else SEVERITY / k) for flaw in mine]
    excess = max(1.0, sum(damages))
    return [
        Reason(
            dimension=dimension,
            columns=flaw.columns,
            problem=flaw.problem,
            repair=flaw.repair,
            points=WEIGHTS[dimension] * damage / excess,
        )
        for flaw, damage in zip(mine, damages, strict=True)
    ]


def _column_flaws(columns: list[ColumnReport], target: str) -> Iterator[Flaw]:
    for column in columns:
        yield from _completeness(column)
        yield from _validity(column)
        yield from _consistency(column)
        yield from _usefulness(column, target)


def _completeness(column: ColumnReport) -> Iterator[Flaw]:
    share = column.missing_share
    if share == 1:
        yield Flaw("Completeness", [column.name], "No value at all.", "Drop the column.", 1.0)
    elif share > 0:
        problem = f"{column.missing:,} cells are missing ({share:.1%})."
        yield Flaw("Completeness", [column.name], problem, missing_repair(column), share)


def missing_repair(column: ColumnReport) -> str:
    """What to do about a column's missing cells, by their share and its type."""
    if column.missing_share > 0.6:
        return "Drop the column, unless being empty means something; then keep only that."
    fill = "the median" if column.numbers else "the most frequent value"
    if column.missing_share <= MILD:
        return f"Fill with {fill}, learnt on the training part."
    return f"Fill with {fill} and add a column that says where it was missing."


def _validity(column: ColumnReport) -> Iterator[Flaw]:
    filled = max(column.filled, 1)
    infinite = column.numbers.infinite if column.numbers else 0
    if infinite:
        problem = f"{infinite:,} values are infinite."
        yield Flaw("Validity", [column.name], problem, "Treat them as missing.", infinite / filled)
    elif column.check.misfits:
        share = column.check.misfits / filled
        examples = ", ".join(column.check.examples)
        problem = f"{column.check.finding} For example: {examples}."
        yield Flaw("Validity", [column.name], problem, "Correct or blank them.", max(share, 0.1))
    elif misread(column):
        repair = f"Change the type to {column.check.inferred} on the Data page."
        yield Flaw("Validity", [column.name], column.check.finding, repair, 0.5)
    told = column.check.examples if column.check.misfits else []
    for mark in (each for each in column.disguised if each.value not in told):
        problem = f"“{mark.value}” occurs {mark.count:,} times and looks like a missing mark."
        yield Flaw(
            "Validity", [column.name], problem, "Declare it as missing.", max(mark.share, 0.1)
        )


def _consistency(column: ColumnReport) -> Iterator[Flaw]:
    if column.variants:
        problem = f"The same value is spelt differently: {'; '.join(column.variants[:3])}."
        yield Flaw("Consistency", [column.name], problem, "Unify case and spaces.", 0.5)
    padded = column.texts.padded if column.texts else 0
    if padded and not column.variants:
        problem = f"{padded:,} values have spaces around them."
        share = padded / max(column.filled, 1)
        yield Flaw("Consistency", [column.name], problem, "Trim the spaces.", max(0.1, share / 2))
    if column.note:
        yield Flaw("Consistency", [column.name], column.note, "Split it into plain columns.", 0.5)


def _usefulness(column: ColumnReport, target: str) -> Iterator[Flaw]:
    name, many = [column.name], f"{column.distinct:,} different values"
    if column.is_constant:
        yield Flaw("Usefulness", name, "Every value is the same.", "Drop the column.", 1.0)
    elif is_identifier(column) and column.name != target:
        repair = "Leave it out of training; keep it as the row's key."
        yield Flaw("Usefulness", name, "It identifies rows and predicts nothing.", repair, 1.0)
    elif is_category(column.type) and column.distinct > HIGH_CARDINALITY and not misread(column):
        repair = "Group the rare values, or encode by frequency or target."
        yield Flaw("Usefulness", name, f"{many} for a category.", repair, 0.5)


def is_identifier(column: ColumnReport) -> bool:
    """True when the column is recorded as an identifier, or its values read as one."""
    return ColumnType.IDENTIFIER in (column.type, column.check.inferred)


def misread(column: ColumnReport) -> bool:
    """True when the values are kept as text and read as numbers or dates."""
    return "values read as" in column.check.finding


def _duplicate_flaws(rows: int, duplicates: int) -> list[Flaw]:
    if not duplicates:
        return []
    share = duplicates / rows
    problem = f"{duplicates:,} rows repeat an earlier one ({share:.1%})."
    repair = "Drop them, unless repeats are real events."
    return [Flaw("Uniqueness", [], problem, repair, share, True)]


def _target_flaws(columns: list[ColumnReport], target: str, leaks: list[Leak]) -> Iterator[Flaw]:
    for leak in leaks:
        if leak.finding:
            problem = f"Alone it {leak.finding} ({leak.measure} = {leak.power:.2f})."
            yield Flaw(
                "Usefulness", [leak.column], problem, "Leave it out if in doubt.", LEAK_DAMAGE, True
            )
    found = [c for c in columns if target and c.name == target and c.histogram]
    for column in found:
        rarest = min((top.share for top in column.top), default=1.0)
        if 2 <= column.distinct <= 20 and rarest < IMBALANCED and is_category(column.type):
            problem = f"The rarest class of the target is {rarest:.1%} of its rows."
            repair = (
                "Split by class, weigh the classes, and judge by PR curve rather than accuracy."
            )
            damage = IMBALANCE_DAMAGE * (1 - rarest / IMBALANCED)
            yield Flaw("Usefulness", [column.name], problem, repair, damage, True)
