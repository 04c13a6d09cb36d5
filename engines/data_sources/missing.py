"""Values that mean "missing": written marks, and numbers that stand for nothing."""

from collections import Counter

from engines.data_sources.options import Seen

# Missing in any column.
MARKS = frozenset(
    {"?", "??", "NA", "N/A", "n/a", "n.a.", "#N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "NULL"}
    | {"null", "Null", "\\N", "#NULL!", "#VALUE!", "#DIV/0!", "#REF!", "(null)", "NaT"}
)
# Missing among numbers and dates only; among words these may well be a category.
WEAK_MARKS = frozenset(
    {"na", "-", "--", "---", ".", "..", "*", "x", "X", "None", "none", "missing", "Missing"}
    | {"unknown", "Unknown", "n.v.", "k.A.", "nil", "void", "_"}
)
LOW_SENTINELS = (-99.0, -200.0, -999.0, -9999.0, -99999.0, -999999.0)
HIGH_SENTINELS = (999.0, 9999.0, 99999.0, 999999.0)
REPEATED = 3  # fewer than this is chance
REPEATED_SHARE = 0.002
BIG_SHARE = 0.3  # a mark above this share of a text column may be a category of its own
ODD_WORDS = 2  # this many different words among numbers may still be marks
NUMBERS_SHARE = 0.9


def written(counts: Counter[str], textual: bool) -> tuple[tuple[str, ...], tuple[Seen, ...]]:
    """The marks to read as missing in a column, and all that are suspected.

    `NA` is missing by default, as in R and pandas, even among words, where it may be a category:
    the user is told and may keep it. Weak marks are missing only among numbers and dates.
    """
    total = max(1, counts.total())
    found = [m for m in counts if m in MARKS or m in WEAK_MARKS]
    applied = tuple(m for m in found if m in MARKS or not textual)
    return applied, tuple(_seen(m, counts[m], total, textual) for m in found)


def _seen(mark: str, count: int, total: int, textual: bool) -> Seen:
    if not textual:
        evidence = "all other values are of one type"
    elif mark in WEAK_MARKS:
        evidence = "kept: among words this may be a category"
    elif count / total > BIG_SHARE:
        evidence = f"fills {count / total:.0%} of the column; if it means “none”, keep it"
    else:
        evidence = "missing by convention"
    return Seen(mark=mark, count=count, evidence=evidence)


def odd_words(numbers: Counter[str], others: Counter[str]) -> tuple[Seen, ...]:
    """Repeated words among numbers that stand for missing; empty when they are real values."""
    share = numbers.total() / max(1, numbers.total() + others.total())
    if len(others) > ODD_WORDS or share < NUMBERS_SHARE or min(others.values(), default=0) < 2:
        return ()
    return tuple(
        Seen(mark=word, count=count, evidence="all other values are numbers")
        for word, count in others.items()
    )


def sentinels(values: Counter[float]) -> tuple[tuple[str, ...], tuple[Seen, ...]]:
    """Numbers that stand for missing: those to apply, and all suspected, with evidence.

    A low one is applied when it is repeated and every other value lies far above it. A high one
    is only reported, because capped measurements look the same.
    """
    enough = max(REPEATED, REPEATED_SHARE * values.total())
    ordered = sorted(values)
    if len(ordered) < 3:
        return (), ()
    low, high = ordered[0], ordered[-1]
    if low in LOW_SENTINELS and values[low] >= enough and ordered[1] > low / 4:
        return (f"{low:g}",), (_number(low, values[low], f"every other value is ≥ {ordered[1]:g}"),)
    if high in HIGH_SENTINELS and values[high] >= enough and ordered[-2] < high / 2:
        why = f"kept: every other value is ≤ {ordered[-2]:g}; it may be a cap"
        return (), (_number(high, values[high], why),)
    return (), ()


def _number(value: float, count: int, evidence: str) -> Seen:
    return Seen(mark=f"{value:g}", count=count, evidence=evidence)
