"""The order of a leaderboard."""

from collections.abc import Iterable

from engines.training.models import Candidate
from engines.training.tasks import Task, metric


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first within each task; then those that saw fewer folds, which compare badly; then
    those without a score."""
    found = list(candidates)
    most: dict[str, int] = {}
    for one in found:
        most[one.task] = max(most.get(one.task, 0), one.folds_done)
    return sorted(found, key=lambda one: _standing(one, most[one.task]))


def _standing(candidate: Candidate, most: int) -> tuple[str, bool, bool, float]:
    if candidate.score is None:
        return candidate.task, True, True, 0.0
    better = metric(Task(candidate.task), candidate.metric).greater_is_better
    score = -candidate.score if better else candidate.score
    return candidate.task, False, candidate.folds_done < most, score
