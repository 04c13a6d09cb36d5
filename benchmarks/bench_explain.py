"""TreeSHAP by woodelf against the way MLAAS takes: `python -m benchmarks.bench_explain`.

One boosted or grown model a line, fitted on the real table's prepared columns; both explain the
same rows, tree-path-dependent. `difference` is the largest between the two; `ratio` is woodelf's
rows a second over ours. Ours is the booster's own TreeSHAP for LightGBM and XGBoost, and
`shap.TreeExplainer` for scikit-learn's trees.

Models are fitted and rows are drawn from a sample of 2,000 rows of each table. The forest has few
leaves: woodelf works through every leaf in Python, over all rows each time, some 0.7 ms a leaf even
for one row, so that the 10,000 leaves of a forest on the whole of california took minutes. No
measurement is begun after `--seconds`; a line then says what was left out.
"""

import argparse
import contextlib
import io
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.preprocessing import OrdinalEncoder
from woodelf import WoodelfExplainer

from engines.explanation.exact import tree_values

DATA = Path(__file__).parents[2] / "shared" / "data"
EQUAL = 1e-5
SAMPLE = 2_000  # rows of each table that models are fitted on and explained for
SECONDS = 90.0
CASES = {
    "telco": ("telco_churn.csv", "Churn", True),
    "bank_marketing": ("bank_marketing.csv", "deposit", True),
    "california": ("california_housing.csv", "MedHouseVal", False),
}


def main() -> None:
    """Measure the cases asked for and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 2_000])
    parser.add_argument("--seconds", type=float, default=SECONDS, help="begin nothing after them")
    asked = parser.parse_args()
    until = time.monotonic() + asked.seconds
    warnings.simplefilter("ignore")
    print("| data set | model | rows | ours rows/s | woodelf rows/s | ratio | difference |")
    print("|---|---|---|---|---|---|---|")
    for name in asked.cases:
        frame, target = table(name)
        for kind, model in models(CASES[name][2]).items():
            if time.monotonic() < until:
                model.fit(frame.to_numpy(), target)
                tree_values(model, frame.head(1).to_numpy())  # imports are not measured
            for count in asked.rows:
                in_time = time.monotonic() < until
                print(
                    line(name, kind, model, frame, count) if in_time else left_out(name, kind),
                    flush=True,
                )


def left_out(name: str, kind: str) -> str:
    """A line that was not measured."""
    return f"| {name} | {kind} | out of time | | | | |"


def table(name: str) -> tuple[pd.DataFrame, Any]:
    """The columns of the sample as numbers, and the target."""
    file, target, is_class = CASES[name]
    frame = pd.read_csv(DATA / file)
    frame = frame.sample(min(SAMPLE, len(frame)), random_state=0, ignore_index=True)
    frame = frame.drop(columns=[c for c in frame if frame[c].nunique() == len(frame) and
                                frame[c].dtype == object])  # fmt: skip
    values = frame.pop(target)
    words = [str(name) for name in frame.select_dtypes("object")]
    frame[words] = OrdinalEncoder().fit_transform(frame[words].astype(str))
    answer = pd.factorize(values)[0] if is_class else values.to_numpy()
    return frame.astype("float64").fillna(-1), answer


def models(is_class: bool) -> dict[str, Any]:
    """The learners as Base sets them; 500 rounds for LightGBM."""
    light: dict[str, Any] = {"n_estimators": 500, "learning_rate": 0.05, "num_leaves": 31}
    light |= {"verbose": -1, "n_jobs": 1}
    few: dict[str, Any] = {"n_estimators": 120, "max_depth": 3}
    if is_class:
        return {
            "LightGBM": LGBMClassifier(**light),
            "Gradient boosting": GradientBoostingClassifier(**few),
        }
    return {
        "LightGBM": LGBMRegressor(**light),
        "Gradient boosting": GradientBoostingRegressor(**few),
        "Random forest": RandomForestRegressor(30, min_samples_leaf=30, n_jobs=1),
    }


def line(name: str, kind: str, model: Any, frame: pd.DataFrame, count: int) -> str:
    """One measurement as a line of the table."""
    rows = frame.sample(count, replace=count > len(frame), random_state=0).reset_index(drop=True)
    ours, our_time = timed(lambda: tree_values(model, rows.to_numpy())[1][:, :, 0])
    theirs, their_time = timed(lambda: np.asarray(WoodelfExplainer(model).shap_values(rows)))
    apart = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("nan")
    known = "" if apart < EQUAL else " (not equal)"
    return (
        f"| {name} | {kind} | {count:,} | {count / our_time:,.0f} | {count / their_time:,.0f} "
        f"| {our_time / their_time:.2f} | {apart:.1e}{known} |"
    )


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gave, and the seconds it took; its own printing is dropped."""
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        began = time.perf_counter()
        found = work()
        return found, time.perf_counter() - began


if __name__ == "__main__":
    main()
