"""The order of a leaderboard."""

from engines.training.models import Candidate
from engines.training.ranking import ranked


def _line(name: str, score: float | None, folds: int, metric: str = "roc_auc") -> Candidate:
    task = "binary" if metric == "roc_auc" else "regression"
    line = Candidate(run_id="r", task=task, algorithm="lr", name=name, metric=metric)
    line.score, line.folds_done = score, folds
    return line


def test_candidate_given_up_on_a_lucky_fold_stands_behind_the_whole_ones() -> None:
    board = [_line("lucky", 0.99, 1), _line("good", 0.85, 5), _line("best", 0.86, 5)]
    board.append(_line("failed", None, 0))
    assert [line.name for line in ranked(board)] == ["best", "good", "lucky", "failed"]


def test_small_errors_come_first_where_small_is_good() -> None:
    board = [_line("far", 9.0, 5, "rmse"), _line("near", 2.0, 5, "rmse")]
    assert [line.name for line in ranked(board)] == ["near", "far"]
