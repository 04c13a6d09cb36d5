"""How to measure a model on this table: folds, held-out share, and how rows are dealt out."""

from engines.core.tables import Table
from engines.recommendation.advice import Evaluation, Split, Task
from engines.recommendation.characteristics import Characteristics
from engines.recommendation.tasks import time_column

FEWEST_FOLDS = 2


def advise_evaluation(table: Table, facts: Characteristics, task: Task | None) -> Evaluation:
    """Folds and hold-out for the table; without a target the folds do not apply but are given."""
    folds, held_out, size = _by_size(facts.rows)
    reason = f"{size}: {folds} folds, {held_out:.0%} held out for the last word."
    when = "" if task is None else time_column(table)
    if when:
        text = f"{reason} The newest rows by “{when}” are held out, as in use."
        return Evaluation(folds, held_out, Split.TIME, when, text)
    if task in (Task.BINARY, Task.MULTICLASS):
        folds, note = _by_class(folds, facts.smallest_class)
        text = f"{reason} Each fold keeps the classes' shares.{note}"
        return Evaluation(folds, held_out, Split.STRATIFIED, "", text)
    return Evaluation(folds, held_out, Split.RANDOM, "", f"{reason} Rows are drawn at random.")


def _by_size(rows: int) -> tuple[int, float, str]:
    if rows < 1_000:
        return 10, 0.25, f"{rows:,} rows are few, so the score is averaged over more folds"
    if rows < 100_000:
        return 5, 0.2, f"{rows:,} rows are enough for a steady score"
    return 3, 0.1, f"{rows:,} rows give a steady score with few folds"


def _by_class(folds: int, smallest: int) -> tuple[int, str]:
    """No more folds than the smallest class has rows to give one to each."""
    possible = max(FEWEST_FOLDS, min(folds, smallest))
    note = f" The smallest class has only {smallest} rows." if possible < folds else ""
    return possible, note
