"""PyCaret's experiment classes: the split, the seed, the folds, and the candidate learners."""

import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.training.request import TrainingRequest
from engines.training.tasks import CLASSIFICATION, Task

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Container:
    """A learner as PyCaret keeps it: its class, its arguments, and where tuning looks."""

    make: Any
    arguments: dict[str, Any]
    space: dict[str, Any]


@dataclass(frozen=True)
class Setup:
    """Row positions of the hold-out and the training part, folds within the latter, learners."""

    train: Rows
    holdout: Rows
    folds: tuple[tuple[Rows, Rows], ...]
    containers: dict[str, Container]


def prepare(target: "pd.Series[Any]", task: Task, request: TrainingRequest) -> Setup:
    """Set up the experiment for n target values in row order, which is time for a time series.

    Splits keep the class shares; a time series keeps its order, with expanding folds.
    """
    experiment = _experiment(task)
    frame = pd.DataFrame({"row": np.arange(len(target), dtype="float64"), "target": target.array})
    with warnings.catch_warnings():
        # It names every optional library that is not installed.
        warnings.simplefilter("ignore")
        _set_up(experiment, frame, task, request)
    train, holdout = experiment.X_train.index, experiment.X_test.index
    folds = experiment.fold_generator.split(experiment.X_train, experiment.y_train)
    learners = {key: _container(c) for key, c in experiment._all_models.items()}
    return Setup(
        train=np.asarray(train, dtype="int64"),
        holdout=np.asarray(holdout, dtype="int64"),
        folds=tuple((np.asarray(fit), np.asarray(test)) for fit, test in folds),
        containers={"xgboost": _xgboost(task), **learners},
    )


def _set_up(experiment: Any, frame: pd.DataFrame, task: Task, request: TrainingRequest) -> None:
    experiment.setup(
        frame,
        target="target",
        preprocess=False,
        train_size=1 - request.holdout_share,
        session_id=request.seed,
        fold=request.folds,
        n_jobs=1,
        html=False,
        verbose=False,
        system_log=False,
        **_splits(task),
    )


def _experiment(task: Task) -> Any:
    # Named before the import: PyCaret opens a log file where the process stands otherwise.
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    if task in CLASSIFICATION:
        from pycaret.classification import ClassificationExperiment

        return ClassificationExperiment()
    from pycaret.regression import RegressionExperiment

    return RegressionExperiment()


def _splits(task: Task) -> dict[str, Any]:
    if task == Task.TIME_SERIES:
        return {"data_split_shuffle": False, "fold_strategy": "timeseries"}
    strategy = "stratifiedkfold" if task in CLASSIFICATION else "kfold"
    stratify = {"data_split_stratify": True} if task in CLASSIFICATION else {}
    return {"fold_strategy": strategy, "fold_shuffle": True, **stratify}


def _xgboost(task: Task) -> Container:
    """PyCaret looks for the distribution `xgboost`; ours is `xgboost-cpu`, the same library."""
    import xgboost

    make = xgboost.XGBClassifier if task in CLASSIFICATION else xgboost.XGBRegressor
    return Container(make, {}, {})


def _container(container: Any) -> Container:
    return Container(
        container.class_def, dict(container.args), dict(container.tune_distribution or {})
    )
