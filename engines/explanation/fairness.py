"""Fairness by protected attribute on the hold-out: rates, errors and calibration by group.

Selection rate and equal opportunity (true positive rate) after Hardt, Price and Srebro, Equality
of Opportunity in Supervised Learning, NIPS 2016; the groups' values by `fairlearn`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engines.core.model_card import ModelCard
from engines.explanation.groups import by_value, in_order
from engines.explanation.intervals import FEWEST, bootstrap, difference_of_rates, wilson

Numbers = NDArray[np.float64]
BINS = 5  # of predicted probability, for calibration
COMPARED = {
    "selection_rate": "selection_rate_difference",
    "true_positive_rate": "equal_opportunity_difference",
    "false_positive_rate": "false_positive_rate_difference",
    "calibration_gap": "calibration_difference",
    "mean_absolute_error": "error_difference",
}
COLUMNS = ["attribute", "output", "group", "measure", "value", "low", "high", "count", "small"]
NONE = frozenset({"", "none", "no", "-", "n/a", "nothing"})


@dataclass(frozen=True)
class Fairness:
    """`groups`: one line per attribute, output, group and measure; `curves`: observed against
    predicted by group; `differences`: one line per attribute, output and measure; `notes`.
    """

    groups: pd.DataFrame
    curves: pd.DataFrame
    differences: pd.DataFrame
    notes: list[str]


def protected_columns(answer: str, names: list[str]) -> tuple[list[str], list[str]]:
    """The columns that the questionnaire's answer names, and what of it is no column."""
    wanted = [part.strip(" “”\"'.") for part in answer.replace(";", ",").split(",")]
    wanted = [part for part in dict.fromkeys(wanted) if part.casefold() not in NONE]
    known = {name.casefold(): name for name in names}
    found = [known[part.casefold()] for part in wanted if part.casefold() in known]
    return found, [part for part in wanted if part.casefold() not in known]


def fairness(card: ModelCard, held: pd.DataFrame, attributes: Mapping[str, pd.Series]) -> Fairness:
    """Measure the stored hold-out answers by each attribute (its values, one per hold-out row)."""
    lines: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    for attribute, values in attributes.items():
        own = values.reset_index(drop=True)
        group = by_value(own)
        order = in_order(own, group)
        for output, truth, picked, share in _outputs(card, held):
            told = {"attribute": attribute, "output": output}
            if card.classes:
                lines += _ordered(told, _rates(truth, picked, share, group), order)
                curves += _ordered(told, _curve(truth, share, group), order)
            else:
                lines += _ordered(told, _errors(truth, share, group), order)
    groups = pd.DataFrame(lines, columns=COLUMNS)
    return Fairness(groups, pd.DataFrame(curves), _differences(groups), _notes(groups))


def _ordered(
    told: dict[str, Any], lines: list[dict[str, Any]], order: list[str]
) -> list[dict[str, Any]]:
    """The lines in the order of their groups, each with what is told of all."""
    return [told | line for line in sorted(lines, key=lambda one: order.index(one["group"]))]


def _outputs(card: ModelCard, held: pd.DataFrame) -> list[tuple[str, Numbers, Numbers, Numbers]]:
    """Per output: its name, truth and pick (1 or 0), and share; numbers for a regression."""
    if not card.classes:
        truth = held["y_true"].to_numpy(dtype="float64")
        guess = held["y_pred"].to_numpy(dtype="float64")
        return [(card.target, truth, guess, guess)]
    shares = np.column_stack([held[f"p_{name}"] for name in card.classes])
    chosen = shares.argmax(axis=1)
    if len(card.classes) == 2:
        chosen = (shares[:, 1] >= card.threshold).astype(int)
    asked = range(1, 2) if len(card.classes) == 2 else range(len(card.classes))
    truth = held["y_true"].to_numpy()
    return [
        (
            str(card.classes[n]),
            (truth == card.classes[n]).astype("float64"),
            (chosen == n).astype("float64"),
            shares[:, n],
        )
        for n in asked
    ]


