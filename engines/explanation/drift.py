"""How far the rows asked later are from the rows trained on: population stability indices.

PSI = Σ (a − e) · ln(a / e) over bins, e being the bin's share of the rows trained on and a its
share of the rows compared (Siddiqi, Credit Risk Scorecards, Wiley 2006; it is Jeffreys' divergence,
Proc. Royal Society A 186, 1946). Numbers are cut at the deciles of the rows trained on; categories
are bins as they are, the 20 largest of training, all others together; missing is a bin. A bin that
is empty on one side counts as half a row there; one that is empty on both is left out.

Where nothing has moved, PSI ÷ (1/n + 1/m) for n and m rows is about chi-squared with bins − 1
degrees of freedom (Yurdakul and Naranjo, Statistical properties of the population stability index,
Journal of Risk Model Validation 14, 2020); `chance` is its 95 % quantile.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from engines.core.facts import not_applicable
from engines.core.model_card import ModelCard
from engines.explanation.groups import MISSING, by_period

COLUMNS = [
    "kind", "part", "column", "is_score", "psi", "chance", "bins", "trained", "compared", "small",
]  # fmt: skip
HOLDOUT, PERIOD = "hold-out", "period"
DECILES = np.linspace(0.1, 0.9, 9)
MOST_CATEGORIES = 20
MOST_ROWS = 100_000  # of the rows trained on; more change no index in its third digit
EMPTY = 0.5  # rows that an empty bin counts as
FEWEST = 50  # rows of a period whose index counts for the largest
SEED = 13
Counts = NDArray[np.float64]
Place = Callable[["pd.Series[Any]"], NDArray[np.int64]]  # the number of each value's bin
Part = tuple[str, str, NDArray[np.bool_]]  # kind, name, and which rows of the hold-out


def stability_index(trained: Counts, compared: Counts) -> float:
    """The index of two rows of counts over the same bins."""
    filled = (trained > 0) | (compared > 0)
    expected = np.maximum(trained[filled], EMPTY) / trained.sum()
    actual = np.maximum(compared[filled], EMPTY) / compared.sum()
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def by_chance(trained: Counts, compared: Counts) -> float:
    """The index that one pair of samples in twenty exceeds though nothing has moved."""
    bins = int(((trained > 0) | (compared > 0)).sum())
    noise = 1 / trained.sum() + 1 / compared.sum()
    return float(noise * chi2.ppf(0.95, bins - 1)) if bins > 1 else 0.0


def binned(trained: "pd.Series[Any]", compared: "pd.Series[Any]") -> tuple[Counts, Counts]:
    """Rows in each bin of both, the bins being those of the rows trained on."""
    place = _place(trained)
    return _counted(place(trained)), _counted(place(compared))


def drift(
    card: ModelCard,
    trained: pd.DataFrame,
    held: pd.DataFrame,
    folds: pd.DataFrame,
    answers: pd.DataFrame,
    moments: "pd.Series[Any] | None" = None,
) -> pd.DataFrame:
    """The index of each column and of the score: the hold-out, and its periods, against training.

    `held`, `answers` (the stored hold-out) and `moments` have the same rows; the score of the rows
    trained on is that of `folds`, by models that had not seen them. Dates are not compared.
    """
    if not len(answers) or not len(trained):
        return pd.DataFrame(columns=COLUMNS)
    if len(trained) > MOST_ROWS:
        trained = trained.sample(MOST_ROWS, random_state=SEED)
    parts = [(HOLDOUT, "", np.ones(len(answers), dtype=bool)), *_periods(moments)]
    lines: list[dict[str, Any]] = []
    for pair in _pairs(card, trained, held.reset_index(drop=True), folds, answers):
        lines += _lines(*pair, parts)
    found = pd.DataFrame(lines, columns=COLUMNS)
    return found.sort_values("kind", kind="stable", ignore_index=True)


def largest(found: pd.DataFrame, has_time: bool = True) -> dict[str, float | str]:
    """The facts: the largest index of the hold-out, and of its periods that are large enough.

    Without a time column there are no periods to speak of: the second is then not applicable.
    """
    facts: dict[str, float | str] = {}
    if not has_time:
        facts["drift.psi_max_period"] = not_applicable("no time column")
    for fact, kind in {"drift.psi_max": HOLDOUT, "drift.psi_max_period": PERIOD}.items():
        values = found.loc[(found["kind"] == kind) & ((kind == HOLDOUT) | ~found["small"]), "psi"]
        facts |= {fact: float(values.max())} if len(values) else {}
    return facts


def _pairs(
    card: ModelCard,
    trained: pd.DataFrame,
    held: pd.DataFrame,
    folds: pd.DataFrame,
    answers: pd.DataFrame,
) -> Iterator[tuple[str, bool, "pd.Series[Any]", "pd.Series[Any]"]]:
    """Each column, and each score: its name, whether it is a score, and both sides' values."""
    for name in held:
        if not pd.api.types.is_datetime64_any_dtype(held[name]):
            yield str(name), False, trained[name], held[name]
    scores = {str(name): f"p_{name}" for name in card.classes[1 if len(card.classes) == 2 else 0 :]}
    for name, column in (scores or {card.target: "y_pred"}).items():
        if column in folds and column in answers:
            yield name, True, folds[column], answers[column].reset_index(drop=True)


