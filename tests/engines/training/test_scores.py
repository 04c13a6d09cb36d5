"""Scores and intervals against figures worked out elsewhere."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss, roc_auc_score

from engines.training.scores import Answers, interval, score
from engines.training.tasks import METRICS, Task

TRUTH = np.array(["no", "yes", "yes", "no", "yes", "no"], dtype=object)
YES = np.array([0.2, 0.9, 0.4, 0.3, 0.8, 0.6])


def test_binary_scores_agree_with_scikit_learn() -> None:
    shares = np.column_stack([1 - YES, YES])
    predicted = np.where(YES >= 0.5, "yes", "no")
    found = score(Task.BINARY, Answers(TRUTH, predicted, shares, ("no", "yes")))
    assert set(found) == {m.id for m in METRICS[Task.BINARY]}
    assert found["roc_auc"] == pytest.approx(roc_auc_score(TRUTH == "yes", YES))
    assert found["log_loss"] == pytest.approx(log_loss(TRUTH == "yes", YES))
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)


def test_numbers_scores_are_those_of_the_formulas() -> None:
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])
    answers = Answers(truth, predicted, np.empty((3, 0)), naive_error=2.0)
    found = score(Task.TIME_SERIES, answers)
    assert found["rmse"] == pytest.approx(np.sqrt(2 / 3))
    assert found["mae"] == pytest.approx(2 / 3)
    assert found["mape"] == pytest.approx((0 + 0.5 + 0.25) / 3)
    assert found["mase"] == pytest.approx(1 / 3)


def test_score_that_is_not_defined_is_absent() -> None:
    truth = np.array(["no", "no"], dtype=object)
    shares = np.array([[0.9, 0.1], [0.8, 0.2]])
    found = score(Task.BINARY, Answers(truth, truth, shares, ("no", "yes")))
    assert "roc_auc" not in found
    assert found["accuracy"] == 1.0


def test_interval_is_wider_than_the_plain_one_by_the_correction() -> None:
    folds = [0.80, 0.82, 0.84, 0.83, 0.81]
    low, mean, high = interval(folds, 5)
    plain = stats.t.ppf(0.975, 4) * np.std(folds, ddof=1) / np.sqrt(5)
    assert mean == pytest.approx(0.82)
    assert (high - low) / 2 == pytest.approx(plain * np.sqrt(5 * (1 / 5 + 1 / 4)))
    assert interval([0.7], 5) == [0.7, 0.7, 0.7]