def _rates(
    truth: Numbers, picked: Numbers, share: Numbers, group: pd.Series
) -> list[dict[str, Any]]:
    # Imported here: pages know this package, and only the measuring should wait for it.
    from fairlearn import metrics

    names = ("selection_rate", "true_positive_rate", "false_positive_rate")
    found = metrics.MetricFrame(
        metrics={name: getattr(metrics, name) for name in names},
        y_true=truth,
        y_pred=picked,
        sensitive_features=group,
    )
    lines: list[dict[str, Any]] = []
    for name, one in found.by_group.iterrows():
        own = (group == name).to_numpy()
        behind = {
            "selection_rate": int(own.sum()),
            "true_positive_rate": int((truth[own] == 1).sum()),
            "false_positive_rate": int((truth[own] == 0).sum()),
        }
        for measure, rows in behind.items():
            value = float(one[measure]) if rows else float("nan")
            lines.append(_line(str(name), measure, value, wilson(value, rows), rows))
        lines += _calibration(str(name), truth[own], share[own])
    return lines


def _calibration(name: str, truth: Numbers, share: Numbers) -> list[dict[str, Any]]:
    """Observed frequency, mean prediction, and their gap with the observed one's interval."""
    observed, told, rows = float(truth.mean()), float(share.mean()), len(truth)
    low, high = wilson(observed, rows)
    return [
        _line(name, "observed_rate", observed, (low, high), rows),
        _line(name, "mean_predicted", told, (float("nan"), float("nan")), rows),
        _line(name, "calibration_gap", told - observed, (told - high, told - low), rows),
    ]


def _errors(truth: Numbers, guess: Numbers, group: pd.Series) -> list[dict[str, Any]]:
    """Mean absolute error and mean error (predicted minus true) by group, bootstrapped."""
    lines = []
    for name in sorted(group.unique()):
        miss = (guess - truth)[(group == name).to_numpy()]
        lines.append(_by_bootstrap(str(name), "mean_absolute_error", np.abs(miss)))
        lines.append(_by_bootstrap(str(name), "mean_error", miss))
    return lines


def _by_bootstrap(name: str, measure: str, values: Numbers) -> dict[str, Any]:
    reach = bootstrap(len(values), lambda rows: float(values[rows].mean()))
    return _line(name, measure, float(values.mean()), reach, len(values))


def _line(
    group: str, measure: str, value: float, reach: tuple[float, float], rows: int
) -> dict[str, Any]:
    told = {"group": group, "measure": measure, "value": value, "low": reach[0], "high": reach[1]}
    return {**told, "count": rows, "small": rows < FEWEST}


def _curve(truth: Numbers, share: Numbers, group: pd.Series) -> list[dict[str, Any]]:
    """Observed frequency by fifth of the predicted probability, for groups that are large."""
    lines = []
    for name in sorted(group.unique()):
        own = (group == name).to_numpy()
        if own.sum() < FEWEST:
            continue
        edges = np.quantile(share[own], np.linspace(0, 1, BINS + 1)[1:-1])
        places = np.searchsorted(edges, share[own], side="right")
        for place in np.unique(places):
            yes, told = truth[own][places == place], share[own][places == place]
            low, high = wilson(float(yes.mean()), len(yes))
            line = {"group": str(name), "predicted": told.mean(), "observed": yes.mean()}
            lines.append({**line, "low": low, "high": high, "count": len(yes)})
    return lines


def _differences(groups: pd.DataFrame) -> pd.DataFrame:
    """The largest difference between groups that are large enough, with its interval."""
    lines = []
    sound = groups[~groups["small"].astype(bool)].dropna(subset=["value"])
    for (attribute, output, measure), own in sound.groupby(
        ["attribute", "output", "measure"], sort=False
    ):
        if measure not in COMPARED or len(own) < 2:
            continue
        values, rows = own["value"].to_numpy(), own["count"].to_numpy(dtype="int64")
        told: dict[str, Any] = {"attribute": attribute, "output": output}
        told["measure"] = COMPARED[str(measure)]
        low, high = float("nan"), float("nan")
        if str(measure).endswith("_rate"):
            low, high = difference_of_rates(values, rows)
        names = own["group"].to_numpy()
        told |= {"highest": names[values.argmax()], "lowest": names[values.argmin()]}
        spread = float(values.max() - values.min())
        lines.append({**told, "value": spread, "low": low, "high": high})
    columns = ["attribute", "output", "measure", "highest", "lowest", "value", "low", "high"]
    return pd.DataFrame(lines, columns=columns)


def _notes(groups: pd.DataFrame) -> list[str]:
    small = groups[groups["small"].astype(bool)]
    found = []
    for attribute, own in small.groupby("attribute", sort=False):
        names = ", ".join(f"“{name}”" for name in dict.fromkeys(own["group"]))
        found.append(
            f"Some rates of {names} in “{attribute}” rest on fewer than {FEWEST} rows; they are "
            "shown, and left out of the differences."
        )
    return found
