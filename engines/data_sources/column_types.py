"""What a column holds, judged from a sample of its texts."""

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import duckdb

from engines.core.tables import ColumnType
from engines.data_sources import missing
from engines.data_sources.dates import detect_format
from engines.data_sources.options import WHOLE, ColumnChoice, ReadOptions, Seen
from engines.data_sources.units import apart, common_unit

TRUTHS = {"true": True, "false": False}
FEW = 50  # up to this many different texts are categories in any table
MOST_CATEGORIES = 1_000
CATEGORY_SHARE = 0.05
LONG_TEXT = 60  # characters; longer on average is prose
NEARLY = 0.8  # from this share of numbers on it is told what the others are
WHOLE_DIGITS = 18  # what a 64-bit integer surely holds

_ID_NAME = re.compile(r"(^|[_\W])(id|key|uuid|guid|index|rowid|nr|no)$|[a-z]I[dD]$|^instant$", re.I)
_ID_CAMEL = re.compile(r"[a-z](ID|Id)$")
_COMPACT_DAY = re.compile(r"(19|20|21|99)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d.*)?")
_CODE = re.compile(r"[\w.:/-]*\d[\w.:/-]*")


@dataclass(frozen=True)
class Judged:
    """The choice proposed for one column, with what the user should know."""

    choice: ColumnChoice
    seen: tuple[Seen, ...] = ()
    notes: list[str] = field(default_factory=list)


class Numbers:
    """Reads numbers as the file writes them."""

    def __init__(self, decimal: str, thousands: str) -> None:
        self.decimal, self.thousands = decimal, thousands
        point, group = re.escape(decimal), re.escape(thousands)
        grouped = rf"|[1-9]\d{{0,2}}({group}\d{{3}})+" if thousands else ""
        whole = rf"(0|[1-9]\d*{grouped})"
        self.whole = re.compile(rf"[+-]?{whole}")
        self.real = re.compile(
            rf"[+-]?({whole}({point}\d*)?|{point}\d+)([eE][+-]?\d+)?|{_INFINITE}"
        )

    def is_whole(self, value: str) -> bool:
        """True for an integer without leading zeros that fits 64 bits."""
        return bool(self.whole.fullmatch(value)) and len(value) <= WHOLE_DIGITS

    def is_real(self, value: str) -> bool:
        """True for any number, infinities included; false for digits with leading zeros."""
        return bool(self.real.fullmatch(value)) and (
            len(value) <= WHOLE_DIGITS or not value.isdigit()
        )

    def value(self, text: str) -> float:
        """The number a text stands for."""
        plain = text.replace(self.thousands, "") if self.thousands else text
        return float(plain.replace(self.decimal, "."))


_INFINITE = r"[+-]?([iI]nf(inity)?|INF(INITY)?)"


def judge(
    connection: duckdb.DuckDBPyConnection, name: str, texts: Counter[str], options: ReadOptions
) -> Judged:
    """Propose a type, missing marks and a date pattern. `texts` counts trimmed, filled cells."""
    if not texts:
        return Judged(ColumnChoice(name=name, type=ColumnType.EMPTY), (), [f"“{name}” is empty."])
    known = missing.MARKS | missing.WEAK_MARKS
    rest = Counter({value: n for value, n in texts.items() if value not in known})
    if not rest and any(m in missing.MARKS for m in texts):
        marks, seen = missing.written(texts, textual=False)
        note = f"“{name}” holds nothing but marks for “missing”."
        return Judged(ColumnChoice(name=name, type=ColumnType.EMPTY, marks=marks), seen, [note])
    rest = rest or texts
    numbers = Numbers(options.decimal, options.thousands)
    dates = partial(_date, connection, name, texts, rest, options)
    return (
        _boolean(name, texts, rest)
        or (dates() if _are_compact_days(rest) else None)
        or _number(name, texts, rest, numbers)
        or dates()
        or _text(name, texts, rest, numbers)
    )


def _boolean(name: str, texts: Counter[str], rest: Counter[str]) -> Judged | None:
    if not all(value.lower() in TRUTHS for value in rest):
        return None
    marks, seen = missing.written(texts, textual=False)
    return Judged(ColumnChoice(name=name, type=ColumnType.BOOLEAN, marks=marks), seen)


def _number(name: str, texts: Counter[str], rest: Counter[str], numbers: Numbers) -> Judged | None:
    unit = common_unit(rest)
    if unit:
        return _with_unit(name, unit, texts, rest, numbers)
    fitting = Counter({v: n for v, n in rest.items() if numbers.is_real(v)})
    words = missing.odd_words(fitting, Counter({v: n for v, n in rest.items() if v not in fitting}))
    if not fitting or len(fitting) + len(words) < len(rest):
        return None
    marks, seen = missing.written(texts, textual=False)
    values = Counter({numbers.value(v): n for v, n in fitting.items()})
    infinite = sum(n for v, n in values.items() if math.isinf(v))
    low, strange = missing.sentinels(Counter({v: n for v, n in values.items() if math.isfinite(v)}))
    notes = [f"“{name}” holds infinities ({infinite:,}); they are read as missing."] * bool(
        infinite
    )
    choice = ColumnChoice(
        name=name,
        type=_numeric_type(name, fitting, numbers),
        marks=(*marks, *(word.mark for word in words), *low),
        pattern=WHOLE if all(numbers.is_whole(v) for v in fitting) else "",
    )
    return Judged(choice, (*seen, *words, *strange), notes)


