"""Base training against stock PyCaret on the same split: `python -m benchmarks.bench_training`.

Each measurement has a process of its own. Base runs first and keeps its hold-out rows; PyCaret's
`compare_models()` then gets the other rows as training data and is scored on the same hold-out.
Time is from import to hold-out score; `cpu` counts all processes, whatever else the machine does.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblib.externals.loky import get_reusable_executor

DATA = Path(__file__).parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Case:
    """A data set, its target, the task, and the metric under both names."""

    file: str
    target: str
    task: str
    metric: str
    pycaret: str


CASES = {
    "telco": Case("telco_churn.csv", "Churn", "binary", "roc_auc", "AUC"),
    "bank_marketing": Case("bank_marketing.csv", "deposit", "binary", "roc_auc", "AUC"),
    "ames": Case("ames_house_prices.csv", "SalePrice", "regression", "rmse", "RMSE"),
    "california": Case("california_housing.csv", "MedHouseVal", "regression", "rmse", "RMSE"),
}


def main() -> None:
    """Measure the cases asked for and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--measure", choices=["base", "pycaret"])
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.measure:
        measure = base if asked.measure == "base" else pycaret
        print(json.dumps(measure(CASES[asked.cases[0]], asked.folder)))
        return
    print("| data set | metric | Base | PyCaret | Base s | PyCaret s | Base cpu | PyCaret cpu |")
    print("|---|---|---|---|---|---|---|---|")
    for name in asked.cases:
        print(_row(name), flush=True)


def _row(name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (_measured(name, kind, folder) for kind in ("base", "pycaret"))
    case = CASES[name]
    scores = f"{ours['score']:.5g} ({ours['model']}) | {theirs['score']:.5g} ({theirs['model']})"
    times = f"{ours['seconds']:.0f} | {theirs['seconds']:.0f}"
    cpu = f"{ours['cpu']:.0f} | {theirs['cpu']:.0f}"
    return f"| {name} | {case.metric} | {scores} | {times} | {cpu} |"


def _measured(name: str, kind: str, folder: str) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.bench_training", name]
    command += ["--measure", kind, "--folder", folder]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    return found


def base(case: Case, folder: Path) -> dict[str, Any]:
    """One Base task, without database or tracking writing in its way."""
    began = time.monotonic()
    from sqlmodel import SQLModel

    from engines.core.database import Database
    from engines.core.progress import Silent
    from engines.training import Task, TrainingRequest
    from engines.training.ledger import Ledger
    from engines.training.models import TaskResult, TrainingRun
    from engines.training.one_task import train

    table = _table(case, folder)
    db = Database(f"sqlite:///{folder}/bench.db")
    SQLModel.metadata.create_all(db.engine)
    owned: dict[str, Any] = {"experiment_id": "bench", "actor_id": "bench", "actor_name": "bench"}
    owned["request"] = {}
    with db.write() as session:
        session.add(TrainingRun(id="bench", dataset_id="bench", dataset_sha256="", **owned))
    result = TaskResult(run_id="bench", task=case.task, metric=case.metric, target=case.target)
    ledger = Ledger(db, Silent(), folder / "train.log", result, began + 57)
    request = TrainingRequest("bench", "bench", (Task(case.task),), case.target)
    train(ledger, table, request, folder, 2)
    return _result(began, result.holdout[case.metric], result.winner_name)


def pycaret(case: Case, folder: Path) -> dict[str, Any]:
    """Stock PyCaret: setup with its defaults, compare_models, score on Base's hold-out rows."""
    began = time.monotonic()
    import pandas as pd

    warnings.simplefilter("ignore")
    experiment = _experiment(case)
    frame = pd.read_parquet(folder / "table.parquet")
    rows = pd.read_parquet(folder / case.task / "holdout.parquet")["row"]
    held = frame.index.isin(rows)
    frame = frame.drop(columns=[c for c in frame if _is_identifier(frame[c])])
    # Without test_data PyCaret shuffles as it splits; with it the order stays, and so do the folds.
    rest = frame[~held].sample(frac=1.0, random_state=42)
    experiment.setup(
        rest, target=case.target, test_data=frame[held], index=False,
        session_id=42, html=False, verbose=False, system_log=False,
    )  # fmt: skip
    best = experiment.compare_models(sort=case.pycaret, verbose=False)
    experiment.predict_model(best, verbose=False)
    score = float(experiment.pull()[case.pycaret].iloc[0])
    return _result(began, score, type(best).__name__)


def _experiment(case: Case) -> Any:
    if case.task == "binary":
        from pycaret.classification import ClassificationExperiment

        return ClassificationExperiment()
    from pycaret.regression import RegressionExperiment

    return RegressionExperiment()


def _table(case: Case, folder: Path) -> Any:
    import pandas as pd

    from engines.core.tables import Column, Table

    frame = pd.read_csv(DATA / case.file, na_values=[" "])
    path = folder / "table.parquet"
    frame.to_parquet(path)
    columns = tuple(
        Column(str(n), str(n), _kind(v), int(v.isna().sum()), int(v.nunique()))
        for n, v in frame.items()
    )
    return Table("bench", "bench", path, "0" * 64, len(frame), columns, False)


def _kind(values: Any) -> Any:
    import pandas as pd

    from engines.core.tables import ColumnType

    if _is_identifier(values):
        return ColumnType.IDENTIFIER
    if pd.api.types.is_integer_dtype(values):
        return ColumnType.INTEGER
    is_number = pd.api.types.is_numeric_dtype(values)
    return ColumnType.NUMERIC if is_number else ColumnType.CATEGORICAL


def _is_identifier(values: Any) -> bool:
    named = str(values.name).lower() in ("id", "customerid")
    return bool(named and values.nunique() == len(values))


def _result(began: float, score: float, model: str) -> dict[str, Any]:
    # PyCaret's parallel workers live on; only processes that have ended are counted.
    get_reusable_executor().shutdown(wait=True)
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    return {"score": score, "model": model, "seconds": time.monotonic() - began, "cpu": cpu}


if __name__ == "__main__":
    main()