def _periods(moments: "pd.Series[Any] | None") -> Iterator[Part]:
    """The hold-out's periods, the earliest first, as `stability` has them."""
    if moments is None:
        return
    period = by_period(pd.to_datetime(moments.reset_index(drop=True), errors="coerce"))
    for name in sorted(set(period) - {MISSING}):
        yield PERIOD, str(name), (period == name).to_numpy()


def _lines(
    column: str,
    is_score: bool,
    trained: "pd.Series[Any]",
    held: "pd.Series[Any]",
    parts: Sequence[Part],
) -> Iterator[dict[str, Any]]:
    """One line for each part of the hold-out."""
    place = _place(trained)
    before, places = _counted(place(trained)), place(held)
    for kind, part, own in parts:
        after = _counted(places[own])
        yield {
            "kind": kind,
            "part": part,
            "column": column,
            "is_score": is_score,
            "psi": stability_index(before, after),
            "chance": by_chance(before, after),
            "bins": int(((before > 0) | (after > 0)).sum()),
            "trained": len(trained),
            "compared": int(own.sum()),
            "small": bool(own.sum() < FEWEST),
        }


def _place(trained: "pd.Series[Any]") -> Place:
    is_number = pd.api.types.is_numeric_dtype(trained) and not pd.api.types.is_bool_dtype(trained)
    return _by_decile(trained) if is_number else _by_category(trained)


def _counted(places: NDArray[np.int64]) -> Counts:
    return np.bincount(places, minlength=MOST_CATEGORIES + 2).astype("float64")


def _by_decile(trained: "pd.Series[Any]") -> Place:
    """The bin of each number: up to the first decile, up to the second, …; missing is the last."""
    known = trained.astype("float64").dropna().to_numpy()
    edges = np.unique(np.quantile(known, DECILES)) if len(known) else np.empty(0)

    def place(values: "pd.Series[Any]") -> NDArray[np.int64]:
        numbers = values.astype("float64").to_numpy()
        places = np.searchsorted(edges, numbers, side="left")
        return np.where(np.isnan(numbers), len(DECILES) + 1, places)

    return place


def _by_category(trained: "pd.Series[Any]") -> Place:
    """The bin of each category; missing is the last, smaller and unknown ones are before."""
    known = trained.astype(object).map(str, na_action="ignore").value_counts(sort=True)
    order = sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CATEGORIES]
    bins = {name: place for place, (name, _) in enumerate(order)}

    def place(values: "pd.Series[Any]") -> NDArray[np.int64]:
        named = values.astype(object).map(str, na_action="ignore")
        places = named.map(bins).fillna(MOST_CATEGORIES).to_numpy(dtype="int64")
        return np.where(named.isna(), MOST_CATEGORIES + 1, places)

    return place