def _with_unit(
    name: str, unit: str, texts: Counter[str], rest: Counter[str], numbers: Numbers
) -> Judged | None:
    if not all(numbers.is_real(apart(value)[0]) for value in rest):
        return None
    marks, seen = missing.written(texts, textual=False)
    first = next(value for value in rest if apart(value)[1])
    note = f"“{name}” is read as numbers without “{unit}”: “{first}” is {apart(first)[0]}."
    choice = ColumnChoice(name=name, type=ColumnType.NUMERIC, marks=marks, pattern=unit)
    return Judged(choice, seen, [note])


def _nearly(name: str, rest: Counter[str], numbers: Numbers) -> list[str]:
    """A note where few values keep a column from being numbers, or dates from being dates."""
    odd = [value for value in rest if not numbers.is_real(value)]
    count = rest.total() - sum(rest[value] for value in odd)
    are_codes = any(value.isdigit() for value in odd)  # 00123
    if odd and not are_codes and count >= NEARLY * rest.total() and count > 2:
        some = ", ".join(f"“{value[:40]}”" for value in odd[:3])
        return [
            f"“{name}” is read as text: {count:,} of {rest.total():,} values are numbers, but not "
            f"{some}. Where that means nothing, read it as missing and choose a number as type."
        ]
    if len(rest) > 1 and all(_DAY.fullmatch(value) for value in rest):
        one, other = next(iter(rest)), _written_otherwise(rest)
        return [
            f"“{name}” is read as text: its dates are not all written one way, for example "
            f"“{one}” and “{other}”. Write them one way to use them as dates."
        ]
    return []


def _written_otherwise(dates: Counter[str]) -> str:
    """A date whose marks stand elsewhere than in the first one, else the last."""
    shapes = {re.sub(r"\d", "0", date): date for date in reversed(list(dates))}
    return list(shapes.values())[-2] if len(shapes) > 1 else list(dates)[-1]


def _numeric_type(name: str, fitting: Counter[str], numbers: Numbers) -> ColumnType:
    if not all(numbers.is_whole(value) for value in fitting):
        return ColumnType.NUMERIC
    distinct = len(fitting) == fitting.total() > 2
    named = bool(_ID_NAME.search(name) or _ID_CAMEL.search(name))
    return ColumnType.IDENTIFIER if distinct and named else ColumnType.INTEGER


def _are_compact_days(rest: Counter[str]) -> bool:
    """True for dates written as 20240131, which would pass for whole numbers."""
    return len(rest) >= 3 and all(_COMPACT_DAY.fullmatch(value) for value in rest)


def _date(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    texts: Counter[str],
    rest: Counter[str],
    options: ReadOptions,
) -> Judged | None:
    day_first = options.decimal == "," or options.delimiter == ";"
    pattern, ambiguous = detect_format(connection, list(rest), name, day_first)
    if not pattern:
        return None
    marks, seen = missing.written(texts, textual=False)
    choice = ColumnChoice(name=name, type=ColumnType.DATETIME, marks=marks, pattern=pattern)
    order = "day" if pattern.startswith("%d") else "month"
    note = f"In “{name}” day and month could be swapped; it is read {order} first."
    return Judged(choice, seen, [note] * ambiguous)


def _text(name: str, texts: Counter[str], rest: Counter[str], numbers: Numbers) -> Judged:
    marks, seen = missing.written(texts, textual=True)
    kept = Counter({value: n for value, n in texts.items() if value not in marks})
    notes, kind = _nearly(name, rest, numbers), _text_type(name, kept)
    kind = ColumnType.TEXT if notes and kind is ColumnType.IDENTIFIER else kind
    return Judged(ColumnChoice(name=name, type=kind, marks=marks), seen, notes)


def _text_type(name: str, texts: Counter[str]) -> ColumnType:
    total = texts.total()
    length = sum(len(value) * n for value, n in texts.items()) / max(1, total)
    if len(texts) == total > 2 and _is_key(name, texts):
        return ColumnType.IDENTIFIER
    few = max(FEW, min(MOST_CATEGORIES, CATEGORY_SHARE * total))
    return ColumnType.CATEGORICAL if len(texts) <= few and length <= LONG_TEXT else ColumnType.TEXT


def _is_key(name: str, texts: Counter[str]) -> bool:
    if _ID_NAME.search(name) or _ID_CAMEL.search(name):
        return True
    coded = all(len(value) >= 6 and _CODE.fullmatch(value) for value in list(texts)[:200])
    return coded and len(texts) > FEW
