"""Which task fits a target, and why."""

import re

import pandas as pd

from engines.core.tables import Column, ColumnType, Table
from engines.recommendation.advice import Choice, Task

FEW_NUMBERS = 10  # whole numbers with at most this many values may be grades rather than amounts
MANY_CLASSES = 200  # as many as training takes
FEWEST_OF_A_CLASS = 4  # as training needs
ONE_ROW_PER_MOMENT = 0.95
BIRTH = re.compile(r"birth|born|\bdob\b|geburt|geb_?dat|naissance|nascita|nacimiento")  # of persons
UNUSABLE = frozenset({ColumnType.EMPTY, ColumnType.IDENTIFIER, ColumnType.DATETIME})


def match_tasks(table: Table, target: str) -> tuple[Choice, ...]:
    """The supervised tasks that fit the target, best first; empty when it cannot be a target."""
    column = table.column(target)
    if column.type in UNUSABLE or column.distinct < 2:
        return ()
    found = _numeric(column) if column.type in (ColumnType.INTEGER, ColumnType.NUMERIC) else None
    fitting = (*(found if found is not None else _named(column)), *_over_time(table, column))
    return tuple(sorted(fitting, key=lambda choice: -choice.score))


def amount_before_rare_classes(
    frame: pd.DataFrame, tasks: tuple[Choice, ...], target: str
) -> tuple[Choice, ...]:
    """The tasks with the amount first where a few whole numbers are too rare to be classes."""
    kinds = [choice.value for choice in tasks]
    if kinds[:1] != [Task.MULTICLASS] or Task.REGRESSION not in kinds:
        return tasks
    fewest = int(frame[target].value_counts().min())
    if fewest >= FEWEST_OF_A_CLASS:
        return tasks
    text = f"A value of “{target}” has only {fewest} rows, too few for a class."
    rest = tuple(choice for choice in tasks if choice.value != Task.REGRESSION)
    return (Choice(Task.REGRESSION, text, 1.0), *rest)


def why_none(column: Column) -> str:
    """Why the column cannot be predicted: the end of a sentence."""
    if column.distinct < 2:
        return "it has one value only" if column.distinct else "it has no values"
    if column.type is ColumnType.IDENTIFIER:
        return "it names each row"
    if column.type is ColumnType.DATETIME:
        return "it is a date"
    return (
        f"it holds {column.distinct:,} different texts, more than the {MANY_CLASSES} classes that "
        "can be told apart. If they are numbers, correct its type on the Data page"
    )


def unsupervised_tasks(table: Table) -> tuple[Choice, ...]:
    """The tasks that need no target, with what each would answer here."""
    usable = [column for column in table.columns if column.type not in UNUSABLE]
    numeric = [c for c in usable if c.type in (ColumnType.INTEGER, ColumnType.NUMERIC)]
    answer = [Choice(Task.CLUSTERING, "Finds groups of rows that are alike.", 1.0)]
    if len(numeric) >= 3:
        text = f"Shows what {len(numeric)} numeric columns have in common in a few axes."
        answer.append(Choice(Task.REDUCTION, text, 0.8))
    answer.append(Choice(Task.ANOMALY, "Marks the rows that are unlike the rest.", 0.7))
    return tuple(answer)


def time_column(table: Table) -> str:
    """The column that orders the rows in time, or an empty string; the most detailed one wins.

    A date of birth orders persons, not rows.
    """
    dates = [
        c
        for c in table.columns
        if c.type is ColumnType.DATETIME and c.distinct > 1 and not BIRTH.search(c.name.lower())
    ]
    return max(dates, key=lambda column: column.distinct).name if dates else ""


def _named(column: Column) -> tuple[Choice, ...]:
    if column.distinct == 2:
        return (Choice(Task.BINARY, f"“{column.name}” has exactly two values.", 1.0),)
    if column.distinct > MANY_CLASSES:
        return ()
    text = f"“{column.name}” names one of {column.distinct} classes."
    return (Choice(Task.MULTICLASS, text, 1.0),)


def _numeric(column: Column) -> tuple[Choice, ...]:
    amount = f"“{column.name}” is a number with {column.distinct:,} different values."
    if column.distinct == 2:
        return (Choice(Task.BINARY, f"“{column.name}” has exactly two values.", 1.0),)
    if column.type is ColumnType.INTEGER and column.distinct <= FEW_NUMBERS:
        few = f"“{column.name}” is a whole number with only {column.distinct} values."
        order = "Choose this when the distance between the values has a meaning."
        return (Choice(Task.MULTICLASS, few, 0.6), Choice(Task.REGRESSION, order, 0.4))
    return (Choice(Task.REGRESSION, amount, 1.0),)


def _over_time(table: Table, column: Column) -> tuple[Choice, ...]:
    when = time_column(table)
    if not when or column.type not in (ColumnType.INTEGER, ColumnType.NUMERIC):
        return ()
    share = table.column(when).distinct / max(table.rows, 1)
    if share > ONE_ROW_PER_MOMENT and column.distinct > 2:  # two values are a yes and a no
        text = f"“{when}” has a moment of its own for each row, so the next ones can be forecast."
        return (Choice(Task.TIME_SERIES, text, 1.5),)
    text = f"“{when}” orders the rows in time; choose this to forecast what comes next."
    return (Choice(Task.TIME_SERIES, text, 0.2),) if share > 0.5 else ()
