"""What the features tell about the target before training: information, a quick forest, a probe.

Everything is computed on a sample cut in two halves: fitted on one, scored on the other.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from engines.core.tables import Table
from engines.recommendation.advice import Signal, Task
from engines.recommendation.encoding import (
    BINS,
    LEVELS,
    Codes,
    Encoded,
    Floats,
    cut,
    encode,
    levels,
    numbers,
)

PROBE_ROWS = 4_000
PROBE_CELLS = 400_000
FEWEST_ROWS = 20
CANDIDATES = 12  # features that are also tried alone
CLIP = 4.0  # standard deviations; one wild value must not hide a straight line
CODES = max(BINS, LEVELS + 1) + 1


@dataclass(frozen=True)
class Probe:
    """The signals and how well quick models do on unseen rows.

    Skill is 0 for guessing and 1 for perfect: R2 for numbers, balanced accuracy adjusted for
    chance for classes. `alone` holds the skill of each strong feature by itself.
    """

    rows: int
    signals: tuple[Signal, ...]
    linear: float
    curved: float
    alone: dict[str, float]

    @property
    def bends(self) -> bool:
        """True when a curved model clearly beats a straight one."""
        return self.curved - self.linear > 0.08

    @property
    def straight(self) -> bool:
        """True when a straight model finds something and a curved one hardly more."""
        return self.linear > 0.05 and self.curved - self.linear < 0.03


NOTHING = Probe(rows=0, signals=(), linear=0.0, curved=0.0, alone={})


def probe(
    frame: pd.DataFrame, table: Table, features: tuple[str, ...], target: str, task: Task
) -> Probe:
    """Measure each feature's signal on at most 4,000 rows; fewer when the table is wide."""
    rows = _probe_rows(frame, target, len(features))
    if len(rows) < FEWEST_ROWS or not features:
        return NOTHING
    encoded = encode(rows, table, features)
    classes = task in (Task.BINARY, Task.MULTICLASS)
    truth = levels(rows[target]).astype(float) if classes else _known(rows[target])
    information = mutual_information(encoded.codes, _target_codes(truth, classes))
    return _probed(encoded, truth, information, classes)


def mutual_information(codes: Codes, truth: Codes) -> Floats:
    """Share of the target's entropy each coded feature removes, 0 to 1 (Theil's U).

    `codes` is rows x features, `truth` one code per row. Plug-in estimate less the Miller-Madow
    bias (cells - rows - columns + 1) / 2n (Miller 1955), never below 0.
    """
    entropy = _entropy(np.bincount(truth))
    if entropy == 0:
        return np.zeros(codes.shape[1])
    shared = [_shared(column, truth) for column in codes.T]
    return np.clip(np.array(shared) / entropy, 0.0, 1.0)


def _shared(column: Codes, truth: Codes) -> float:
    width = int(truth.max()) + 1
    joint = np.bincount(column * width + truth, minlength=CODES * width).reshape(-1, width)
    left, right = joint.sum(axis=1), joint.sum(axis=0)
    plain = _entropy(left) + _entropy(right) - _entropy(joint.ravel())
    cells = int((joint > 0).sum()) - int((left > 0).sum()) - int((right > 0).sum()) + 1
    return plain - cells / (2 * len(truth))


def _entropy(counts: Codes) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _probe_rows(frame: pd.DataFrame, target: str, features: int) -> pd.DataFrame:
    known = frame[frame[target].notna()]
    wanted = min(PROBE_ROWS, max(PROBE_CELLS // max(features, 1), 200))
    if len(known) <= wanted:
        return known
    return known.sample(wanted, random_state=0).sort_index()


def _known(column: pd.Series) -> Floats:
    found = numbers(column)
    return np.where(np.isnan(found), np.nanmedian(found), found)


def _target_codes(truth: Floats, classes: bool) -> Codes:
    return truth.astype(np.int64) if classes else cut(truth)


def _probed(encoded: Encoded, truth: Floats, information: Floats, classes: bool) -> Probe:
    forest = (ExtraTreesClassifier if classes else ExtraTreesRegressor)(
        n_estimators=30, max_depth=12, min_samples_leaf=3, random_state=0, n_jobs=1,
        **({"class_weight": "balanced"} if classes else {}),
    )  # fmt: skip
    curved = _skill(forest, encoded.values, truth, classes)
    line = RidgeClassifier(class_weight="balanced") if classes else Ridge()
    linear = _skill(line, _spread_out(encoded), truth, classes)
    importance = forest.feature_importances_
    order = np.argsort(-(importance + information / max(information.sum(), 1e-9)))
    strongest = order[:CANDIDATES]
    alone = {encoded.names[i]: _alone(encoded.values[:, [i]], truth, classes) for i in strongest}
    signals = tuple(
        Signal(encoded.names[i], round(float(information[i]), 4), round(float(importance[i]), 4))
        for i in order
    )
    return Probe(len(truth), signals, linear, curved, alone)


def _alone(values: Floats, truth: Floats, classes: bool) -> float:
    tree = (
        DecisionTreeClassifier(max_depth=4, class_weight="balanced", random_state=0)
        if classes
        else DecisionTreeRegressor(max_depth=6, random_state=0)
    )
    return _skill(tree, values, truth, classes)


def _skill(model: object, values: Floats, truth: Floats, classes: bool) -> float:
    """Fit on every other row, score on the rest."""
    model.fit(values[::2], truth[::2])  # type: ignore[attr-defined]
    found = model.predict(values[1::2])  # type: ignore[attr-defined]
    if not classes:
        return max(float(r2_score(truth[1::2], found)), 0.0)
    if len(np.unique(truth[1::2])) < 2:
        return 0.0
    return max(float(balanced_accuracy_score(truth[1::2], found, adjusted=True)), 0.0)


def _spread_out(encoded: Encoded) -> Floats:
    """Standardised numbers beside one column per category level, as a linear model needs them."""
    parts = []
    for index, continuous in enumerate(encoded.continuous):
        column = encoded.values[:, index]
        if continuous:
            scaled = (column - column.mean()) / (column.std() or 1.0)
            parts.append(np.clip(scaled, -CLIP, CLIP)[:, None])
        else:
            parts.append((column[:, None] == np.unique(column)[None, :]).astype(float))
    return np.hstack(parts)
